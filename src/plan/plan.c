#include "plan/plan.h"

#include "base/num.h"

#include <math.h>

int sxt_plan_bands(const sxt_plan *plan, int64_t i, int64_t sliding_window,
                   sxt_band bands[SXT_PLAN_MAX_BANDS]) {
    int n = plan->method->bands(plan, i, bands), kept = 0;
    if (sliding_window <= 0) return n;
    int64_t first_visible = i - sliding_window + 1;
    for (int b = 0; b < n; b++) {
        if (bands[b].end_key <= first_visible) continue;
        bands[kept] = bands[b];
        bands[kept].first_key = sxt_max_i64(bands[b].first_key, first_visible);
        kept++;
    }
    return kept;
}

void sxt_plan_key_positions(const sxt_plan *plan, int key_map, int64_t first, int64_t n, double *positions) {
    plan->method->key_positions(plan, key_map, first, n, positions);
}

double sxt_plan_key_pos(const sxt_plan *plan, int key_map, int64_t j) {
    double position;
    sxt_plan_key_positions(plan, key_map, j, 1, &position);
    return position;
}

double sxt_plan_temperature(const sxt_plan *plan, int64_t i) {
    return plan->log_n ? fmax(1, log((double)i + 1) / log((double)plan->n_ctx_train)) : 1;
}

void sxt_plan_rope(const sxt_plan *plan, const sxt_rope_params *of_model, int64_t length,
                   sxt_rope_params *rope) {
    *rope = *of_model;
    if (plan->method->rope) plan->method->rope(plan, of_model, length, rope);
}

int64_t sxt_plan_limit(const sxt_plan *plan) { return plan->method->limit(plan); }

void sxt_plan_print(const sxt_plan *plan, char *text, size_t n) { plan->method->print(plan, text, n); }

bool sxt_plan_equal(const sxt_plan *a, const sxt_plan *b) {
    return a->method == b->method && a->group_size == b->group_size &&
           a->neighbor_window == b->neighbor_window && a->n_ctx_train == b->n_ctx_train &&
           a->sliding_window == b->sliding_window && a->n_sinks == b->n_sinks && a->n_recent == b->n_recent &&
           a->chunk_size == b->chunk_size && a->chunk_length == b->chunk_length && a->factor == b->factor &&
           a->log_n == b->log_n;
}
