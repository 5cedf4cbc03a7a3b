/* Storage types: one row in a table and one file for each block format. */
#ifndef SXT_TENSOR_TYPE_H
#define SXT_TENSOR_TYPE_H

#include "base/error.h"

typedef struct sxt_type_traits {
    sxt_type type;
    const char *name;
    int64_t block; /* elements of a block */
    size_t block_bytes;
    double largest; /* what `pack` takes for granted: no magnitude above */
    /* Exact f32 values of n elements (a multiple of `block`). */
    void (*unpack)(const void *blocks, float *values, int64_t n);
    /* n f32 values to blocks; NULL for types that are only read. */
    void (*pack)(const float *values, void *blocks, int64_t n);
} sxt_type_traits;

/* NULL for a type that is not read. */
const sxt_type_traits *sxt_type_find(uint32_t type);

/* Bytes of `n_rows` rows of `n_columns`; false when a row is not whole blocks or the size overflows. */
bool sxt_type_bytes(const sxt_type_traits *traits, uint64_t n_rows, uint64_t n_columns, uint64_t *bytes);

#endif
