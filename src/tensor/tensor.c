#include "tensor/tensor.h"

int64_t sxt_tensor_elements(const sxt_tensor *tensor) {
    int64_t n = 1; /* whoever made the tensor has checked that this fits */
    for (int32_t i = 0; i < tensor->n_dims; i++) n *= tensor->dims[i];
    return n;
}
