/* Weights laid out for the fast products: kernel/packed.h says how. */
#ifndef SXT_TENSOR_PACKED_H
#define SXT_TENSOR_PACKED_H

#include "kernel/packed.h"
#include "tensor/tensor.h"

/* The packed form of a matrix, owned by whoever made it. */
typedef struct sxt_packed {
    sxt_packed_kind kind;
    const uint8_t *groups; /* (n_out / 16 rounded up) groups of n_in columns, 64-byte aligned */
} sxt_packed;

/* SXT_PACKED_NONE when the matrix cannot be packed: a type without blocks, or not a matrix. */
sxt_packed_kind sxt_packed_kind_of(const sxt_tensor *w);

/* Groups of 16 rows, and bytes of one. */
int64_t sxt_packed_n_groups(const sxt_tensor *w);
size_t sxt_packed_tensor_group_bytes(const sxt_tensor *w);

/* Packs groups [first, first + n) of w to `groups`, the zeroed memory of group `first`. */
void sxt_packed_fill(const sxt_tensor *w, int64_t first, int64_t n, uint8_t *groups);

#endif
