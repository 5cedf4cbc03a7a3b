/* Rotary frequencies as a model file or a plan asks for them. */
#ifndef SXT_PLAN_ROPE_FREQUENCIES_H
#define SXT_PLAN_ROPE_FREQUENCIES_H

#include "plan/rope.h"

/* SXT_E_FORMAT names the first parameter that is missing, not finite or out of range. */
sxt_status sxt_rope_check(const sxt_rope_params *params, sxt_error *error);

/* theta (n_rot / 2) and the factor on cos and sin; `params` has passed sxt_rope_check(). */
void sxt_rope_fill_frequencies(const sxt_rope_params *params, double *theta, double *mscale);

/* That factor: attention_factor, or what the scaling uses when it is not given. */
double sxt_rope_attention_factor(const sxt_rope_params *params);

#endif
