/* YaRN (Peng et al. 2023, arXiv 2309.00071): pairs that turn often enough within the trained window stay, slow
 * ones are divided by the factor, a ramp between; cos and sin grow a little with the factor. */
#include "plan/registry.h"
#include "plan/scaling.h"

static int parameters(sxt_plan *plan, sxt_plan_number out[SXT_PLAN_MAX_OPTIONS]) {
    sxt_plan_frequencies *f = &plan->frequencies;
    out[0] = sxt_scaling_factor(plan, SXT_MIN_FACTOR, 4);
    out[1] = sxt_scaling_original(plan);
    out[2] = sxt_scaling_edge("beta_fast", 32, &f->beta_fast);
    out[3] = sxt_scaling_edge("beta_slow", 1, &f->beta_slow);
    out[4] = (sxt_plan_number){.name = "attention_factor",
                               .least = 0.01,
                               .most = 100,
                               .real = &f->attention_factor,
                               .computed = "0.1 ln(factor) + 1"};
    out[5] = sxt_scaling_base(plan);
    return 6;
}

static sxt_status check(sxt_plan *plan, const sxt_plan_model *model, const sxt_plan_option *options,
                        int n_options, sxt_error *error) {
    const sxt_plan_frequencies *f = &plan->frequencies;
    SXT_TRY(sxt_scaling_base_alone(plan, model, options, n_options, error));
    if (f->beta_fast >= f->beta_slow) return SXT_OK;
    return sxt_fail(error, SXT_E_ARGUMENT,
                    "plan yarn: beta_fast=%g is below beta_slow=%g; give the greater of the two to beta_fast",
                    f->beta_fast, f->beta_slow);
}

static void rope(const sxt_plan *plan, sxt_rope_params *rope) {
    sxt_scaling_replace(plan, SXT_ROPE_YARN, rope);
    rope->beta_fast = plan->frequencies.beta_fast;
    rope->beta_slow = plan->frequencies.beta_slow;
    rope->attention_factor = plan->frequencies.attention_factor;
}

const sxt_plan_method sxt_plan_yarn = {
    .name = "yarn",
    .summary = "fast pairs as trained, slow ones divided by factor, a ramp between",
    .source = "Peng et al., ICLR 2024, arXiv 2309.00071",
    .need = sxt_scaling_need_rotary,
    .begin = sxt_scaling_begin,
    .parameters = parameters,
    .check = check,
    .bands = sxt_plain_bands,
    .key_positions = sxt_plain_key_positions,
    .limit = sxt_scaling_limit,
    .rope = rope,
};
