/* y = x . W^T for weights of any readable type. */
#ifndef SXT_OP_LINEAR_H
#define SXT_OP_LINEAR_H

#include "base/threads.h"
#include "tensor/tensor.h"

/* Scratch that one thread needs for weights of up to `n_in` columns, in bytes. */
size_t sxt_linear_scratch_bytes(int64_t n_in);

/* x (n_rows, n_in), w (n_out, n_in), y (n_rows, n_out). `scratch`: n_threads pieces of scratch_bytes each,
 * 64-byte aligned. Every y element has the same bits for any n_rows and any number of threads. */
void sxt_linear(sxt_pool *pool, const sxt_tensor *w, const float *x, int64_t n_rows, float *y, void *scratch,
                size_t scratch_bytes);

/* Row `i_row` of a matrix as f32: y (n_columns). */
void sxt_tensor_row(const sxt_tensor *w, int64_t i_row, float *y);

#endif
