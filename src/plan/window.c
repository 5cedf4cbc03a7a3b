/* A plain sliding window: a query sees itself and the W - 1 keys before it, at their true distances. */
#include "base/num.h"
#include "plan/key_index.h"
#include "plan/option.h"
#include "plan/registry.h"

static int bands(const sxt_plan *plan, int64_t i, sxt_band out[SXT_PLAN_MAX_BANDS]) {
    int64_t first = sxt_max_i64(0, i - plan->neighbor_window + 1);
    out[0] = (sxt_band){.first_key = first, .end_key = i + 1, .query_pos = (double)i, .key_map = 0};
    return 1;
}

static void key_positions(const sxt_plan *plan, int key_map, int64_t first, int64_t n, double *positions) {
    (void)plan;
    (void)key_map;
    sxt_keys_at_index(first, n, positions);
}

/* The window is no wider than the trained one. */
static int64_t limit(const sxt_plan *plan) {
    (void)plan;
    return INT64_MAX;
}

static sxt_plan_memory memory(const sxt_plan *plan) {
    return (sxt_plan_memory){.n_nearest = plan->neighbor_window};
}

static int parameters(sxt_plan *plan, sxt_plan_number out[SXT_PLAN_MAX_OPTIONS]) {
    out[0] = (sxt_plan_number){.name = "window",
                               .min = 1,
                               .max = plan->n_ctx_train,
                               .why = ", the model's trained window",
                               .value = &plan->neighbor_window,
                               .standard = plan->n_ctx_train};
    return 1;
}

static sxt_status configure(sxt_plan *plan, const sxt_plan_model *model, const sxt_plan_option *options,
                            int n_options, sxt_error *error) {
    return sxt_plan_configure(&sxt_plan_window, plan, model, options, n_options, error);
}

const sxt_plan_method sxt_plan_window = {
    .name = "window",
    .summary = "only the nearest keys are seen (window=L)",
    .bands = bands,
    .key_positions = key_positions,
    .limit = limit,
    .memory = memory,
    .parameters = parameters,
    .configure = configure,
};
