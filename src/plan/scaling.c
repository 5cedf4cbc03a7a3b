#include "plan/scaling.h"

#include "base/num.h"

#include <math.h>

/* GGUF writes Llama 3's scaling as divisors alone; they were made for a window of 8192 tokens. */
enum { LLAMA3_WINDOW = 8192 };

#define MIN_BASE 1.001
#define MAX_BASE 1e30
#define MAX_ORIGINAL ((int64_t)1 << 31)

sxt_status sxt_scaling_need_rotary(const char *method, const sxt_plan_model *model, sxt_error *error) {
    if (model->rotary) return SXT_OK;
    return sxt_fail(error, SXT_E_ARGUMENT, "plan %s: the model has no rotary frequencies to change; use none",
                    method);
}

void sxt_scaling_begin(sxt_plan *plan, const sxt_plan_model *model) {
    const sxt_rope_params *rope = model->rope;
    int64_t original = model->n_ctx_train;
    if (rope && rope->original_context >= 1)
        original = (int64_t)rope->original_context;
    else if (rope && rope->freq_factors)
        original = sxt_min_i64(LLAMA3_WINDOW, original);
    plan->frequencies.original_context = original;
}

sxt_plan_number sxt_scaling_factor(sxt_plan *plan, double least, double usual) {
    return (sxt_plan_number){
        .name = "factor", .least = least, .most = SXT_MAX_FACTOR, .usual = usual, .real = &plan->factor};
}

sxt_plan_number sxt_scaling_base(sxt_plan *plan) {
    return (sxt_plan_number){.name = "base",
                             .least = MIN_BASE,
                             .most = MAX_BASE,
                             .real = &plan->frequencies.base,
                             .computed = "the model's"};
}

sxt_plan_number sxt_scaling_edge(const char *name, double usual, double *value) {
    return (sxt_plan_number){
        .name = name, .least = 1e-3, .most = 1e6, .usual = usual, .real = value, .unsaid = true};
}

sxt_plan_number sxt_scaling_original(sxt_plan *plan) {
    int64_t *original = &plan->frequencies.original_context;
    return (sxt_plan_number){.name = "original",
                             .min = 1,
                             .max = MAX_ORIGINAL,
                             .standard = *original,
                             .formula = "L",
                             .value = original};
}

sxt_status sxt_scaling_base_alone(sxt_plan *plan, const sxt_plan_model *model, const sxt_plan_option *options,
                                  int n_options, sxt_error *error) {
    (void)model, (void)error;
    if (plan->frequencies.base > 0 && !sxt_plan_option_value(options, n_options, "factor")) plan->factor = 1;
    return SXT_OK;
}

int64_t sxt_scaling_limit(const sxt_plan *plan) {
    double longest = floor(plan->factor * (double)plan->frequencies.original_context);
    return sxt_plain_slides(plan) || longest >= 9e18 ? INT64_MAX : (int64_t)longest;
}

void sxt_scaling_replace(const sxt_plan *plan, sxt_rope_scaling scaling, sxt_rope_params *rope) {
    *rope = (sxt_rope_params){.n_rot = rope->n_rot,
                              .theta = plan->frequencies.base > 0 ? plan->frequencies.base : rope->theta,
                              .interleaved = rope->interleaved,
                              .scaling = scaling,
                              .factor = plan->factor,
                              .original_context = (double)plan->frequencies.original_context,
                              .length = rope->length};
}
