/* y = x . W^T with packed weights, in small integers. */
#ifndef SXT_OP_LINEAR_PACKED_H
#define SXT_OP_LINEAR_PACKED_H

#include "base/threads.h"
#include "tensor/packed.h"

/* Bytes for n_rows rows of up to n_in columns as small integers, whatever the kind of the weights. */
size_t sxt_linear_packed_rows_bytes(int64_t n_rows, int64_t n_in);

/* x (n_rows, n_in), w (n_out, n_in) with w->packed filled, y (n_rows, n_out). scratch: a piece of
 * scratch_bytes, at least SXT_PACKED_SCRATCH, for every thread; rows: sxt_linear_packed_rows_bytes(); both
 * 64-byte aligned.
 *
 * Every `span` columns of x (packed.h) become int8 with one f32 scale, the largest magnitude / 127, before
 * they meet the weights, whose values are exact. So an output differs from the exact one by at most
 * sum over spans of (largest magnitude of x) / 254 * (sum of |w|), and usually by 1/10 of that. Every y element
 * has the same bits for any n_rows and any number of threads. */
void sxt_linear_packed(sxt_pool *pool, const sxt_tensor *w, const float *x, int64_t n_rows, float *y,
                       void *scratch, size_t scratch_bytes, void *rows);

enum { SXT_LINEAR_MOST = 3 };
typedef struct sxt_product {
    const sxt_tensor *w; /* (n_out, n_in) */
    float *y;            /* (n_rows, n_out) */
} sxt_product;

/* The same for 1 to SXT_LINEAR_MOST matrices of one n_in that meet the same x: in one round where they are of
 * one kind, with the bits that each would have alone. */
void sxt_linear_packed_many(sxt_pool *pool, const sxt_product *products, int n_products, const float *x,
                            int64_t n_rows, void *scratch, size_t scratch_bytes, void *rows);

#endif
