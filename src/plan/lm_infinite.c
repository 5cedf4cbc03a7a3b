/* LM-Infinite (Han et al., NAACL 2024, arXiv 2308.16137): the first S keys and those nearer than R are seen,
 * and no distance counts as more than R. */
#include "base/num.h"
#include "plan/key_index.h"
#include "plan/option.h"
#include "plan/registry.h"

enum { NEAR = 0, FAR = 1, SINKS = 10 };

static int bands(const sxt_plan *plan, int64_t i, sxt_band out[SXT_PLAN_MAX_BANDS]) {
    int64_t recent = plan->n_recent, first_near = sxt_max_i64(0, i - recent + 1);
    int64_t end_far = sxt_min_i64(plan->n_sinks, first_near);
    int n = 0;
    if (end_far > 0)
        out[n++] = (sxt_band){.first_key = 0, .end_key = end_far, .query_pos = (double)recent, .key_map = FAR};
    out[n++] = (sxt_band){.first_key = first_near, .end_key = i + 1, .query_pos = (double)i, .key_map = NEAR};
    return n;
}

static void key_positions(const sxt_plan *plan, int key_map, int64_t first, int64_t n, double *positions) {
    (void)plan;
    if (key_map == FAR)
        sxt_keys_at_zero(n, positions);
    else
        sxt_keys_at_index(first, n, positions);
}

/* Distances stop at R <= L. With R = L, as published, that is one more than training saw. */
static int64_t limit(const sxt_plan *plan) {
    (void)plan;
    return INT64_MAX;
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
                               .standard = sxt_min_i64(SINKS, trained)};
    out[1] = (sxt_plan_number){.name = "recent",
                               .min = 1,
                               .max = trained,
                               .why = ", the model's trained window",
                               .value = &plan->n_recent,
                               .standard = trained};
    return 2;
}

static sxt_status configure(sxt_plan *plan, const sxt_plan_model *model, const sxt_plan_option *options,
                            int n_options, sxt_error *error) {
    SXT_TRY(sxt_plan_need_far("lm-infinite", model, error));
    return sxt_plan_configure(&sxt_plan_lm_infinite, plan, model, options, n_options, error);
}

const sxt_plan_method sxt_plan_lm_infinite = {
    .name = "lm-infinite",
    .summary = "the first keys at the trained distance, the nearest as trained (sinks=10,recent=L)",
    .bands = bands,
    .key_positions = key_positions,
    .limit = limit,
    .memory = memory,
    .parameters = parameters,
    .configure = configure,
};
