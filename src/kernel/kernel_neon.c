/* Base AArch64: every 64-bit ARM has it. */
#include "kernel/levels.h"

#if defined(__aarch64__) && defined(__ARM_NEON)
#include "kernel/vector_neon.h"

#include "kernel/packed_vector_neon.h"
#include "kernel/attend_int16_plain.h"
#include "kernel/matmul_int16_plain.h"
#include "kernel/peak_neon.h"
#include "kernel/tile_neon.h"

#include "kernel/level.h"

static const sxt_kernels table = SXT_LEVEL_TABLE("neon");
const sxt_kernels *const sxt_kernels_neon = &table;
#else
const sxt_kernels *const sxt_kernels_neon = NULL;
#endif
