/* Linear scaling, or position interpolation (Chen et al. 2023, arXiv 2306.15595): every frequency
 * divided by the factor. */
#include "plan/registry.h"
#include "plan/scaling.h"

static int parameters(sxt_plan *plan, sxt_plan_number out[SXT_PLAN_MAX_OPTIONS]) {
    out[0] = sxt_scaling_factor(plan, SXT_MIN_FACTOR, 4);
    out[1] = sxt_scaling_base(plan);
    return 2;
}

static void rope(const sxt_plan *plan, sxt_rope_params *rope) {
    sxt_scaling_replace(plan, SXT_ROPE_LINEAR, rope);
}

const sxt_plan_method sxt_plan_linear = {
    .name = "linear",
    .summary = "every rotary frequency divided by factor, in place of the file's scaling",
    .source = "Chen et al. 2023, arXiv 2306.15595",
    .need = sxt_scaling_need_rotary,
    .begin = sxt_scaling_begin,
    .parameters = parameters,
    .check = sxt_scaling_base_alone,
    .bands = sxt_plain_bands,
    .key_positions = sxt_plain_key_positions,
    .limit = sxt_scaling_limit,
    .rope = rope,
};
