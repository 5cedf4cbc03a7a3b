/* y = x . W^T for weights stored as f16, bf16 or f32, in 16-bit integers: about twice as fast as in f32 on a
 * CPU that has the instruction, straight from the file. */
#ifndef SXT_OP_LINEAR_FLOAT_H
#define SXT_OP_LINEAR_FLOAT_H

#include "base/threads.h"
#include "op/linear_packed.h" /* sxt_product */

/* Whether this CPU is faster with these weights in integers than in f32. */
bool sxt_linear_float_pays(const sxt_tensor *w);

/* Bytes for n_rows rows of up to n_in columns as integers; and the scratch that a thread needs. */
size_t sxt_linear_float_rows_bytes(int64_t n_rows, int64_t n_in);
size_t sxt_linear_float_scratch_bytes(void);

/* 1 to SXT_LINEAR_MOST matrices that pay, of one n_in, meet the same x (n_rows, n_in). scratch: a piece of
 * scratch_bytes for every thread; rows: sxt_linear_float_rows_bytes(); both 64-byte aligned.
 *
 * Rounding is as kernel/matmul_int16.h says: an output differs from the exact one by 2e-4 to 5e-4 of the size
 * that random signs would give it. Every y element has the same bits for any n_rows, any number of threads, and
 * whatever is computed beside it. */
void sxt_linear_float_many(sxt_pool *pool, const sxt_product *products, int n_products, const float *x,
                           int64_t n_rows, void *scratch, size_t scratch_bytes, void *rows);

#endif
