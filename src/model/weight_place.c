#include "model/weight_place.h"

#include <stdio.h>

#define MODEL(field) offsetof(sxt_weights, field)
#define LAYER(field) offsetof(sxt_layer_weights, field)

static const sxt_place places[SXT_W_COUNT] = {
    [SXT_W_EMBED] = {MODEL(embed), SXT_WIDTH_VOCAB, SXT_WIDTH_MODEL, SXT_PLACE_MATRIX},
    [SXT_W_OUTPUT_NORM] = {MODEL(output_norm), SXT_WIDTH_ONE, SXT_WIDTH_MODEL, SXT_PLACE_VECTOR},
    [SXT_W_OUTPUT_NORM_BIAS] = {MODEL(output_norm_bias), SXT_WIDTH_ONE, SXT_WIDTH_MODEL, SXT_PLACE_VECTOR},
    [SXT_W_OUTPUT] = {MODEL(output), SXT_WIDTH_VOCAB, SXT_WIDTH_MODEL, SXT_PLACE_MATRIX},
    [SXT_W_OUTPUT_BIAS] = {MODEL(output_bias), SXT_WIDTH_ONE, SXT_WIDTH_VOCAB, SXT_PLACE_VECTOR},
    [SXT_W_ROPE_FREQS] = {MODEL(rope_freqs), SXT_WIDTH_ONE, SXT_WIDTH_PAIRS, SXT_PLACE_VECTOR},
    [SXT_W_ROPE_LONG] = {MODEL(rope_long), SXT_WIDTH_ONE, SXT_WIDTH_PAIRS, SXT_PLACE_VECTOR},
    [SXT_W_ROPE_SHORT] = {MODEL(rope_short), SXT_WIDTH_ONE, SXT_WIDTH_PAIRS, SXT_PLACE_VECTOR},
    [SXT_W_ATTN_NORM] = {LAYER(attn_norm), SXT_WIDTH_ONE, SXT_WIDTH_MODEL, SXT_PLACE_VECTOR},
    [SXT_W_ATTN_NORM_BIAS] = {LAYER(attn_norm_bias), SXT_WIDTH_ONE, SXT_WIDTH_MODEL, SXT_PLACE_VECTOR},
    [SXT_W_QKV] = {0, SXT_WIDTH_QKV, SXT_WIDTH_MODEL, SXT_PLACE_QKV_MATRIX},
    [SXT_W_QKV_BIAS] = {0, SXT_WIDTH_ONE, SXT_WIDTH_QKV, SXT_PLACE_QKV_VECTOR},
    [SXT_W_Q] = {LAYER(q), SXT_WIDTH_Q, SXT_WIDTH_MODEL, SXT_PLACE_MATRIX},
    [SXT_W_K] = {LAYER(k), SXT_WIDTH_KV, SXT_WIDTH_MODEL, SXT_PLACE_MATRIX},
    [SXT_W_V] = {LAYER(v), SXT_WIDTH_KV, SXT_WIDTH_MODEL, SXT_PLACE_MATRIX},
    [SXT_W_O] = {LAYER(o), SXT_WIDTH_MODEL, SXT_WIDTH_Q, SXT_PLACE_MATRIX},
    [SXT_W_Q_BIAS] = {LAYER(q_bias), SXT_WIDTH_ONE, SXT_WIDTH_Q, SXT_PLACE_VECTOR},
    [SXT_W_K_BIAS] = {LAYER(k_bias), SXT_WIDTH_ONE, SXT_WIDTH_KV, SXT_PLACE_VECTOR},
    [SXT_W_V_BIAS] = {LAYER(v_bias), SXT_WIDTH_ONE, SXT_WIDTH_KV, SXT_PLACE_VECTOR},
    [SXT_W_O_BIAS] = {LAYER(o_bias), SXT_WIDTH_ONE, SXT_WIDTH_MODEL, SXT_PLACE_VECTOR},
    [SXT_W_Q_NORM] = {LAYER(q_norm), SXT_WIDTH_ONE, SXT_WIDTH_HEAD, SXT_PLACE_VECTOR},
    [SXT_W_K_NORM] = {LAYER(k_norm), SXT_WIDTH_ONE, SXT_WIDTH_HEAD, SXT_PLACE_VECTOR},
    [SXT_W_POST_ATTN_NORM] = {LAYER(post_attn_norm), SXT_WIDTH_ONE, SXT_WIDTH_MODEL, SXT_PLACE_VECTOR},
    [SXT_W_FFN_NORM] = {LAYER(ffn_norm), SXT_WIDTH_ONE, SXT_WIDTH_MODEL, SXT_PLACE_VECTOR},
    [SXT_W_FFN_NORM_BIAS] = {LAYER(ffn_norm_bias), SXT_WIDTH_ONE, SXT_WIDTH_MODEL, SXT_PLACE_VECTOR},
    [SXT_W_GATE] = {LAYER(gate), SXT_WIDTH_FF, SXT_WIDTH_MODEL, SXT_PLACE_MATRIX},
    [SXT_W_UP] = {LAYER(up), SXT_WIDTH_FF, SXT_WIDTH_MODEL, SXT_PLACE_MATRIX},
    [SXT_W_GATE_UP] = {0, SXT_WIDTH_TWO_FF, SXT_WIDTH_MODEL, SXT_PLACE_GATE_UP_MATRIX},
    [SXT_W_UP_BIAS] = {LAYER(up_bias), SXT_WIDTH_ONE, SXT_WIDTH_FF, SXT_PLACE_VECTOR},
    [SXT_W_DOWN] = {LAYER(down), SXT_WIDTH_MODEL, SXT_WIDTH_FF, SXT_PLACE_MATRIX},
    [SXT_W_DOWN_BIAS] = {LAYER(down_bias), SXT_WIDTH_ONE, SXT_WIDTH_MODEL, SXT_PLACE_VECTOR},
    [SXT_W_Q_HEAD_NORMS] = {LAYER(q_norm), SXT_WIDTH_Q_HEADS, SXT_WIDTH_HEAD, SXT_PLACE_HEAD_VECTORS},
    [SXT_W_K_HEAD_NORMS] = {LAYER(k_norm), SXT_WIDTH_KV_HEADS, SXT_WIDTH_HEAD, SXT_PLACE_HEAD_VECTORS},
    [SXT_W_POST_FFN_NORM] = {LAYER(post_ffn_norm), SXT_WIDTH_ONE, SXT_WIDTH_MODEL, SXT_PLACE_VECTOR},
};

