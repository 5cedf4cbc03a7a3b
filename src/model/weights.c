#include "model/weights.h"

#include "base/memory.h"
#include "base/num.h"
#include "model/rope_config.h"

#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- What each slot holds and where it goes ---- */

typedef enum width {
    ONE,
    D_MODEL,
    Q_WIDTH,
    KV_WIDTH,
    Q_HEADS,
    KV_HEADS,
    QKV_WIDTH,
    FF_WIDTH,
    TWO_FF,
    HEAD,
    VOCAB,
    PAIRS
} width;

/* Vectors are made at load: float *. */
typedef enum place_kind { MATRIX, VECTOR, QKV_MATRIX, QKV_VECTOR, GATE_UP_MATRIX, HEAD_VECTORS } place_kind;

typedef struct place {
    size_t member; /* of sxt_weights or, per layer, of sxt_layer_weights; not of what is split */
    width rows, columns;
    place_kind kind;
} place;

#define MODEL(field) offsetof(sxt_weights, field)
#define LAYER(field) offsetof(sxt_layer_weights, field)

static const place places[SXT_W_COUNT] = {
    [SXT_W_EMBED] = {MODEL(embed), VOCAB, D_MODEL, MATRIX},
    [SXT_W_OUTPUT_NORM] = {MODEL(output_norm), ONE, D_MODEL, VECTOR},
    [SXT_W_OUTPUT_NORM_BIAS] = {MODEL(output_norm_bias), ONE, D_MODEL, VECTOR},
    [SXT_W_OUTPUT] = {MODEL(output), VOCAB, D_MODEL, MATRIX},
    [SXT_W_OUTPUT_BIAS] = {MODEL(output_bias), ONE, VOCAB, VECTOR},
    [SXT_W_ROPE_FREQS] = {MODEL(rope_freqs), ONE, PAIRS, VECTOR},
    [SXT_W_ROPE_LONG] = {MODEL(rope_long), ONE, PAIRS, VECTOR},
    [SXT_W_ROPE_SHORT] = {MODEL(rope_short), ONE, PAIRS, VECTOR},
    [SXT_W_ATTN_NORM] = {LAYER(attn_norm), ONE, D_MODEL, VECTOR},
    [SXT_W_ATTN_NORM_BIAS] = {LAYER(attn_norm_bias), ONE, D_MODEL, VECTOR},
    [SXT_W_QKV] = {0, QKV_WIDTH, D_MODEL, QKV_MATRIX},
    [SXT_W_QKV_BIAS] = {0, ONE, QKV_WIDTH, QKV_VECTOR},
    [SXT_W_Q] = {LAYER(q), Q_WIDTH, D_MODEL, MATRIX},
    [SXT_W_K] = {LAYER(k), KV_WIDTH, D_MODEL, MATRIX},
    [SXT_W_V] = {LAYER(v), KV_WIDTH, D_MODEL, MATRIX},
    [SXT_W_O] = {LAYER(o), D_MODEL, Q_WIDTH, MATRIX},
    [SXT_W_Q_BIAS] = {LAYER(q_bias), ONE, Q_WIDTH, VECTOR},
    [SXT_W_K_BIAS] = {LAYER(k_bias), ONE, KV_WIDTH, VECTOR},
    [SXT_W_V_BIAS] = {LAYER(v_bias), ONE, KV_WIDTH, VECTOR},
    [SXT_W_O_BIAS] = {LAYER(o_bias), ONE, D_MODEL, VECTOR},
    [SXT_W_Q_NORM] = {LAYER(q_norm), ONE, HEAD, VECTOR},
    [SXT_W_K_NORM] = {LAYER(k_norm), ONE, HEAD, VECTOR},
    [SXT_W_POST_ATTN_NORM] = {LAYER(post_attn_norm), ONE, D_MODEL, VECTOR},
    [SXT_W_FFN_NORM] = {LAYER(ffn_norm), ONE, D_MODEL, VECTOR},
    [SXT_W_FFN_NORM_BIAS] = {LAYER(ffn_norm_bias), ONE, D_MODEL, VECTOR},
    [SXT_W_GATE] = {LAYER(gate), FF_WIDTH, D_MODEL, MATRIX},
    [SXT_W_UP] = {LAYER(up), FF_WIDTH, D_MODEL, MATRIX},
    [SXT_W_GATE_UP] = {0, TWO_FF, D_MODEL, GATE_UP_MATRIX},
    [SXT_W_UP_BIAS] = {LAYER(up_bias), ONE, FF_WIDTH, VECTOR},
    [SXT_W_DOWN] = {LAYER(down), D_MODEL, FF_WIDTH, MATRIX},
    [SXT_W_DOWN_BIAS] = {LAYER(down_bias), ONE, D_MODEL, VECTOR},
    [SXT_W_Q_HEAD_NORMS] = {LAYER(q_norm), Q_HEADS, HEAD, HEAD_VECTORS},
    [SXT_W_K_HEAD_NORMS] = {LAYER(k_norm), KV_HEADS, HEAD, HEAD_VECTORS},
    [SXT_W_POST_FFN_NORM] = {LAYER(post_ffn_norm), ONE, D_MODEL, VECTOR},
};

