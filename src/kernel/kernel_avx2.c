/* AVX2, FMA and F16C: every x86 server and laptop since 2013. Compiled with these flags, chosen at run time. */
#include "kernel/levels.h"

#if defined(__AVX2__) && defined(__FMA__) && defined(__F16C__)
#include "kernel/vector_avx2.h"

#include "kernel/packed_vector_avx2.h"
#include "kernel/attend_int16_plain.h"
#include "kernel/matmul_int16_plain.h"
#include "kernel/peak_avx2.h"
#include "kernel/tile_avx2.h"

#include "kernel/level.h"

static const sxt_kernels table = SXT_LEVEL_TABLE("avx2");
const sxt_kernels *const sxt_kernels_avx2 = &table;
#else
const sxt_kernels *const sxt_kernels_avx2 = NULL;
#endif
