#include "model/weights.h"

#include "base/memory.h"
#include "base/num.h"

#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- What each slot holds and where it goes ---- */

typedef enum width { ONE, D_MODEL, Q_WIDTH, KV_WIDTH, FF_WIDTH, VOCAB, PAIRS } width;

typedef struct place {
    size_t member; /* of sxt_weights or, per layer, of sxt_layer_weights */
    width rows, columns;
    bool is_vector; /* an f32 vector made at load: float * */
} place;

#define MODEL(field) offsetof(sxt_weights, field)
#define LAYER(field) offsetof(sxt_layer_weights, field)

static const place places[SXT_W_COUNT] = {
    [SXT_W_EMBED] = {MODEL(embed), VOCAB, D_MODEL, false},
    [SXT_W_OUTPUT_NORM] = {MODEL(output_norm), ONE, D_MODEL, true},
    [SXT_W_OUTPUT] = {MODEL(output), VOCAB, D_MODEL, false},
    [SXT_W_ROPE_FREQS] = {MODEL(rope_freqs), ONE, PAIRS, true},
    [SXT_W_ATTN_NORM] = {LAYER(attn_norm), ONE, D_MODEL, true},
    [SXT_W_Q] = {LAYER(q), Q_WIDTH, D_MODEL, false},
    [SXT_W_K] = {LAYER(k), KV_WIDTH, D_MODEL, false},
    [SXT_W_V] = {LAYER(v), KV_WIDTH, D_MODEL, false},
    [SXT_W_O] = {LAYER(o), D_MODEL, Q_WIDTH, false},
    [SXT_W_Q_BIAS] = {LAYER(q_bias), ONE, Q_WIDTH, true},
    [SXT_W_K_BIAS] = {LAYER(k_bias), ONE, KV_WIDTH, true},
    [SXT_W_V_BIAS] = {LAYER(v_bias), ONE, KV_WIDTH, true},
    [SXT_W_O_BIAS] = {LAYER(o_bias), ONE, D_MODEL, true},
    [SXT_W_FFN_NORM] = {LAYER(ffn_norm), ONE, D_MODEL, true},
    [SXT_W_GATE] = {LAYER(gate), FF_WIDTH, D_MODEL, false},
    [SXT_W_UP] = {LAYER(up), FF_WIDTH, D_MODEL, false},
    [SXT_W_DOWN] = {LAYER(down), D_MODEL, FF_WIDTH, false},
};

