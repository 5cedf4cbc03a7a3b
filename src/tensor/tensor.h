/* A view of a weight in a mapped file, or of one made at load. */
#ifndef SXT_TENSOR_TENSOR_H
#define SXT_TENSOR_TENSOR_H

#include "tensor/type.h"

typedef struct sxt_tensor {
    const char *name; /* as in the file; owned by the file */
    const sxt_type_traits *traits;
    int32_t n_dims;      /* 0..4 */
    int64_t dims[4];     /* slowest first: a matrix is (rows, columns) */
    const uint8_t *data; /* (n_bytes), any alignment; inside the file, checked */
    uint64_t n_bytes;
    const struct sxt_packed *packed; /* tensor/packed.h: a second form for fast products, or NULL */
} sxt_tensor;

/* Elements of all dimensions. */
int64_t sxt_tensor_elements(const sxt_tensor *tensor);

#endif
