#include "model/fused_weights.h"

#include "base/memory.h"
#include "model/weight_values.h"

#include <string.h>

/* Rows [first, first + n_rows) of a matrix that sxt_bind_matrix() made. */
static sxt_tensor rows_of(const sxt_tensor *matrix, int64_t first, int64_t n_rows) {
    sxt_tensor view = *matrix;
    uint64_t row_bytes = matrix->n_bytes / (uint64_t)matrix->dims[0];
    view.dims[0] = n_rows;
    view.data = matrix->data + (uint64_t)first * row_bytes;
    view.n_bytes = (uint64_t)n_rows * row_bytes;
    return view;
}

/* A copy of the matrix with the rows of all q, then k, then v. */
static sxt_status ungroup_rows(sxt_binder *b, sxt_layer_weights *layer, sxt_tensor *matrix) {
    size_t row_bytes = (size_t)(matrix->n_bytes / (uint64_t)matrix->dims[0]);
    layer->qkv_rows = sxt_binder_alloc(b, (size_t)matrix->n_bytes, "queries, keys and values put in order");
    if (!layer->qkv_rows) return SXT_E_MEMORY;
    for (int64_t i = 0; i < matrix->dims[0]; i++) {
        size_t from = (size_t)sxt_grouped_qkv_row(b->hparams, i) * row_bytes;
        memcpy(layer->qkv_rows + (size_t)i * row_bytes, matrix->data + from, row_bytes);
    }
    matrix->data = layer->qkv_rows;
    return SXT_OK;
}

static bool is_grouped(const sxt_binder *b) { return b->source->folder && b->hparams->arch->hf_grouped_qkv; }

sxt_status sxt_bind_qkv(sxt_binder *b, const sxt_tensor *tensor, const sxt_place *to,
                        sxt_layer_weights *layer) {
    char why[96];
    int64_t n_q = sxt_width_measure(b->hparams, SXT_WIDTH_Q, why),
            n_kv = sxt_width_measure(b->hparams, SXT_WIDTH_KV, why);
    sxt_tensor matrix;
    sxt_bind_matrix(tensor, b->hparams, to, &matrix);
    if (is_grouped(b)) SXT_TRY(ungroup_rows(b, layer, &matrix));
    layer->q = rows_of(&matrix, 0, n_q);
    layer->k = rows_of(&matrix, n_q, n_kv);
    layer->v = rows_of(&matrix, n_q + n_kv, n_kv);
    return SXT_OK;
}

sxt_status sxt_bind_qkv_bias(sxt_binder *b, const sxt_tensor *tensor, sxt_layer_weights *layer) {
    char why[96];
    int64_t n_q = sxt_width_measure(b->hparams, SXT_WIDTH_Q, why),
            n_kv = sxt_width_measure(b->hparams, SXT_WIDTH_KV, why);
    int64_t n = n_q + 2 * n_kv;
    float *stored = sxt_alloc((size_t)n, 2 * sizeof *stored), *values = stored ? stored + n : NULL;
    if (!stored) return sxt_fail_memory(b->error, "a weight vector", (uint64_t)n * 2 * sizeof *stored);
    tensor->traits->unpack(tensor->data, stored, n);
    for (int64_t i = 0; i < n; i++) values[i] = stored[is_grouped(b) ? sxt_grouped_qkv_row(b->hparams, i) : i];
    sxt_status status = sxt_binder_keep(b, tensor, values, n_q, &layer->q_bias);
    if (status == SXT_OK) status = sxt_binder_keep(b, tensor, values + n_q, n_kv, &layer->k_bias);
    if (status == SXT_OK) status = sxt_binder_keep(b, tensor, values + n_q + n_kv, n_kv, &layer->v_bias);
    sxt_free(stored);
    return status;
}

void sxt_bind_gate_up(const sxt_binder *b, const sxt_tensor *tensor, const sxt_place *to,
                      sxt_layer_weights *layer) {
    sxt_tensor matrix;
    sxt_bind_matrix(tensor, b->hparams, to, &matrix);
    layer->gate = rows_of(&matrix, 0, b->hparams->n_ff);
    layer->up = rows_of(&matrix, b->hparams->n_ff, b->hparams->n_ff);
}

/* A matrix with a vector for each head, or in a folder a tensor for each. */
sxt_status sxt_bind_heads(sxt_binder *b, const sxt_weight_name *row, const char *name, float **vectors) {
    static const sxt_place one_head = {0, SXT_WIDTH_ONE, SXT_WIDTH_HEAD, SXT_PLACE_VECTOR};
    const sxt_place *to = sxt_place_of(row->slot);
    char why[96];
    int64_t n_heads = sxt_width_measure(b->hparams, to->rows, why), d = b->hparams->head_dim;
    int64_t n_tensors = b->source->folder ? n_heads : 1, n_each = n_heads * d / n_tensors;
    *vectors = sxt_binder_alloc(b, (size_t)(n_heads * d) * sizeof **vectors, "a weight vector");
    if (!*vectors) return SXT_E_MEMORY;
    for (int64_t i = 0; i < n_tensors; i++) {
        char head_name[SXT_WEIGHT_NAME_MAX];
        const sxt_tensor *tensor;
        float *values = *vectors + i * n_each;
        sxt_weight_name_print(name, (int32_t)i, head_name);
        SXT_TRY(sxt_source_need_tensor(b->source, head_name, &tensor, b->error));
        SXT_TRY(sxt_place_check(tensor, b->hparams, n_tensors > 1 ? &one_head : to, b->error));
        tensor->traits->unpack(tensor->data, values, n_each);
        SXT_TRY(sxt_values_check(tensor->name, values, n_each, 0, b->error));
    }
    b->n_bound[row->slot]++;
    return SXT_OK;
}