const sxt_place *sxt_place_of(int slot) { return &places[slot]; }

bool sxt_place_is_vector(const sxt_place *to) {
    return to->kind == SXT_PLACE_VECTOR || to->kind == SXT_PLACE_QKV_VECTOR;
}

int64_t sxt_width_measure(const sxt_hparams *h, sxt_width kind, char why[96]) {
    switch (kind) {
    case SXT_WIDTH_ONE: snprintf(why, 96, "one row"); return 1;
    case SXT_WIDTH_MODEL: snprintf(why, 96, "d_model %d", h->d_model); return h->d_model;
    case SXT_WIDTH_Q:
        snprintf(why, 96, "n_heads %d times head_dim %d", h->n_heads, h->head_dim);
        return (int64_t)h->n_heads * h->head_dim;
    case SXT_WIDTH_KV:
        snprintf(why, 96, "n_kv_heads %d times head_dim %d", h->n_kv_heads, h->head_dim);
        return (int64_t)h->n_kv_heads * h->head_dim;
    case SXT_WIDTH_Q_HEADS: snprintf(why, 96, "n_heads %d", h->n_heads); return h->n_heads;
    case SXT_WIDTH_KV_HEADS: snprintf(why, 96, "n_kv_heads %d", h->n_kv_heads); return h->n_kv_heads;
    case SXT_WIDTH_QKV:
        snprintf(why, 96, "n_heads %d and twice n_kv_heads %d, times head_dim %d", h->n_heads, h->n_kv_heads,
                 h->head_dim);
        return ((int64_t)h->n_heads + 2 * (int64_t)h->n_kv_heads) * h->head_dim;
    case SXT_WIDTH_TWO_FF: snprintf(why, 96, "twice n_ff %d", h->n_ff); return 2 * (int64_t)h->n_ff;
    case SXT_WIDTH_HEAD: snprintf(why, 96, "head_dim %d", h->head_dim); return h->head_dim;
    case SXT_WIDTH_FF: snprintf(why, 96, "n_ff %d", h->n_ff); return h->n_ff;
    case SXT_WIDTH_VOCAB: snprintf(why, 96, "n_vocab %d", h->n_vocab); return h->n_vocab;
    case SXT_WIDTH_PAIRS:
        snprintf(why, 96, "half of the %d rotated dimensions", h->rope.n_rot);
        return h->rope.n_rot / 2;
    }
    return 0;
}

static void print_shape(const sxt_tensor *tensor, char text[96]) {
    size_t n = 0;
    text[0] = 0;
    for (int32_t i = 0; i < tensor->n_dims && n < 90; i++)
        n += (size_t)snprintf(text + n, 96 - n, "%s%lld", i ? ", " : "", (long long)tensor->dims[i]);
}

static sxt_status fail_shape(const sxt_tensor *tensor, const sxt_hparams *h, const sxt_place *to,
                             sxt_error *error) {
    char shape[96], row_why[96], column_why[96];
    long long rows = sxt_width_measure(h, to->rows, row_why),
              columns = sxt_width_measure(h, to->columns, column_why);
    print_shape(tensor, shape);
    if (sxt_place_is_vector(to))
        return sxt_fail(error, SXT_E_FORMAT, "%.80s has shape (%s), needed (%lld) from %s", tensor->name, shape,
                        columns, column_why);
    return sxt_fail(error, SXT_E_FORMAT, "%.80s has shape (%s), needed (%lld, %lld) from %s and %s",
                    tensor->name, shape, rows, columns, row_why, column_why);
}

sxt_status sxt_place_check(const sxt_tensor *tensor, const sxt_hparams *h, const sxt_place *to,
                           sxt_error *error) {
    char why[96];
    int64_t rows = sxt_width_measure(h, to->rows, why), columns = sxt_width_measure(h, to->columns, why);
    int32_t n = tensor->n_dims;
    int64_t have_rows = n == 2 ? tensor->dims[0] : 1, have_columns = n > 0 ? tensor->dims[n - 1] : 1;
    if (n > 2 || have_rows != rows || have_columns != columns) return fail_shape(tensor, h, to, error);
    uint64_t bytes;
    if (!sxt_type_bytes(tensor->traits, (uint64_t)rows, (uint64_t)columns, &bytes) || bytes != tensor->n_bytes)
        return sxt_fail(error, SXT_E_FORMAT, "%.80s: %lld columns of type %s do not make %llu bytes",
                        tensor->name, (long long)columns, tensor->traits->name,
                        (unsigned long long)tensor->n_bytes);
    return SXT_OK;
}
