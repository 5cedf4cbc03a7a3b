/* Llama 3.1's scaling: pairs with a short wavelength stay, those with a long one are divided by the factor, a
 * blend between. */
#include "plan/registry.h"
#include "plan/scaling.h"

static int parameters(sxt_plan *plan, sxt_plan_number out[SXT_PLAN_MAX_OPTIONS]) {
    sxt_plan_frequencies *f = &plan->frequencies;
    out[0] = sxt_scaling_factor(plan, SXT_MIN_FACTOR, 8);
    out[1] = sxt_scaling_edge("low", 1, &f->low_freq_factor);
    out[2] = sxt_scaling_edge("high", 4, &f->high_freq_factor);
    out[3] = sxt_scaling_original(plan);
    return 4;
}

static sxt_status check(sxt_plan *plan, const sxt_plan_model *model, const sxt_plan_option *options,
                        int n_options, sxt_error *error) {
    const sxt_plan_frequencies *f = &plan->frequencies;
    (void)model, (void)options, (void)n_options;
    if (f->high_freq_factor > f->low_freq_factor) return SXT_OK;
    return sxt_fail(error, SXT_E_ARGUMENT, "plan llama3: high=%g must be above low=%g", f->high_freq_factor,
                    f->low_freq_factor);
}

static void rope(const sxt_plan *plan, sxt_rope_params *rope) {
    sxt_scaling_replace(plan, SXT_ROPE_LLAMA3, rope);
    rope->low_freq_factor = plan->frequencies.low_freq_factor;
    rope->high_freq_factor = plan->frequencies.high_freq_factor;
}

const sxt_plan_method sxt_plan_llama3 = {
    .name = "llama3",
    .summary = "Llama 3.1's: short wavelengths stay, long ones divided by factor",
    .source = "Meta 2024, the published code of Llama 3.1",
    .need = sxt_scaling_need_rotary,
    .begin = sxt_scaling_begin,
    .parameters = parameters,
    .check = check,
    .bands = sxt_plain_bands,
    .key_positions = sxt_plain_key_positions,
    .limit = sxt_scaling_limit,
    .rope = rope,
};
