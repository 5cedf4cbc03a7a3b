/* SelfExtend (Jin et al., ICML 2024, arXiv 2401.01325), Algorithm 1 with its integer shift: the nearest W
 * keys stand where they are, farther ones share one position per group of G. Divisions floor. */
#include "base/num.h"
#include "plan/option.h"
#include "plan/registry.h"

#include <stdio.h>

enum { NEAR = 0, FAR = 1 };

/* Makes the two bands meet: at distance W the far position is W, or W + 1 when G does not divide W. */
static int64_t shift(const sxt_plan *plan) {
    return plan->neighbor_window - plan->neighbor_window / plan->group_size;
}

static int bands(const sxt_plan *plan, int64_t i, sxt_band out[SXT_PLAN_MAX_BANDS]) {
    int64_t first_near = sxt_max_i64(0, i - plan->neighbor_window + 1);
    int64_t far_pos = i / plan->group_size + shift(plan);
    sxt_band far_band = {.first_key = 0, .end_key = first_near, .query_pos = (double)far_pos, .key_map = FAR};
    sxt_band near_band = {.first_key = first_near, .end_key = i + 1, .query_pos = (double)i, .key_map = NEAR};
    int n = 0;
    if (first_near > 0) out[n++] = far_band;
    out[n++] = near_band;
    return n;
}

/* One division for all: decode asks for every key's position. */
static void key_positions(const sxt_plan *plan, int key_map, int64_t first, int64_t n, double *positions) {
    int64_t size = key_map == FAR ? plan->group_size : 1, group = first / size, inside = first % size;
    for (int64_t i = 0; i < n; i++) {
        positions[i] = (double)group;
        if (++inside == size) inside = 0, group++;
    }
}

/* The largest relative position when no key is farther than `farthest`. */
static int64_t largest_position(const sxt_plan *plan, int64_t farthest) {
    if (farthest < plan->neighbor_window) return farthest;
    return farthest / plan->group_size + (farthest % plan->group_size != 0) + shift(plan);
}

/* G * (L - W + W/G): the longest context whose positions all stay below L. */
static int64_t limit(const sxt_plan *plan) {
    int64_t sliding = plan->sliding_window, product;
    if (sliding > 0 && largest_position(plan, sliding - 1) < plan->n_ctx_train) return INT64_MAX;
    int64_t far_positions = plan->n_ctx_train - shift(plan);
    return __builtin_mul_overflow(plan->group_size, far_positions, &product) ? INT64_MAX : product;
}

static sxt_status configure(sxt_plan *plan, const sxt_plan_model *model, const sxt_plan_option *options,
                            int n_options, sxt_error *error) {
    int64_t trained = model->n_ctx_train, group = 8, window = sxt_max_i64(1, trained / 4);
    if (!model->rotary)
        return sxt_fail(error, SXT_E_ARGUMENT,
                        "plan self-extend: the model has no rotary positions to regroup; use none");
    if (trained < 2)
        return sxt_fail(error, SXT_E_ARGUMENT,
                        "plan self-extend: a trained window of %lld tokens leaves nothing to regroup; use none",
                        (long long)trained);
    const sxt_plan_number numbers[] = {
        {"group", 1, INT64_MAX, "", &group},
        {"window", 1, trained - 1, ", below the model's trained window", &window},
    };
    SXT_TRY(sxt_plan_read_numbers("self-extend", numbers, 2, options, n_options, error));
    *plan = (sxt_plan){.method = &sxt_plan_self_extend,
                       .group_size = group,
                       .neighbor_window = window,
                       .n_ctx_train = trained,
                       .sliding_window = model->sliding_window};
    return SXT_OK;
}

static void print(const sxt_plan *plan, char *text, size_t n) {
    snprintf(text, n, "self-extend:group=%lld,window=%lld", (long long)plan->group_size,
             (long long)plan->neighbor_window);
}

const sxt_plan_method sxt_plan_self_extend = {
    .name = "self-extend",
    .summary = "near keys as trained, far keys in groups that share a position (group=8,window=L/4)",
    .bands = bands,
    .key_positions = key_positions,
    .limit = limit,
    .configure = configure,
    .print = print,
};