static bool is_vector(const place *to) { return to->kind == VECTOR || to->kind == QKV_VECTOR; }

/* The width, and how an error explains it. */
static int64_t measure(const sxt_hparams *h, width kind, char why[96]) {
    switch (kind) {
    case ONE: snprintf(why, 96, "one row"); return 1;
    case D_MODEL: snprintf(why, 96, "d_model %d", h->d_model); return h->d_model;
    case Q_WIDTH:
        snprintf(why, 96, "n_heads %d times head_dim %d", h->n_heads, h->head_dim);
        return (int64_t)h->n_heads * h->head_dim;
    case KV_WIDTH:
        snprintf(why, 96, "n_kv_heads %d times head_dim %d", h->n_kv_heads, h->head_dim);
        return (int64_t)h->n_kv_heads * h->head_dim;
    case Q_HEADS: snprintf(why, 96, "n_heads %d", h->n_heads); return h->n_heads;
    case KV_HEADS: snprintf(why, 96, "n_kv_heads %d", h->n_kv_heads); return h->n_kv_heads;
    case QKV_WIDTH:
        snprintf(why, 96, "n_heads %d and twice n_kv_heads %d, times head_dim %d", h->n_heads, h->n_kv_heads,
                 h->head_dim);
        return ((int64_t)h->n_heads + 2 * (int64_t)h->n_kv_heads) * h->head_dim;
    case TWO_FF: snprintf(why, 96, "twice n_ff %d", h->n_ff); return 2 * (int64_t)h->n_ff;
    case HEAD: snprintf(why, 96, "head_dim %d", h->head_dim); return h->head_dim;
    case FF_WIDTH: snprintf(why, 96, "n_ff %d", h->n_ff); return h->n_ff;
    case VOCAB: snprintf(why, 96, "n_vocab %d", h->n_vocab); return h->n_vocab;
    case PAIRS: snprintf(why, 96, "half of the %d rotated dimensions", h->rope.n_rot); return h->rope.n_rot / 2;
    }
    return 0;
}

/* ---- Shapes ---- */

static void print_shape(const sxt_tensor *tensor, char text[96]) {
    size_t n = 0;
    text[0] = 0;
    for (int32_t i = 0; i < tensor->n_dims && n < 90; i++)
        n += (size_t)snprintf(text + n, 96 - n, "%s%lld", i ? ", " : "", (long long)tensor->dims[i]);
}

static sxt_status fail_shape(const sxt_tensor *tensor, const sxt_hparams *h, const place *to,
                             sxt_error *error) {
    char shape[96], row_why[96], column_why[96];
    long long rows = measure(h, to->rows, row_why), columns = measure(h, to->columns, column_why);
    print_shape(tensor, shape);
    if (is_vector(to))
        return sxt_fail(error, SXT_E_FORMAT, "%.80s has shape (%s), needed (%lld) from %s", tensor->name, shape,
                        columns, column_why);
    return sxt_fail(error, SXT_E_FORMAT, "%.80s has shape (%s), needed (%lld, %lld) from %s and %s",
                    tensor->name, shape, rows, columns, row_why, column_why);
}

