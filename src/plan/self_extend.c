/* SelfExtend (Jin et al., ICML 2024, arXiv 2401.01325), Algorithm 1 with its integer shift: the nearest W
 * keys stand where they are, farther ones share one position per group of G. Divisions floor. */
#include "base/num.h"
#include "plan/option.h"
#include "plan/registry.h"

enum { NEAR = 0, FAR = 1 };

/* Makes the two bands meet: at distance W the far position is W, or W + 1 when G does not divide W. */
static int64_t shift(const sxt_plan *plan) {
    return plan->neighbor_window - plan->neighbor_window / plan->group_size;
}

/* What the first published Llama code adds instead, on top of a floored i / G: equal where G divides W. */
static double shift_of_queries(const sxt_plan *plan) {
    double window = (double)plan->neighbor_window;
    return plan->float_shift ? window - window / (double)plan->group_size : (double)shift(plan);
}

static int bands(const sxt_plan *plan, int64_t i, sxt_band out[SXT_PLAN_MAX_BANDS]) {
    int64_t first_near = sxt_max_i64(0, i - plan->neighbor_window + 1);
    int64_t group = i / plan->group_size;
    double far_pos = (double)group + shift_of_queries(plan);
    sxt_band far_band = {.first_key = 0, .end_key = first_near, .query_pos = far_pos, .key_map = FAR};
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

/* G * (L - W + W/G): the longest context without a position above L - 1. The unrounded shift is less than one
 * below the rounded one, and far positions are whole without it: the limit is the same. */
static int64_t limit(const sxt_plan *plan) {
    int64_t sliding = plan->sliding_window, product;
    if (sliding > 0 && largest_position(plan, sliding - 1) < plan->n_ctx_train) return INT64_MAX;
    int64_t far_positions = plan->n_ctx_train - shift(plan);
    return __builtin_mul_overflow(plan->group_size, far_positions, &product) ? INT64_MAX : product;
}

static int parameters(sxt_plan *plan, sxt_plan_number out[SXT_PLAN_MAX_OPTIONS]) {
    int64_t trained = plan->n_ctx_train;
    out[0] = (sxt_plan_number){
        .name = "group", .min = 1, .max = INT64_MAX, .value = &plan->group_size, .standard = 8};
    out[1] = (sxt_plan_number){.name = "window",
                               .min = 1,
                               .max = trained - 1,
                               .why = ", below the model's trained window",
                               .value = &plan->neighbor_window,
                               .standard = sxt_max_i64(1, trained / 4)};
    out[2] = (sxt_plan_number){.name = "shift", .words = "int|float", .value = &plan->float_shift};
    return 3;
}

static sxt_status configure(sxt_plan *plan, const sxt_plan_model *model, const sxt_plan_option *options,
                            int n_options, sxt_error *error) {
    SXT_TRY(sxt_plan_need_far("self-extend", model, error));
    return sxt_plan_configure(&sxt_plan_self_extend, plan, model, options, n_options, error);
}

const sxt_plan_method sxt_plan_self_extend = {
    .name = "self-extend",
    .summary = "near keys as trained, far keys in groups that share a position (group=8,window=L/4)",
    .bands = bands,
    .key_positions = key_positions,
    .limit = limit,
    .parameters = parameters,
    .configure = configure,
};
