/* LongRoPE (Ding et al. 2024, arXiv 2402.13753): a divisor for each pair, found by a search that only the
 * makers of the model can do; so it is there where the file brings the two lists, and then in force under every
 * plan that does not replace it. */
#include "plan/option.h"
#include "plan/plain.h"
#include "plan/registry.h"

static sxt_status check(sxt_plan *plan, const sxt_plan_model *model, const sxt_plan_option *options,
                        int n_options, sxt_error *error) {
    (void)plan, (void)options, (void)n_options;
    if (model->rope && model->rope->scaling == SXT_ROPE_LONGROPE) return SXT_OK;
    return sxt_fail(error, SXT_E_ARGUMENT,
                    "plan longrope: the model's file brings no lists of factors, and nothing else can make "
                    "them; use yarn or self-extend");
}

static int64_t limit(const sxt_plan *plan) { return sxt_plain_slides(plan) ? INT64_MAX : plan->n_ctx_train; }

const sxt_plan_method sxt_plan_longrope = {
    .name = "longrope",
    .summary = "the file's own two lists of factors, by the length; refused without them",
    .source = "Ding et al., ICML 2024, arXiv 2402.13753",
    .check = check,
    .bands = sxt_plain_bands,
    .key_positions = sxt_plain_key_positions,
    .limit = limit,
};
