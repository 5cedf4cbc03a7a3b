/* Dynamic NTK (emozilla 2023; "dynamic" in Hugging Face): the model as trained up to its window, past it a base
 * that grows with the length. */
#include "plan/registry.h"
#include "plan/scaling.h"

static void begin(sxt_plan *plan, const sxt_plan_model *model) {
    bool of_file = model->rope && model->rope->scaling == SXT_ROPE_DYNAMIC;
    sxt_scaling_begin(plan, model);
    plan->factor = of_file ? model->rope->factor : 1;
}

static int parameters(sxt_plan *plan, sxt_plan_number out[SXT_PLAN_MAX_OPTIONS]) {
    out[0] = sxt_scaling_factor(plan, SXT_MIN_FACTOR, plan->factor);
    return 1;
}

static sxt_status configure(sxt_plan *plan, const sxt_plan_model *model, const sxt_plan_option *options,
                            int n_options, sxt_error *error) {
    return sxt_scaling_configure(&sxt_plan_dynamic_ntk, plan, model, options, n_options, error);
}

/* It follows any length. */
static int64_t limit(const sxt_plan *plan) {
    (void)plan;
    return INT64_MAX;
}

static void rope(const sxt_plan *plan, const sxt_rope_params *of_model, int64_t length, sxt_rope_params *rope) {
    (void)of_model;
    sxt_scaling_replace(plan, SXT_ROPE_DYNAMIC, rope);
    rope->length = (double)length;
}

const sxt_plan_method sxt_plan_dynamic_ntk = {
    .name = "dynamic-ntk",
    .summary = "as trained up to the window, then a base that grows with the length (factor=1)",
    .bands = sxt_plain_bands,
    .key_positions = sxt_plain_key_positions,
    .limit = limit,
    .begin = begin,
    .parameters = parameters,
    .configure = configure,
    .rope = rope,
};
