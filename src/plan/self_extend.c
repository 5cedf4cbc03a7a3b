/* SelfExtend (Jin et al., ICML 2024, arXiv 2401.01325), Algorithm 1 with its integer shift: the nearest W
 * keys stand where they are, farther ones share one position per group of G. Divisions floor. */
#include "base/num.h"
#include "plan/near_far.h"
#include "plan/registry.h"

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
    int64_t group = i / plan->group_size;
    return sxt_near_far_bands(i, plan->neighbor_window, INT64_MAX, (double)group + shift_of_queries(plan), out);
}

/* One division for all: decode asks for every key's position. */
static void key_positions(const sxt_plan *plan, int key_map, int64_t first, int64_t n, double *positions) {
    int64_t size = key_map == SXT_MAP_FAR ? plan->group_size : 1, group = first / size, inside = first % size;
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
    out[0] = (sxt_plan_number){
        .name = "group", .min = 1, .max = INT64_MAX, .value = &plan->group_size, .standard = 8};
    out[1] = sxt_near_window(plan, plan->n_ctx_train / 4, "L/4");
    out[2] = (sxt_plan_number){.name = "shift", .words = "int|float", .value = &plan->float_shift};
    return 3;
}

const sxt_plan_method sxt_plan_self_extend = {
    .name = "self-extend",
    .summary = "near keys as trained, far keys in groups that share a position",
    .source = "Jin et al., ICML 2024, arXiv 2401.01325",
    .need = sxt_plan_need_far,
    .parameters = parameters,
    .bands = bands,
    .key_positions = key_positions,
    .limit = limit,
};
