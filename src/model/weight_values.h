/* Weights are finite numbers: NaN would spread through every logit without a word. */
#ifndef SXT_MODEL_WEIGHT_VALUES_H
#define SXT_MODEL_WEIGHT_VALUES_H

#include "base/error.h"

/* `values` (n) are elements [first, first + n) of the tensor `name`. */
sxt_status sxt_values_check(const char *name, const float *values, int64_t n, int64_t first, sxt_error *error);

#endif
