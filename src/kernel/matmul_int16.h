/* Products of float weights in 16-bit integers: the numbers they share on every CPU level. What each function
 * means is said in kernel.h; matmul_int16_plain.h is the definition, matmul_int16_avx512.h the fast way.
 *
 * Stored weights, f16, bf16 or f32, become integers on the way through the caches: MATMUL16_COLUMNS columns of
 * a row have one scale, its largest magnitude over MATMUL16_LARGEST. Rows of x have a scale for every
 * MATMUL16_SUB columns, so an outlier takes no bits from far away. Sums of MATMUL16_SUB products are exact in
 * 32 bits: 64 * 5792 * 5792 < 2^31. Each of them is then one float multiply-add, in rising order of columns. So
 * a result depends on its row of x and its row of weights alone, however many rows are computed beside it, and
 * its bits are the same on every level. */
#ifndef SXT_KERNEL_MATMUL_INT16_H
#define SXT_KERNEL_MATMUL_INT16_H

#include "base/num.h"
#include "kernel/half.h"
#include "kernel/kernel.h"
#include "kernel/unroll.h"

#define MATMUL16_LARGEST 5792.0f
/* A block with nothing larger counts as zeros: the inverse of its scale would not be finite. */
#define MATMUL16_NOTHING 0x1p-100f
/* Added to a float below 2^22 it leaves the nearest integer in the low bits, two's complement. */
#define MATMUL16_MAGIC 0x1.8p23f

enum {
    MATMUL16_COLUMNS = SXT_MATMUL16_COLUMNS,
    MATMUL16_SUB = SXT_MATMUL16_SUB,
    MATMUL16_SUBS = MATMUL16_COLUMNS / MATMUL16_SUB,
    MATMUL16_OUT = SXT_MATMUL16_OUT,
    MATMUL16_GROUP = 32, /* columns i and i + 16 of a group are a pair: what two vectors of floats pack to */
    MATMUL16_PAIRS = MATMUL16_GROUP / 2
};

/* Columns of a block that ends at or after n, in whole sub-blocks: the rest of the last one is zeros. */
static inline int64_t matmul16_whole_subs(int64_t n) {
    return sxt_min_i64(MATMUL16_COLUMNS, (n + MATMUL16_SUB - 1) / MATMUL16_SUB * MATMUL16_SUB);
}

#endif
