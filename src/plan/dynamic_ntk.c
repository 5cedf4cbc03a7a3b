/* Dynamic NTK (emozilla 2023; "dynamic" in Hugging Face): the model as trained up to its window, past it a base
 * that grows with the length: any length will do. */
#include "plan/registry.h"
#include "plan/scaling.h"

static void begin(sxt_plan *plan, const sxt_plan_model *model) {
    bool of_file = model->rope && model->rope->scaling == SXT_ROPE_DYNAMIC;
    sxt_scaling_begin(plan, model);
    plan->factor = of_file ? model->rope->factor : 1;
}

static int parameters(sxt_plan *plan, sxt_plan_number out[SXT_PLAN_MAX_OPTIONS]) {
    out[0] = sxt_scaling_factor(plan, SXT_MIN_FACTOR, plan->factor);
    out[0].formula = "1, or the file's own";
    return 1;
}

static void rope(const sxt_plan *plan, sxt_rope_params *rope) {
    sxt_scaling_replace(plan, SXT_ROPE_DYNAMIC, rope);
}

const sxt_plan_method sxt_plan_dynamic_ntk = {
    .name = "dynamic-ntk",
    .summary = "as trained up to the window, then a base that grows with the length",
    .source = "emozilla 2023; described by Peng et al., arXiv 2309.00071",
    .need = sxt_scaling_need_rotary,
    .begin = begin,
    .parameters = parameters,
    .bands = sxt_plain_bands,
    .key_positions = sxt_plain_key_positions,
    .rope = rope,
};
