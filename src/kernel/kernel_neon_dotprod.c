/* AArch64 with the dot product of bytes (FEAT_DotProd): every core since Cortex-A75 and Apple M1. */
#include "kernel/levels.h"

#if defined(__aarch64__) && defined(__ARM_FEATURE_DOTPROD)
#include "kernel/vector_neon.h"

#include "kernel/packed_vector_neon.h"
#include "kernel/attend_int16_plain.h"
#include "kernel/matmul_int16_plain.h"
#include "kernel/peak_neon.h"
#include "kernel/tile_neon.h"

#include "kernel/level.h"

static const sxt_kernels table = SXT_LEVEL_TABLE("neon_dotprod");
const sxt_kernels *const sxt_kernels_neon_dotprod = &table;
#else
const sxt_kernels *const sxt_kernels_neon_dotprod = NULL;
#endif
