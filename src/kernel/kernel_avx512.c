/* AVX-512 with VNNI: Intel servers since Cascade Lake, AMD since Zen 4. */
#include "kernel/levels.h"

#if defined(__AVX512F__) && defined(__AVX512BW__) && defined(__AVX512DQ__) && defined(__AVX512VL__) &&         \
    defined(__AVX512VNNI__)
#include "kernel/vector_avx512.h"

#include "kernel/packed_vector_avx512.h"
#include "kernel/matmul_int16_avx512.h"
#include "kernel/peak_avx512.h"
#include "kernel/strip_avx512.h"
#include "kernel/tile_avx512.h"

#include "kernel/level.h"

static const sxt_kernels table = SXT_LEVEL_TABLE("avx512");
const sxt_kernels *const sxt_kernels_avx512 = &table;
#else
const sxt_kernels *const sxt_kernels_avx512 = NULL;
#endif
