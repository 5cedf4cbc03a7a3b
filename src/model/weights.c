#include "model/weights.h"

#include "base/memory.h"
#include "model/fused_weights.h"
#include "model/rope_config.h"
#include "model/unknown_tensors.h"

#include <string.h>

/* ---- What has to be there ---- */

/* Whether the binder's file, or a model that is to be written (b NULL), has to have the weight. */
static bool is_required(const sxt_hparams *h, const sxt_weight_name *row, const sxt_binder *b) {
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
    const sxt_place *to = sxt_place_of(row->slot);
    char why[96];
    bool is_output = row->slot == SXT_W_OUTPUT;
    bool is_free = is_output || row->slot == SXT_W_ROPE_FREQS || row->slot == SXT_W_ROPE_LONG ||
                   row->slot == SXT_W_ROPE_SHORT;
    if (!sxt_weight_applies(row, h) || (is_output && h->tied_output)) return 0;
    if (!is_free && !is_required(h, row, NULL)) return 0;
    int64_t rows = sxt_width_measure(h, to->rows, why), columns = sxt_width_measure(h, to->columns, why);
    dims[0] = sxt_place_is_vector(to) ? columns : rows;
    dims[1] = sxt_place_is_vector(to) ? 1 : columns;
    return sxt_place_is_vector(to) ? 1 : 2;
}

/* No usable tensor of this name. */
static sxt_status bind_none(const sxt_binder *b, const sxt_weight_name *row, const char *name) {
    const char *why = b->source->folder ? sxt_hf_why_unusable(b->source->folder, name) : NULL;
    const sxt_tensor *none;
    if (!why && !is_required(b->hparams, row, b)) return SXT_OK;
    return sxt_source_need_tensor(b->source, name, &none, b->error);
}

/* ---- One row of the table ---- */

static sxt_status bind_one(sxt_binder *b, const sxt_weight_name *row, int32_t layer) {
    const sxt_place *to = sxt_place_of(row->slot);
    char name[SXT_WEIGHT_NAME_MAX];
    sxt_weight_name_print(sxt_binder_pattern(b->source, row), layer, name);
    sxt_layer_weights *of_layer = &b->weights->layers[layer];
    void *member = (row->per_layer ? (char *)of_layer : (char *)b->weights) + to->member;
    if (to->kind == SXT_PLACE_HEAD_VECTORS) return sxt_bind_heads(b, row, name, member);
    const sxt_tensor *tensor = sxt_source_find_tensor(b->source, name);
    if (!tensor) return bind_none(b, row, name);
    SXT_TRY(sxt_place_check(tensor, b->hparams, to, b->error));
    b->n_bound[row->slot]++;
    switch (to->kind) {
    case SXT_PLACE_VECTOR: return sxt_binder_load(b, tensor, row->slot, member);
    case SXT_PLACE_QKV_MATRIX: return sxt_bind_qkv(b, tensor, to, of_layer);
    case SXT_PLACE_QKV_VECTOR: return sxt_bind_qkv_bias(b, tensor, of_layer);
    case SXT_PLACE_GATE_UP_MATRIX: sxt_bind_gate_up(b, tensor, to, of_layer); return SXT_OK;
    case SXT_PLACE_HEAD_VECTORS:
    case SXT_PLACE_MATRIX: sxt_bind_matrix(tensor, b->hparams, to, member); return SXT_OK;
    }
    return SXT_OK;
}

static sxt_status bind_row(sxt_binder *b, const sxt_weight_name *row) {
    if (!sxt_binder_pattern(b->source, row) || !sxt_weight_applies(row, b->hparams)) return SXT_OK;
    int32_t n = row->per_layer ? b->hparams->n_layers : 1, bound;
    for (int32_t layer = 0; layer < n; layer++) SXT_TRY(bind_one(b, row, layer));
    bound = b->n_bound[row->slot];
    if (bound == 0 || bound == n) return SXT_OK;
    char name[SXT_WEIGHT_NAME_MAX];
    sxt_weight_name_print(sxt_binder_pattern(b->source, row), 0, name);
    return sxt_fail(b->error, SXT_E_FORMAT, "%d of %d layers have a tensor like %s; needed in all or in none",
                    bound, n, name);
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
static sxt_status load_list(sxt_binder *b, bool is_long, float **list) {
    const sxt_json *config = sxt_hf_config(b->source->folder);
    const int32_t n = b->hparams->rope.n_rot / 2;
    float *values = sxt_alloc((size_t)n, sizeof *values);
    if (!values) return sxt_fail_memory(b->error, "rotary factors", (uint64_t)n * sizeof *values);
    *list = values;
    b->weights->private_bytes += (uint64_t)n * sizeof *values;
    return sxt_rope_config_list(config, is_long, n, values, b->error);
}

static sxt_status bind_divisors(sxt_binder *b) {
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
static sxt_status check_output(const sxt_binder *b) {
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

static sxt_status bind_all(sxt_binder *b) {
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
    return sxt_unknown_tensors_refuse(b->source, h, b->error);
}

sxt_status sxt_weights_bind(const sxt_source *source, sxt_hparams *hparams, sxt_weights *weights,
                            sxt_error *error) {
    sxt_weights made;
    memset(&made, 0, sizeof made);
    sxt_binder b = {.source = source, .hparams = hparams, .weights = &made, .error = error};
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
