/* A plain sliding window: a query sees itself and the W - 1 keys before it, at their true distances. The window
 * is no wider than the trained one: any length will do. */
#include "plan/near_far.h"
#include "plan/plain.h"
#include "plan/registry.h"

static int bands(const sxt_plan *plan, int64_t i, sxt_band out[SXT_PLAN_MAX_BANDS]) {
    return sxt_near_far_bands(i, plan->neighbor_window, 0, 0, out);
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
                               .standard = plan->n_ctx_train,
                               .end = "L",
                               .formula = "L"};
    return 1;
}

const sxt_plan_method sxt_plan_window = {
    .name = "window",
    .summary = "only the nearest keys are seen",
    .source = "Beltagy et al. 2020, arXiv 2004.05150",
    .memory = memory,
    .parameters = parameters,
    .bands = bands,
    .key_positions = sxt_plain_key_positions,
};