/* Dimensions of 1 in front may be left out or written: files differ. */
static sxt_status check_shape(const sxt_tensor *tensor, const sxt_hparams *h, const place *to,
                              sxt_error *error) {
    char why[96];
    int64_t rows = measure(h, to->rows, why), columns = measure(h, to->columns, why);
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

/* ---- Finite numbers ---- */

static sxt_status check_values(const char *name, const float *values, int64_t n, int64_t first,
                               sxt_error *error) {
    for (int64_t i = 0; i < n; i++)
        if (!isfinite(values[i]))
            return sxt_fail(error, SXT_E_NUMERIC,
                            "%.80s holds %s at element %lld; the file is damaged or was made from a model that "
                            "overflowed",
                            name, isnan(values[i]) ? "NaN" : "infinity", (long long)(first + i));
    return SXT_OK;
}

static sxt_status check_tensor(const sxt_tensor *tensor, sxt_error *error) {
    float values[2048]; /* a multiple of every block */
    const int64_t n = sxt_tensor_elements(tensor), step = sizeof values / sizeof values[0];
    for (int64_t first = 0; first < n; first += step) {
        int64_t n_step = sxt_min_i64(step, n - first);
        const uint8_t *at =
            tensor->data + (uint64_t)(first / tensor->traits->block) * tensor->traits->block_bytes;
        tensor->traits->unpack(at, values, n_step);
        SXT_TRY(check_values(tensor->name, values, n_step, first, error));
    }
    return SXT_OK;
}

sxt_status sxt_weights_check_finite(const sxt_source *source, sxt_error *error) {
    const int64_t n = sxt_source_n_tensors(source);
    for (int64_t i = 0; i < n; i++) SXT_TRY(check_tensor(sxt_source_tensor_at(source, i), error));
    return SXT_OK;
}

/* ---- Binding ---- */

typedef struct binder {
    const sxt_source *source;
    const sxt_hparams *hparams;
    sxt_weights *weights;
    int32_t n_bound[SXT_W_COUNT];
    sxt_error *error;
} binder;

static const char *name_pattern(const sxt_source *source, const sxt_weight_name *row) {
    return source->gguf ? row->gguf : row->hf;
}

static void *make(binder *b, size_t n_bytes, const char *what) {
    void *made = sxt_alloc(n_bytes, 1);
    if (made)
        b->weights->private_bytes += n_bytes;
    else
        sxt_fail_memory(b->error, what, n_bytes);
    return made;
}

/* Elements [first, first + n) of `values`, which come from `tensor`. */
static sxt_status keep_vector(binder *b, const sxt_tensor *tensor, const float *values, int64_t n,
                              float **vector) {
    *vector = make(b, (size_t)n * sizeof **vector, "a weight vector"); /* sxt_weights_free() finds it */
    if (!*vector) return SXT_E_MEMORY;
    memcpy(*vector, values, (size_t)n * sizeof *values);
    return check_values(tensor->name, values, n, 0, b->error);
}

static sxt_status load_vector(binder *b, const sxt_tensor *tensor, int slot, float **vector) {
    int64_t n = sxt_tensor_elements(tensor);
    float *values = make(b, (size_t)n * sizeof *values, "a weight vector");
    if (!values) return SXT_E_MEMORY;
    *vector = values; /* from here on sxt_weights_free() finds it */
    tensor->traits->unpack(tensor->data, values, n);
    bool is_less_one = b->source->folder && b->hparams->arch->hf_norms_less_one && sxt_slot_is_norm(slot);
    for (int64_t i = 0; is_less_one && i < n; i++) values[i] += 1;
    return check_values(tensor->name, values, n, 0, b->error);
}

/* Whether the binder's file, or a model that is to be written (b NULL), has to have the weight. */
static bool is_required(const sxt_hparams *h, const sxt_weight_name *row, const binder *b) {
    if (row->need == SXT_UNLESS_FUSED) return !b || b->n_bound[SXT_W_QKV] == 0;
    if (row->need == SXT_NEEDED) return true;
    switch (row->slot) {
    case SXT_W_Q_BIAS:
    case SXT_W_K_BIAS:
    case SXT_W_V_BIAS: return h->qkv_bias;
    case SXT_W_O_BIAS: return h->output_bias;
    default: return false;
    }
}

int32_t sxt_weight_dims(const sxt_hparams *h, const sxt_weight_name *row, int64_t dims[2]) {
    const place *to = &places[row->slot];
    char why[96];
    bool is_output = row->slot == SXT_W_OUTPUT;
    bool is_free = is_output || row->slot == SXT_W_ROPE_FREQS || row->slot == SXT_W_ROPE_LONG ||
                   row->slot == SXT_W_ROPE_SHORT;
    if (!sxt_weight_applies(row, h) || (is_output && h->tied_output)) return 0;
    if (!is_free && !is_required(h, row, NULL)) return 0;
    int64_t rows = measure(h, to->rows, why), columns = measure(h, to->columns, why);
    dims[0] = is_vector(to) ? columns : rows;
    dims[1] = is_vector(to) ? 1 : columns;
    return is_vector(to) ? 1 : 2;
}

/* No usable tensor of this name. */
static sxt_status bind_none(const binder *b, const sxt_weight_name *row, const char *name) {
    const char *why = b->source->folder ? sxt_hf_why_unusable(b->source->folder, name) : NULL;
    const sxt_tensor *none;
    if (!why && !is_required(b->hparams, row, b)) return SXT_OK;
    return sxt_source_need_tensor(b->source, name, &none, b->error);
}

/* With both dimensions, also where the file leaves out one of 1. */
static void bind_matrix(const sxt_tensor *tensor, const sxt_hparams *h, const place *to, sxt_tensor *matrix) {
    char why[96];
    *matrix = *tensor;
    matrix->n_dims = 2;
    matrix->dims[0] = measure(h, to->rows, why);
    matrix->dims[1] = measure(h, to->columns, why);
}

/* ---- Tensors that hold several weights ---- */

/* Rows [first, first + n_rows) of a matrix that bind_matrix() made. */
static sxt_tensor rows_of(const sxt_tensor *matrix, int64_t first, int64_t n_rows) {
    sxt_tensor view = *matrix;
    uint64_t row_bytes = matrix->n_bytes / (uint64_t)matrix->dims[0];
    view.dims[0] = n_rows;
    view.data = matrix->data + (uint64_t)first * row_bytes;
    view.n_bytes = (uint64_t)n_rows * row_bytes;
    return view;
}

/* A copy of the matrix with the rows of all q, then k, then v. */
static sxt_status ungroup_rows(binder *b, sxt_layer_weights *layer, sxt_tensor *matrix) {
    size_t row_bytes = (size_t)(matrix->n_bytes / (uint64_t)matrix->dims[0]);
    layer->qkv_rows = make(b, (size_t)matrix->n_bytes, "queries, keys and values put in order");
    if (!layer->qkv_rows) return SXT_E_MEMORY;
    for (int64_t i = 0; i < matrix->dims[0]; i++) {
        size_t from = (size_t)sxt_grouped_qkv_row(b->hparams, i) * row_bytes;
        memcpy(layer->qkv_rows + (size_t)i * row_bytes, matrix->data + from, row_bytes);
    }
    matrix->data = layer->qkv_rows;
    return SXT_OK;
}

static bool is_grouped(const binder *b) { return b->source->folder && b->hparams->arch->hf_grouped_qkv; }

static sxt_status split_qkv(binder *b, const sxt_tensor *tensor, const place *to, sxt_layer_weights *layer) {
    char why[96];
    int64_t n_q = measure(b->hparams, Q_WIDTH, why), n_kv = measure(b->hparams, KV_WIDTH, why);
    sxt_tensor matrix;
    bind_matrix(tensor, b->hparams, to, &matrix);
    if (is_grouped(b)) SXT_TRY(ungroup_rows(b, layer, &matrix));
    layer->q = rows_of(&matrix, 0, n_q);
    layer->k = rows_of(&matrix, n_q, n_kv);
    layer->v = rows_of(&matrix, n_q + n_kv, n_kv);
    return SXT_OK;
}

static sxt_status split_qkv_bias(binder *b, const sxt_tensor *tensor, sxt_layer_weights *layer) {
    char why[96];
    int64_t n_q = measure(b->hparams, Q_WIDTH, why), n_kv = measure(b->hparams, KV_WIDTH, why);
    int64_t n = n_q + 2 * n_kv;
    float *stored = sxt_alloc((size_t)n, 2 * sizeof *stored), *values = stored ? stored + n : NULL;
    if (!stored) return sxt_fail_memory(b->error, "a weight vector", (uint64_t)n * 2 * sizeof *stored);
    tensor->traits->unpack(tensor->data, stored, n);
    for (int64_t i = 0; i < n; i++) values[i] = stored[is_grouped(b) ? sxt_grouped_qkv_row(b->hparams, i) : i];
    sxt_status status = keep_vector(b, tensor, values, n_q, &layer->q_bias);
    if (status == SXT_OK) status = keep_vector(b, tensor, values + n_q, n_kv, &layer->k_bias);
    if (status == SXT_OK) status = keep_vector(b, tensor, values + n_q + n_kv, n_kv, &layer->v_bias);
    sxt_free(stored);
    return status;
}

static void split_gate_up(const binder *b, const sxt_tensor *tensor, const place *to,
                          sxt_layer_weights *layer) {
    sxt_tensor matrix;
    bind_matrix(tensor, b->hparams, to, &matrix);
    layer->gate = rows_of(&matrix, 0, b->hparams->n_ff);
    layer->up = rows_of(&matrix, b->hparams->n_ff, b->hparams->n_ff);
}

/* A matrix with a vector for each head, or in a folder a tensor for each. */
static sxt_status bind_heads(binder *b, const sxt_weight_name *row, const char *name, float **vectors) {
    static const place one_head = {0, ONE, HEAD, VECTOR};
    const place *to = &places[row->slot];
    char why[96];
    int64_t n_heads = measure(b->hparams, to->rows, why), d = b->hparams->head_dim;
    int64_t n_tensors = b->source->folder ? n_heads : 1, n_each = n_heads * d / n_tensors;
    *vectors = make(b, (size_t)(n_heads * d) * sizeof **vectors, "a weight vector");
    if (!*vectors) return SXT_E_MEMORY;
    for (int64_t i = 0; i < n_tensors; i++) {
        char head_name[SXT_WEIGHT_NAME_MAX];
        const sxt_tensor *tensor;
        float *values = *vectors + i * n_each;
        sxt_weight_name_print(name, (int32_t)i, head_name);
        SXT_TRY(sxt_source_need_tensor(b->source, head_name, &tensor, b->error));
        SXT_TRY(check_shape(tensor, b->hparams, n_tensors > 1 ? &one_head : to, b->error));
        tensor->traits->unpack(tensor->data, values, n_each);
        SXT_TRY(check_values(tensor->name, values, n_each, 0, b->error));
    }
    b->n_bound[row->slot]++;
    return SXT_OK;
}

/* ---- One row of the table ---- */

static sxt_status bind_one(binder *b, const sxt_weight_name *row, int32_t layer) {
    const place *to = &places[row->slot];
    char name[SXT_WEIGHT_NAME_MAX];
    sxt_weight_name_print(name_pattern(b->source, row), layer, name);
    sxt_layer_weights *of_layer = &b->weights->layers[layer];
    void *member = (row->per_layer ? (char *)of_layer : (char *)b->weights) + to->member;
    if (to->kind == HEAD_VECTORS) return bind_heads(b, row, name, member);
    const sxt_tensor *tensor = sxt_source_find_tensor(b->source, name);
    if (!tensor) return bind_none(b, row, name);
    SXT_TRY(check_shape(tensor, b->hparams, to, b->error));
    b->n_bound[row->slot]++;
    switch (to->kind) {
    case VECTOR: return load_vector(b, tensor, row->slot, member);
    case QKV_MATRIX: return split_qkv(b, tensor, to, of_layer);
    case QKV_VECTOR: return split_qkv_bias(b, tensor, of_layer);
    case GATE_UP_MATRIX: split_gate_up(b, tensor, to, of_layer); return SXT_OK;
    case HEAD_VECTORS:
    case MATRIX: bind_matrix(tensor, b->hparams, to, member); return SXT_OK;
    }
    return SXT_OK;
}

static sxt_status bind_row(binder *b, const sxt_weight_name *row) {
    if (!name_pattern(b->source, row) || !sxt_weight_applies(row, b->hparams)) return SXT_OK;
    int32_t n = row->per_layer ? b->hparams->n_layers : 1, bound;
    for (int32_t layer = 0; layer < n; layer++) SXT_TRY(bind_one(b, row, layer));
    bound = b->n_bound[row->slot];
    if (bound == 0 || bound == n) return SXT_OK;
    char name[SXT_WEIGHT_NAME_MAX];
    sxt_weight_name_print(name_pattern(b->source, row), 0, name);
    return sxt_fail(b->error, SXT_E_FORMAT, "%d of %d layers have a tensor like %s; needed in all or in none",
                    bound, n, name);
}

/* ---- Tensors that no slot asks for ---- */

/* Whether `name` is the pattern with a number below `n` for its "%d", and any for a second one. */
static bool matches(const char *pattern, const char *name, int32_t n) {
    const char *hole = pattern ? strstr(pattern, "%d") : NULL;
    if (!hole) return pattern && strcmp(pattern, name) == 0;
    size_t n_front = (size_t)(hole - pattern);
    if (strncmp(pattern, name, n_front) != 0) return false;
    const char *digits = name + n_front;
    if (*digits < '0' || *digits > '9' || (digits[0] == '0' && digits[1] >= '0' && digits[1] <= '9'))
        return false;
    char *end;
    unsigned long number = strtoul(digits, &end, 10);
    return number < (unsigned long)n && matches(hole + 2, end, INT32_MAX);
}

static bool ends_with(const char *name, const char *tail) {
    size_t n = strlen(name), n_tail = strlen(tail);
    return n >= n_tail && strcmp(name + n - n_tail, tail) == 0;
}

/* Rotary frequencies that old files carry beside what they follow from, and what else is no weight. */
static bool is_redundant(const sxt_source *source, const sxt_arch *arch, const char *name) {
    for (const char *const *end = source->folder ? arch->hf_ignored : NULL; end && *end; end++)
        if (ends_with(name, *end)) return true;
    return ends_with(name, "rotary_emb.inv_freq") || ends_with(name, "attn_rot_embd") ||
           ends_with(name, "attn_rot_embd.weight");
}

/* A weight that the graph does not use would change what the model computes: better refused than ignored. */
static sxt_status refuse_unknown(const sxt_source *source, const sxt_hparams *h, sxt_error *error) {
    const int64_t n = sxt_source_n_tensors(source);
    for (int64_t i = 0; i < n; i++) {
        const char *name = sxt_source_tensor_at(source, i)->name;
        bool is_known = is_redundant(source, h->arch, name);
        for (int j = 0; j < h->arch->n_weights && !is_known; j++) {
            const sxt_weight_name *row = &h->arch->weights[j];
            is_known = sxt_weight_applies(row, h) && matches(name_pattern(source, row), name, h->n_layers);
        }
        if (!is_known)
            return sxt_fail(error, SXT_E_UNSUPPORTED, "tensor %.100s has no place in a %s model of %d layers",
                            name, h->arch->gguf_name, h->n_layers);
    }
    return SXT_OK;
}

/* ---- All of it ---- */

static sxt_status check_divisors(const char *name, const float *divisors, int32_t n, sxt_error *error) {
    for (int32_t i = 0; divisors && i < n; i++)
        if (divisors[i] < 1e-6f || divisors[i] > 1e6f)
            return sxt_fail(error, SXT_E_FORMAT, "%s holds %g at element %d; needed 1e-6 to 1e6", name,
                            (double)divisors[i], i);
    return SXT_OK;
}

/* A folder keeps longrope's lists in config.json. */
static sxt_status load_list(binder *b, bool is_long, float **list) {
    const sxt_json *config = sxt_hf_config(b->source->folder);
    const int32_t n = b->hparams->rope.n_rot / 2;
    float *values = sxt_alloc((size_t)n, sizeof *values);
    if (!values) return sxt_fail_memory(b->error, "rotary factors", (uint64_t)n * sizeof *values);
    *list = values;
    b->weights->private_bytes += (uint64_t)n * sizeof *values;
    return sxt_rope_config_list(config, is_long, n, values, b->error);
}

static sxt_status bind_divisors(binder *b) {
    const int32_t n = b->hparams->rope.n_rot / 2;
    sxt_weights *w = b->weights;
    if (b->source->folder && b->hparams->rope.scaling == SXT_ROPE_LONGROPE) {
        SXT_TRY(load_list(b, true, &w->rope_long));
        SXT_TRY(load_list(b, false, &w->rope_short));
    }
    bool has_lists = w->rope_long || w->rope_short;
    if (has_lists && b->hparams->rope.scaling != SXT_ROPE_LONGROPE)
        return sxt_fail(b->error, SXT_E_FORMAT,
                        "rope_factors_%s.weight is there, but not both lists under rope.scaling.type longrope; "
                        "convert the model again",
                        w->rope_long ? "long" : "short");
    SXT_TRY(check_divisors("rope_freqs.weight", w->rope_freqs, n, b->error));
    SXT_TRY(check_divisors("rope_factors_long.weight", w->rope_long, n, b->error));
    return check_divisors("rope_factors_short.weight", w->rope_short, n, b->error);
}

/* A folder that says its output is not tied must bring it; without a word, a missing output means tied. */
static sxt_status check_output(const binder *b) {
    const sxt_weight_name *row = sxt_arch_weight(b->hparams->arch, SXT_W_OUTPUT);
    bool tied = true;
    if (b->source->folder)
        sxt_json_bool(sxt_json_get(sxt_hf_config(b->source->folder), "tie_word_embeddings"), &tied);
    if (tied || b->n_bound[SXT_W_OUTPUT] > 0) return SXT_OK;
    return sxt_fail(b->error, SXT_E_FORMAT,
                    "tensor %s is missing, and config.json says tie_word_embeddings false; download "
                    "the folder again",
                    row->hf);
}

static sxt_status bind_all(binder *b) {
    const sxt_hparams *h = b->hparams;
    const size_t layer_bytes = sizeof(sxt_layer_weights);
    b->weights->layers = sxt_alloc((size_t)h->n_layers, layer_bytes);
    if (!b->weights->layers)
        return sxt_fail_memory(b->error, "the layers", (uint64_t)h->n_layers * layer_bytes);
    b->weights->n_layers = h->n_layers;
    b->weights->private_bytes = (uint64_t)h->n_layers * layer_bytes;
    for (int i = 0; i < h->arch->n_weights; i++) SXT_TRY(bind_row(b, &h->arch->weights[i]));
    SXT_TRY(bind_divisors(b));
    SXT_TRY(check_output(b));
    return refuse_unknown(b->source, h, b->error);
}

sxt_status sxt_weights_bind(const sxt_source *source, sxt_hparams *hparams, sxt_weights *weights,
                            sxt_error *error) {
    sxt_weights made;
    memset(&made, 0, sizeof made);
    binder b = {.source = source, .hparams = hparams, .weights = &made, .error = error};
    sxt_status status = bind_all(&b);
    if (status != SXT_OK) {
        sxt_weights_free(&made);
        return status;
    }
    hparams->tied_output = hparams->tied_output || b.n_bound[SXT_W_OUTPUT] == 0;
    if (hparams->tied_output) made.output = made.embed;
    hparams->qkv_bias = b.n_bound[SXT_W_Q_BIAS] + b.n_bound[SXT_W_K_BIAS] + b.n_bound[SXT_W_V_BIAS] +
                            b.n_bound[SXT_W_QKV_BIAS] >
                        0;
    hparams->output_bias = b.n_bound[SXT_W_O_BIAS] > 0;
    hparams->rope.freq_factors = made.rope_freqs;
    hparams->rope.long_factors = made.rope_long;
    hparams->rope.short_factors = made.rope_short;
    *weights = made;
    return SXT_OK;
}

void sxt_weights_free(sxt_weights *weights) {
    for (int32_t i = 0; weights->layers && i < weights->n_layers; i++) {
        sxt_layer_weights *layer = &weights->layers[i];
        float *vectors[] = {layer->attn_norm,      layer->attn_norm_bias, layer->ffn_norm, layer->ffn_norm_bias,
                            layer->post_attn_norm, layer->post_ffn_norm,  layer->q_norm,   layer->k_norm,
                            layer->q_bias,         layer->k_bias,         layer->v_bias,   layer->o_bias,
                            layer->up_bias,        layer->down_bias};
        for (size_t j = 0; j < sizeof vectors / sizeof vectors[0]; j++) sxt_free(vectors[j]);
        sxt_free(layer->qkv_rows);
    }
    sxt_free(weights->layers);
    sxt_free(weights->output_norm);
    sxt_free(weights->output_norm_bias);
    sxt_free(weights->output_bias);
    sxt_free(weights->rope_freqs);
    sxt_free(weights->rope_long);
    sxt_free(weights->rope_short);
    memset(weights, 0, sizeof *weights);
}
