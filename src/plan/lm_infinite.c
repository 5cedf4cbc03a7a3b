/* LM-Infinite (Han et al., NAACL 2024, arXiv 2308.16137): the first S keys and those nearer than R are seen,
 * and no distance counts as more than R <= L: any length will do. With R = L, as published, that is one more
 * than training saw. */
#include "base/num.h"
#include "plan/near_far.h"
#include "plan/registry.h"

enum { SINKS = 10 };

static int bands(const sxt_plan *plan, int64_t i, sxt_band out[SXT_PLAN_MAX_BANDS]) {
    return sxt_near_far_bands(i, plan->n_recent, plan->n_sinks, (double)plan->n_recent, out);
}

static sxt_plan_memory memory(const sxt_plan *plan) {
    return (sxt_plan_memory){.n_first = plan->n_sinks, .n_nearest = plan->n_recent};
}

static int parameters(sxt_plan *plan, sxt_plan_number out[SXT_PLAN_MAX_OPTIONS]) {
    int64_t trained = plan->n_ctx_train;
    out[0] = (sxt_plan_number){.name = "sinks",
                               .min = 0,
                               .max = trained,
                               .why = ", the model's trained window",
                               .value = &plan->n_sinks,
                               .standard = sxt_min_i64(SINKS, trained),
                               .end = "L"};
    out[1] = (sxt_plan_number){.name = "recent",
                               .min = 1,
                               .max = trained,
                               .why = ", the model's trained window",
                               .value = &plan->n_recent,
                               .standard = trained,
                               .end = "L",
                               .formula = "L"};
    return 2;
}

const sxt_plan_method sxt_plan_lm_infinite = {
    .name = "lm-infinite",
    .summary = "the first keys at the trained distance, the nearest as trained",
    .source = "Han et al., NAACL 2024, arXiv 2308.16137",
    .need = sxt_plan_need_far,
    .memory = memory,
    .parameters = parameters,
    .bands = bands,
    .key_positions = sxt_far_at_zero,
};
