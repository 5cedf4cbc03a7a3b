/* NTK-aware scaling (bloc97 2023): a larger base, which leaves the fastest pair as it is and divides the
 * frequency of the slowest by the factor. */
#include "plan/registry.h"
#include "plan/scaling.h"

#include <math.h>

static int parameters(sxt_plan *plan, sxt_plan_number out[SXT_PLAN_MAX_OPTIONS]) {
    out[0] = sxt_scaling_factor(plan, 1, 4);
    return 1;
}

static void rope(const sxt_plan *plan, sxt_rope_params *rope) {
    sxt_scaling_replace(plan, SXT_ROPE_NONE, rope);
    rope->theta *= pow(plan->factor, rope->n_rot / (rope->n_rot - 2.0));
}

const sxt_plan_method sxt_plan_ntk = {
    .name = "ntk",
    .summary = "a larger base: fast pairs as trained, the slowest divided by factor",
    .source = "bloc97 2023; described by Peng et al., arXiv 2309.00071",
    .need = sxt_scaling_need_rotary,
    .begin = sxt_scaling_begin,
    .parameters = parameters,
    .bands = sxt_plain_bands,
    .key_positions = sxt_plain_key_positions,
    .limit = sxt_scaling_limit,
    .rope = rope,
};
