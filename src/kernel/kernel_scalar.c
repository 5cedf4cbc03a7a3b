/* The level that every machine has, and that the others are held against. */
#include "kernel/levels.h"
#include "kernel/vector_scalar.h"

#include "kernel/packed_vector_scalar.h"
#include "kernel/attend_int16_plain.h"
#include "kernel/matmul_int16_plain.h"
#include "kernel/peak_scalar.h"
#include "kernel/tile_scalar.h"

#include "kernel/level.h"

static const sxt_kernels table = SXT_LEVEL_TABLE("scalar");
const sxt_kernels *const sxt_kernels_scalar = &table;
