/* StreamingLLM (Xiao et al., ICLR 2024, arXiv 2309.17453): the first S tokens (attention sinks) and the R
 * before the query stay visible. Its cache numbers what it keeps from 0 on; that is the same as true distances
 * to the recent keys, and sinks that stand just before them: the query sees these from min(i, S + R), which is
 * less than L: any length will do. Where the prompt is dense, as another published code has it, its queries see
 * all of it before them as they were trained to: any length will do behind a prompt that fits L. */
#include "base/num.h"
#include "plan/option.h"
#include "plan/plain.h"
#include "plan/registry.h"

enum { SINKS = 4 };

/* Until the prompt's length is known nothing is of it. */
static bool is_of_dense_prompt(const sxt_plan *plan, int64_t i) { return plan->dense && i < plan->n_prompt; }

static int bands(const sxt_plan *plan, int64_t i, sxt_band out[SXT_PLAN_MAX_BANDS]) {
    if (is_of_dense_prompt(plan, i)) return sxt_plain_bands(plan, i, out);
    int64_t sinks = plan->n_sinks, recent = plan->n_recent, first = i - recent;
    int n = 0;
    if (first > sinks && sinks > 0) {
        out[n++] = (sxt_band){.first_key = 0, .end_key = sinks, .query_pos = (double)(sinks + recent)};
    } else if (first <= sinks) {
        first = 0; /* nothing is hidden yet, and sinks are where they were */
    }
    out[n++] = (sxt_band){.first_key = first, .end_key = i + 1, .query_pos = (double)i};
    return n;
}

/* A prompt may go on in a later call, and then sees again what was out of sight. */
static sxt_plan_memory memory(const sxt_plan *plan) {
    if (plan->dense) return (sxt_plan_memory){.n_nearest = INT64_MAX};
    return (sxt_plan_memory){.n_first = plan->n_sinks, .n_nearest = plan->n_recent + 1};
}

static int64_t limit(const sxt_plan *plan) {
    bool fits = !plan->dense || plan->n_prompt <= plan->n_ctx_train || sxt_plain_slides(plan);
    return fits ? INT64_MAX : plan->n_ctx_train;
}

/* The largest R for S sinks. */
static int64_t most_recent(int64_t trained, int64_t sinks) { return trained - sinks - 1; }

static int parameters(sxt_plan *plan, sxt_plan_number out[SXT_PLAN_MAX_OPTIONS]) {
    int64_t trained = plan->n_ctx_train, sinks = sxt_max_i64(0, sxt_min_i64(SINKS, trained - 2));
    out[0] = (sxt_plan_number){.name = "sinks",
                               .min = 0,
                               .max = sxt_max_i64(0, trained - 2),
                               .why = ", two below the model's trained window",
                               .value = &plan->n_sinks,
                               .standard = sinks,
                               .end = "L - 2"};
    out[1] = (sxt_plan_number){.name = "recent",
                               .min = 1,
                               .max = trained - 1,
                               .why = ", below the model's trained window",
                               .value = &plan->n_recent,
                               .standard = most_recent(trained, sinks),
                               .end = "L - 1",
                               .formula = "L - sinks - 1"};
    out[2] = (sxt_plan_number){.name = "prefill", .words = "stream|dense", .value = &plan->dense};
    /* What a query sees depends on where the prompt ended: that is part of the plan, so that what is cached
     * can be reused, rolled back and saved. */
    out[3] = (sxt_plan_number){.name = "prompt",
                               .min = 1,
                               .max = INT64_MAX,
                               .value = &plan->n_prompt,
                               .computed = "the first text's length"};
    return 4;
}

static sxt_status need_recent(const char *method, const sxt_plan_model *model, sxt_error *error) {
    if (model->n_ctx_train >= 2) return SXT_OK;
    return sxt_fail(error, SXT_E_ARGUMENT,
                    "plan %s: a trained window of %lld tokens holds no recent key; use none", method,
                    (long long)model->n_ctx_train);
}

static sxt_status check(sxt_plan *plan, const sxt_plan_model *model, const sxt_plan_option *options,
                        int n_options, sxt_error *error) {
    int64_t trained = model->n_ctx_train, most = most_recent(trained, plan->n_sinks);
    if (!sxt_plan_option_value(options, n_options, "recent")) plan->n_recent = most;
    if (plan->n_prompt > 0 && !plan->dense)
        return sxt_fail(
            error, SXT_E_ARGUMENT,
            "plan streaming: prompt=%lld tells where a dense prompt ends; add prefill=dense or leave "
            "it out",
            (long long)plan->n_prompt);
    if (plan->n_recent <= most) return SXT_OK;
    return sxt_fail(error, SXT_E_ARGUMENT,
                    "plan streaming: %lld sinks, %lld recent keys and the query do not fit the trained window "
                    "of %lld; give recent=%lld or less",
                    (long long)plan->n_sinks, (long long)plan->n_recent, (long long)trained, (long long)most);
}

const sxt_plan_method sxt_plan_streaming = {
    .name = "streaming",
    .summary = "only the first and the nearest keys are seen, without end",
    .source = "Xiao et al., ICLR 2024, arXiv 2309.17453",
    .need = need_recent,
    .limit = limit,
    .memory = memory,
    .parameters = parameters,
    .check = check,
    .bands = bands,
    .key_positions = sxt_plain_key_positions,
};
