/* The levels of this build. A level that the target cannot have is NULL. */
#ifndef SXT_KERNEL_LEVELS_H
#define SXT_KERNEL_LEVELS_H

#include "kernel/kernel.h"

extern const sxt_kernels *const sxt_kernels_scalar;
extern const sxt_kernels *const sxt_kernels_avx2;
extern const sxt_kernels *const sxt_kernels_avx512;
extern const sxt_kernels *const sxt_kernels_neon;
extern const sxt_kernels *const sxt_kernels_neon_dotprod;

#endif