/* The width, and how an error explains it. */
static int64_t measure(const sxt_hparams *h, width kind, char why[64]) {
    switch (kind) {
    case ONE: snprintf(why, 64, "one row"); return 1;
    case D_MODEL: snprintf(why, 64, "d_model %d", h->d_model); return h->d_model;
    case Q_WIDTH:
        snprintf(why, 64, "n_heads %d times head_dim %d", h->n_heads, h->head_dim);
        return (int64_t)h->n_heads * h->head_dim;
    case KV_WIDTH:
        snprintf(why, 64, "n_kv_heads %d times head_dim %d", h->n_kv_heads, h->head_dim);
        return (int64_t)h->n_kv_heads * h->head_dim;
    case FF_WIDTH: snprintf(why, 64, "n_ff %d", h->n_ff); return h->n_ff;
    case VOCAB: snprintf(why, 64, "n_vocab %d", h->n_vocab); return h->n_vocab;
    case PAIRS: snprintf(why, 64, "half of the %d rotated dimensions", h->rope.n_rot); return h->rope.n_rot / 2;
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
    char shape[96], row_why[64], column_why[64];
    long long rows = measure(h, to->rows, row_why), columns = measure(h, to->columns, column_why);
    print_shape(tensor, shape);
    if (to->is_vector)
        return sxt_fail(error, SXT_E_FORMAT, "%.80s has shape (%s), needed (%lld) from %s", tensor->name, shape,
                        columns, column_why);
    return sxt_fail(error, SXT_E_FORMAT, "%.80s has shape (%s), needed (%lld, %lld) from %s and %s",
                    tensor->name, shape, rows, columns, row_why, column_why);
}

/* Dimensions of 1 in front may be left out or written: files differ. */
static sxt_status check_shape(const sxt_tensor *tensor, const sxt_hparams *h, const place *to,
                              sxt_error *error) {
    char why[64];
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

static sxt_status load_vector(binder *b, const sxt_tensor *tensor, float **vector) {
    int64_t n = sxt_tensor_elements(tensor);
    float *values = sxt_alloc((size_t)n, sizeof *values);
    if (!values) return sxt_fail_memory(b->error, "a weight vector", (uint64_t)n * sizeof *values);
    *vector = values; /* from here on sxt_weights_free() finds it */
    b->weights->private_bytes += (uint64_t)n * sizeof *values;
    tensor->traits->unpack(tensor->data, values, n);
    return check_values(tensor->name, values, n, 0, b->error);
}

static bool is_required(const sxt_hparams *h, const sxt_weight_name *row) {
    switch (row->slot) {
    case SXT_W_Q_BIAS:
    case SXT_W_K_BIAS:
    case SXT_W_V_BIAS: return h->qkv_bias;
    case SXT_W_O_BIAS: return h->output_bias;
    default: return !row->optional;
    }
}

int32_t sxt_weight_dims(const sxt_hparams *h, const sxt_weight_name *row, int64_t dims[2]) {
    const place *to = &places[row->slot];
    char why[64];
    bool is_bias = row->slot >= SXT_W_Q_BIAS && row->slot <= SXT_W_O_BIAS;
    if ((is_bias && !is_required(h, row)) || (row->slot == SXT_W_OUTPUT && h->tied_output)) return 0;
    int64_t rows = measure(h, to->rows, why), columns = measure(h, to->columns, why);
    dims[0] = to->is_vector ? columns : rows;
    dims[1] = to->is_vector ? 1 : columns;
    return to->is_vector ? 1 : 2;
}

/* No usable tensor of this name. */
static sxt_status bind_none(const binder *b, const sxt_weight_name *row, const char *name) {
    const char *why = b->source->folder ? sxt_hf_why_unusable(b->source->folder, name) : NULL;
    const sxt_tensor *none;
    if (!why && !is_required(b->hparams, row)) return SXT_OK;
    return sxt_source_need_tensor(b->source, name, &none, b->error);
}

/* With both dimensions, also where the file leaves out one of 1. */
static void bind_matrix(const sxt_tensor *tensor, const sxt_hparams *h, const place *to, sxt_tensor *matrix) {
    char why[64];
    *matrix = *tensor;
    matrix->n_dims = 2;
    matrix->dims[0] = measure(h, to->rows, why);
    matrix->dims[1] = measure(h, to->columns, why);
}

static sxt_status bind_one(binder *b, const sxt_weight_name *row, int32_t layer) {
    const place *to = &places[row->slot];
    char name[SXT_WEIGHT_NAME_MAX];
    sxt_weight_name_print(name_pattern(b->source, row), layer, name);
    const sxt_tensor *tensor = sxt_source_find_tensor(b->source, name);
    if (!tensor) return bind_none(b, row, name);
    SXT_TRY(check_shape(tensor, b->hparams, to, b->error));
    b->n_bound[row->slot]++;
    char *owner = row->per_layer ? (char *)&b->weights->layers[layer] : (char *)b->weights;
    if (to->is_vector) return load_vector(b, tensor, (float **)(void *)(owner + to->member));
    bind_matrix(tensor, b->hparams, to, (sxt_tensor *)(void *)(owner + to->member));
    return SXT_OK;
}

static sxt_status bind_row(binder *b, const sxt_weight_name *row) {
    if (!name_pattern(b->source, row)) return SXT_OK;
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

static bool matches(const char *pattern, const char *name, int32_t n_layers) {
    const char *hole = pattern ? strstr(pattern, "%d") : NULL;
    if (!hole) return pattern && strcmp(pattern, name) == 0;
    size_t n_front = (size_t)(hole - pattern);
    if (strncmp(pattern, name, n_front) != 0) return false;
    const char *digits = name + n_front;
    if (*digits < '0' || *digits > '9' || (digits[0] == '0' && digits[1] >= '0' && digits[1] <= '9'))
        return false;
    char *end;
    unsigned long layer = strtoul(digits, &end, 10);
    return layer < (unsigned long)n_layers && strcmp(end, hole + 2) == 0;
}

static bool ends_with(const char *name, const char *tail) {
    size_t n = strlen(name), n_tail = strlen(tail);
    return n >= n_tail && strcmp(name + n - n_tail, tail) == 0;
}

/* Rotary frequencies that old files carry beside what they follow from. */
static bool is_redundant(const char *name) {
    return ends_with(name, "rotary_emb.inv_freq") || ends_with(name, "attn_rot_embd") ||
           ends_with(name, "attn_rot_embd.weight");
}

/* A weight that the graph does not use would change what the model computes: better refused than ignored. */
static sxt_status refuse_unknown(const sxt_source *source, const sxt_hparams *h, sxt_error *error) {
    const int64_t n = sxt_source_n_tensors(source);
    for (int64_t i = 0; i < n; i++) {
        const char *name = sxt_source_tensor_at(source, i)->name;
        bool is_known = is_redundant(name);
        for (int j = 0; j < h->arch->n_weights && !is_known; j++)
            is_known = matches(name_pattern(source, &h->arch->weights[j]), name, h->n_layers);
        if (!is_known)
            return sxt_fail(error, SXT_E_UNSUPPORTED, "tensor %.100s has no place in a %s model of %d layers",
                            name, h->arch->gguf_name, h->n_layers);
    }
    return SXT_OK;
}

/* ---- All of it ---- */

static sxt_status check_rope_freqs(const sxt_weights *w, const sxt_hparams *h, sxt_error *error) {
    for (int32_t i = 0; w->rope_freqs && i < h->rope.n_rot / 2; i++)
        if (w->rope_freqs[i] < 1e-6f || w->rope_freqs[i] > 1e6f)
            return sxt_fail(error, SXT_E_FORMAT, "rope_freqs.weight holds %g at element %d; needed 1e-6 to 1e6",
                            (double)w->rope_freqs[i], i);
    return SXT_OK;
}

/* A folder that says its output is not tied must bring it; without a word, a missing output means tied. */
static sxt_status check_output(const binder *b) {
    bool tied = true;
    if (b->source->folder)
        sxt_json_bool(sxt_json_get(sxt_hf_config(b->source->folder), "tie_word_embeddings"), &tied);
    if (tied || b->n_bound[SXT_W_OUTPUT] > 0) return SXT_OK;
    return sxt_fail(
        b->error, SXT_E_FORMAT,
        "tensor lm_head.weight is missing, and config.json says tie_word_embeddings false; download "
        "the folder again");
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
    SXT_TRY(check_rope_freqs(b->weights, h, b->error));
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
    hparams->qkv_bias = b.n_bound[SXT_W_Q_BIAS] + b.n_bound[SXT_W_K_BIAS] + b.n_bound[SXT_W_V_BIAS] > 0;
    hparams->output_bias = b.n_bound[SXT_W_O_BIAS] > 0;
    hparams->rope.freq_factors = made.rope_freqs;
    *weights = made;
    return SXT_OK;
}

void sxt_weights_free(sxt_weights *weights) {
    for (int32_t i = 0; weights->layers && i < weights->n_layers; i++) {
        sxt_layer_weights *layer = &weights->layers[i];
        float *vectors[] = {layer->attn_norm, layer->ffn_norm, layer->q_bias,
                            layer->k_bias,    layer->v_bias,   layer->o_bias};
        for (size_t j = 0; j < sizeof vectors / sizeof vectors[0]; j++) sxt_free(vectors[j]);
    }
    sxt_free(weights->layers);
    sxt_free(weights->output_norm);
    sxt_free(weights->rope_freqs);
    memset(weights, 0, sizeof *weights);
}
