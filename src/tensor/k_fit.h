/* The search behind the K formats: 256 numbers in groups, each group with a small whole scale (and minimum)
 * that multiplies the block's own d (and d_min): value = d * scale * q - d_min * minimum. */
#ifndef SXT_TENSOR_K_FIT_H
#define SXT_TENSOR_K_FIT_H

#include "tensor/fit.h"

enum { SXT_K_BLOCK = 256, SXT_K_GROUPS = 16 };

typedef struct sxt_k_shape {
    int group; /* elements: 16 or 32 */
    int scale_low, scale_high;
    int minimum_high; /* 0: the format has no minima */
    sxt_fit_range range;
} sxt_k_shape;

typedef struct sxt_k_block {
    uint16_t d, d_min; /* f16; d is NaN when a number is not finite, or larger than the format holds */
    int scale[SXT_K_GROUPS], minimum[SXT_K_GROUPS];
    int q[SXT_K_BLOCK];
} sxt_k_block;

/* x (SXT_K_BLOCK) to what the format stores. */
void sxt_k_fit(const float *x, const sxt_k_shape *shape, sxt_k_block *block);

#endif
