#include "plan/plan.h"

#include "base/num.h"
#include "plan/option.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

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

double sxt_plan_unit(const sxt_plan *plan, int key_map) {
    return plan->method->unit ? plan->method->unit(plan, key_map) : 1;
}

/* Positions within chunks begin at 0 again and again. */
double sxt_plan_base(const sxt_plan *plan, int key_map, int64_t first) {
    return plan->chunk_length > 0 ? 0 : sxt_plan_key_pos(plan, key_map, first);
}

double sxt_plan_temperature(const sxt_plan *plan, int64_t i) {
    return plan->log_n ? fmax(1, log((double)i + 1) / log((double)plan->n_ctx_train)) : 1;
}

void sxt_plan_rope(const sxt_plan *plan, const sxt_rope_params *of_model, int64_t length,
                   sxt_rope_params *rope) {
    *rope = *of_model;
    rope->length = (double)length;
    if (plan->method->rope) plan->method->rope(plan, rope);
}

/* Rows of a map whose unit is not 1: for the keys, and for queries that stand at most as far again. */
static int64_t n_unit_rows(int64_t length) { return 2 * (length + 1); }

/* Rows reach from a span's first key to the farthest query that sees it. */
static int64_t reach(const sxt_plan *plan, int64_t length) {
    sxt_plan_memory memory = sxt_plan_memory_of(plan);
    if (memory.n_nearest >= length) return length;
    return sxt_min_i64(length, memory.n_first + memory.n_nearest + SXT_PLAN_MAX_SPAN);
}

sxt_status sxt_plan_reserve_rows(const sxt_plan *plan, sxt_rope *rope, int64_t length, sxt_error *error) {
    length = reach(plan, length);
    SXT_TRY(sxt_rope_reserve(rope, length + 1, error));
    for (int map = 0; map < SXT_PLAN_MAX_MAPS; map++) {
        double unit = sxt_plan_unit(plan, map);
        if (unit != 1) SXT_TRY(sxt_rope_reserve_unit(rope, unit, n_unit_rows(length), error));
    }
    return SXT_OK;
}

int64_t sxt_plan_n_rows(const sxt_plan *plan, int64_t length) {
    bool other_unit = false;
    length = reach(plan, length);
    for (int map = 0; map < SXT_PLAN_MAX_MAPS; map++) other_unit |= sxt_plan_unit(plan, map) != 1;
    return length + 2 + (other_unit ? n_unit_rows(length) + 1 : 0);
}

int64_t sxt_plan_limit(const sxt_plan *plan) {
    return plan->method->limit ? plan->method->limit(plan) : INT64_MAX;
}

/* The model's own window hides what is older under every plan. */
sxt_plan_memory sxt_plan_memory_of(const sxt_plan *plan) {
    sxt_plan_memory memory = {.n_nearest = INT64_MAX};
    if (plan->method->memory) memory = plan->method->memory(plan);
    if (plan->sliding_window > 0) memory.n_nearest = sxt_min_i64(memory.n_nearest, plan->sliding_window);
    return memory;
}

bool sxt_plan_lacks_prompt(const sxt_plan *plan) { return plan->dense && plan->n_prompt == 0; }

void sxt_plan_print(const sxt_plan *plan, char *text, size_t n) {
    sxt_plan_print_numbers(plan, text, n);
    size_t end = strlen(text);
    snprintf(text + end, n - end, "%s%s", plan->log_n ? "+log-n" : "", plan->window_off ? "+window=off" : "");
}

static bool equal_frequencies(const sxt_plan_frequencies *a, const sxt_plan_frequencies *b) {
    return a->base == b->base && a->original_context == b->original_context && a->beta_fast == b->beta_fast &&
           a->beta_slow == b->beta_slow && a->attention_factor == b->attention_factor &&
           a->low_freq_factor == b->low_freq_factor && a->high_freq_factor == b->high_freq_factor &&
           a->power == b->power;
}

bool sxt_plan_equal(const sxt_plan *a, const sxt_plan *b) {
    return a->method == b->method && a->group_size == b->group_size &&
           a->neighbor_window == b->neighbor_window && a->n_ctx_train == b->n_ctx_train &&
           a->sliding_window == b->sliding_window && a->n_sinks == b->n_sinks && a->n_recent == b->n_recent &&
           a->dense == b->dense && a->n_prompt == b->n_prompt && a->chunk_size == b->chunk_size &&
           a->chunk_length == b->chunk_length && a->factor == b->factor &&
           equal_frequencies(&a->frequencies, &b->frequencies) && a->elastic == b->elastic &&
           a->float_shift == b->float_shift && a->log_n == b->log_n && a->window_off == b->window_off;
}
