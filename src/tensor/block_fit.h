/* The search behind Q4_1, Q5_0 and Q5_1: 32 numbers as value = d * q + m, d and m in f16. */
#ifndef SXT_TENSOR_BLOCK_FIT_H
#define SXT_TENSOR_BLOCK_FIT_H

#include "tensor/fit.h"

enum { SXT_BLOCK_ELEMENTS = 32 };

typedef struct sxt_block {
    uint16_t d, m; /* f16; d is NaN when a number is not finite, or larger than the format holds */
    int q[SXT_BLOCK_ELEMENTS];
} sxt_block;

/* x (32) to what the format stores; m stays 0 without `has_minimum`. */
void sxt_block_fit(const float *x, const sxt_fit_range *range, bool has_minimum, sxt_block *block);

#endif
