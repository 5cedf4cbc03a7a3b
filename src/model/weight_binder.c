#include "model/weight_binder.h"

#include "base/memory.h"
#include "model/weight_values.h"

#include <string.h>

const char *sxt_binder_pattern(const sxt_source *source, const sxt_weight_name *row) {
    return source->gguf ? row->gguf : row->hf;
}

void *sxt_binder_alloc(sxt_binder *b, size_t n_bytes, const char *what) {
    void *made = sxt_alloc(n_bytes, 1);
    if (made)
        b->weights->private_bytes += n_bytes;
    else
        sxt_fail_memory(b->error, what, n_bytes);
    return made;
}

sxt_status sxt_binder_keep(sxt_binder *b, const sxt_tensor *tensor, const float *values, int64_t n,
                           float **vector) {
    *vector =
        sxt_binder_alloc(b, (size_t)n * sizeof **vector, "a weight vector"); /* sxt_weights_free() finds it */
    if (!*vector) return SXT_E_MEMORY;
    memcpy(*vector, values, (size_t)n * sizeof *values);
    return sxt_values_check(tensor->name, values, n, 0, b->error);
}

sxt_status sxt_binder_load(sxt_binder *b, const sxt_tensor *tensor, int slot, float **vector) {
    int64_t n = sxt_tensor_elements(tensor);
    float *values = sxt_binder_alloc(b, (size_t)n * sizeof *values, "a weight vector");
    if (!values) return SXT_E_MEMORY;
    *vector = values; /* from here on sxt_weights_free() finds it */
    tensor->traits->unpack(tensor->data, values, n);
    bool is_less_one = b->source->folder && b->hparams->arch->hf_norms_less_one && sxt_slot_is_norm(slot);
    for (int64_t i = 0; is_less_one && i < n; i++) values[i] += 1;
    return sxt_values_check(tensor->name, values, n, 0, b->error);
}

void sxt_bind_matrix(const sxt_tensor *tensor, const sxt_hparams *h, const sxt_place *to, sxt_tensor *matrix) {
    char why[96];
    *matrix = *tensor;
    matrix->n_dims = 2;
    matrix->dims[0] = sxt_width_measure(h, to->rows, why);
    matrix->dims[1] = sxt_width_measure(h, to->columns, why);
}
