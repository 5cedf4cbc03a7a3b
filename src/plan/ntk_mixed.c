/* NTK-mixed (Su 2023, kexue.fm 9706): pair p of r/2 slowed down by exp(a (p + 1)^power), where a makes it
 * `factor` for the last pair. His log-n temperature is no part of it. */
#include "plan/registry.h"
#include "plan/scaling.h"

static int parameters(sxt_plan *plan, sxt_plan_number out[SXT_PLAN_MAX_OPTIONS]) {
    out[0] = sxt_scaling_factor(plan, 1, 12);
    out[1] = (sxt_plan_number){.name = "power",
                               .least = 0.01,
                               .most = 100,
                               .usual = 0.75,
                               .real = &plan->frequencies.power,
                               .unsaid = true};
    return 2;
}

static void rope(const sxt_plan *plan, sxt_rope_params *rope) {
    sxt_scaling_replace(plan, SXT_ROPE_NTK_MIXED, rope);
    rope->power = plan->frequencies.power;
}

const sxt_plan_method sxt_plan_ntk_mixed = {
    .name = "ntk-mixed",
    .summary = "Su's: each pair slowed down a little more, the last by factor",
    .source = "Su 2023, kexue.fm/archives/9706",
    .need = sxt_scaling_need_rotary,
    .begin = sxt_scaling_begin,
    .parameters = parameters,
    .bands = sxt_plain_bands,
    .key_positions = sxt_plain_key_positions,
    .limit = sxt_scaling_limit,
    .rope = rope,
};
