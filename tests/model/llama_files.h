/* Small Llama models on disk, as a Hugging Face folder or a GGUF file, of any shape and with one fault. */
#ifndef SXT_TESTS_MODEL_LLAMA_FILES_H
#define SXT_TESTS_MODEL_LLAMA_FILES_H

#include "base/buffer.h"
#include "base/rng.h"
#include "format/gguf_writer.h"
#include "format/scratch_folder.h"
#include "model/arch.h"

#include <math.h>

typedef struct llama_spec {
    int n_layers, d_model, n_heads, n_kv_heads, head_dim, n_ff, n_vocab;
    bool tied, q_bias, kv_bias, o_bias;
    bool flat;               /* matrices of one row are written without that dimension */
    const char *config_more; /* further members of config.json: ", \"rope_scaling\": {...}" */
    const char *omit;        /* this tensor is left out */
    const char *extra;       /* a tensor (4) of this name is added */
    const char *narrow;      /* this tensor's first dimension is one too small */
    const char *poison;      /* this tensor's element poison_at is poison_value */
    size_t poison_at;
    float poison_value;
    sxt_type type;                 /* of the matrices of a GGUF file; the vectors' is F32 */
    int n_rope_freqs;              /* GGUF: elements of rope_freqs.weight, 0: none */
    float rope_freq;               /* their value */
    int n_rope_long, n_rope_short; /* GGUF: elements of rope_factors_long.weight and -short, 0: none */
    const char *scaling;           /* GGUF: rope.scaling.type, or NULL */
} llama_spec;

static const llama_spec llama_small = {
    .n_layers = 2, .d_model = 64, .n_heads = 4, .n_kv_heads = 2, .head_dim = 16, .n_ff = 96, .n_vocab = 1536};

typedef struct llama_tensor {
    char name[SXT_WEIGHT_NAME_MAX];
    int n_dims;
    int64_t dims[2];
    float *values; /* (n) */
    size_t n;
    bool is_vector;
} llama_tensor;

typedef struct llama_list {
    llama_tensor tensors[256];
    int n;
} llama_list;

static inline bool llama_wants(const llama_spec *s, int slot) {
    switch (slot) {
    case SXT_W_OUTPUT: return !s->tied;
    case SXT_W_ROPE_FREQS: return s->n_rope_freqs > 0;
    case SXT_W_ROPE_LONG: return s->n_rope_long > 0;
    case SXT_W_ROPE_SHORT: return s->n_rope_short > 0;
    case SXT_W_Q_BIAS: return s->q_bias;
    case SXT_W_K_BIAS:
    case SXT_W_V_BIAS: return s->kv_bias;
    case SXT_W_O_BIAS: return s->o_bias;
    default: return true;
    }
}

/* Shapes written down a second time, so that a wrong one in the library is noticed. */
static inline int llama_shape(const llama_spec *s, int slot, int64_t dims[2]) {
    const int64_t q = (int64_t)s->n_heads * s->head_dim, kv = (int64_t)s->n_kv_heads * s->head_dim;
    const int64_t d = s->d_model, ff = s->n_ff;
    int64_t rows = 0, columns = d;
    switch (slot) {
    case SXT_W_EMBED:
    case SXT_W_OUTPUT: rows = s->n_vocab; break;
    case SXT_W_ROPE_FREQS: columns = s->n_rope_freqs; break;
    case SXT_W_ROPE_LONG: columns = s->n_rope_long; break;
    case SXT_W_ROPE_SHORT: columns = s->n_rope_short; break;
    case SXT_W_Q: rows = q; break;
    case SXT_W_K:
    case SXT_W_V: rows = kv; break;
    case SXT_W_O: rows = d, columns = q; break;
    case SXT_W_Q_BIAS: columns = q; break;
    case SXT_W_K_BIAS:
    case SXT_W_V_BIAS: columns = kv; break;
    case SXT_W_GATE:
    case SXT_W_UP: rows = ff; break;
    case SXT_W_DOWN: rows = d, columns = ff; break;
    default: break;
    }
    dims[0] = rows ? rows : columns;
    dims[1] = columns;
    return rows ? 2 : 1;
}

static inline void llama_add(llama_list *list, const llama_spec *s, const char *name, int slot, sxt_rng *rng) {
    llama_tensor *t = &list->tensors[list->n];
    snprintf(t->name, sizeof t->name, "%s", name);
    t->n_dims = llama_shape(s, slot, t->dims);
    t->is_vector = t->n_dims == 1;
    if (s->flat && t->n_dims == 2 && t->dims[0] == 1) {
        t->n_dims = 1;
        t->dims[0] = t->dims[1];
    }
    if (s->narrow && strcmp(s->narrow, name) == 0) t->dims[0]--;
    t->n = (size_t)(t->n_dims == 2 ? t->dims[0] * t->dims[1] : t->dims[0]);
    t->values = malloc(t->n * sizeof *t->values);
    if (!t->values) abort();
    for (size_t i = 0; i < t->n; i++) t->values[i] = (float)(sxt_rng_unit(rng) * 2 - 1);
    bool is_divisors = slot == SXT_W_ROPE_FREQS || slot == SXT_W_ROPE_LONG || slot == SXT_W_ROPE_SHORT;
    for (size_t i = 0; is_divisors && i < t->n; i++) t->values[i] = s->rope_freq;
    if (s->poison && strcmp(s->poison, name) == 0) t->values[s->poison_at] = s->poison_value;
    if (s->omit && strcmp(s->omit, name) == 0)
        free(t->values), t->values = NULL;
    else
        list->n++;
}

static inline llama_list *llama_make(const llama_spec *s, bool is_gguf) {
    llama_list *list = calloc(1, sizeof *list);
    if (!list) abort();
    const sxt_arch *arch = sxt_arch_by_gguf("llama", 5);
    sxt_rng rng = sxt_rng_make(7);
    for (int i = 0; i < arch->n_weights; i++) {
        const sxt_weight_name *row = &arch->weights[i];
        const char *pattern = is_gguf ? row->gguf : row->hf;
        for (int layer = 0; pattern && llama_wants(s, row->slot) && layer < (row->per_layer ? s->n_layers : 1);
             layer++) {
            char name[SXT_WEIGHT_NAME_MAX];
            sxt_weight_name_print(pattern, layer, name);
            llama_add(list, s, name, row->slot, &rng);
        }
    }
    if (s->extra) llama_add(list, s, s->extra, SXT_W_ATTN_NORM, &rng);
    return list;
}

static inline void llama_free(llama_list *list) {
    for (int i = 0; i < 256; i++) free(list->tensors[i].values);
    free(list);
}

/* ---- Hugging Face folder ---- */

static inline void llama_write_safetensors(scratch *f, const llama_list *list) {
    sxt_buffer head = {0}, file = {0};
    size_t at = 0;
    sxt_buffer_text(&head, "{");
    for (int i = 0; i < list->n; i++) {
        const llama_tensor *t = &list->tensors[i];
        sxt_buffer_print(&head, "%s\"%s\":{\"dtype\":\"F32\",\"shape\":[", i ? "," : "", t->name);
        for (int k = 0; k < t->n_dims; k++)
            sxt_buffer_print(&head, "%s%lld", k ? "," : "", (long long)t->dims[k]);
        sxt_buffer_print(&head, "],\"data_offsets\":[%zu,%zu]}", at, at + t->n * 4);
        at += t->n * 4;
    }
    sxt_buffer_text(&head, "}");
    uint64_t n_head = head.size;
    sxt_buffer_append(&file, &n_head, sizeof n_head);
    sxt_buffer_append(&file, head.data, head.size);
    for (int i = 0; i < list->n; i++) sxt_buffer_append(&file, list->tensors[i].values, list->tensors[i].n * 4);
    if (head.failed || file.failed) abort();
    scratch_write(f, "model.safetensors", file.data, file.size);
    sxt_buffer_free(&head);
    sxt_buffer_free(&file);
}

static inline void llama_write_folder(scratch *f, const llama_spec *s) {
    char config[2048];
    snprintf(config, sizeof config,
             "{\"model_type\": \"llama\", \"vocab_size\": %d, \"hidden_size\": %d, \"intermediate_size\": %d, "
             "\"num_hidden_layers\": %d, \"num_attention_heads\": %d, \"num_key_value_heads\": %d, "
             "\"head_dim\": %d, \"max_position_embeddings\": 256, \"rms_norm_eps\": 1e-5%s}",
             s->n_vocab, s->d_model, s->n_ff, s->n_layers, s->n_heads, s->n_kv_heads, s->head_dim,
             s->config_more ? s->config_more : "");
    scratch_text(f, "config.json", config);
    llama_list *list = llama_make(s, false);
    llama_write_safetensors(f, list);
    llama_free(list);
}

/* ---- GGUF ---- */

static inline void llama_put_hparams(sxt_gguf_writer *w, const llama_spec *s) {
    sxt_gguf_writer_string(w, "general.architecture", "llama", 5);
    sxt_gguf_writer_u32(w, "llama.block_count", (uint32_t)s->n_layers);
    sxt_gguf_writer_u32(w, "llama.context_length", 256);
    sxt_gguf_writer_u32(w, "llama.embedding_length", (uint32_t)s->d_model);
    sxt_gguf_writer_u32(w, "llama.feed_forward_length", (uint32_t)s->n_ff);
    sxt_gguf_writer_u32(w, "llama.attention.head_count", (uint32_t)s->n_heads);
    sxt_gguf_writer_u32(w, "llama.attention.head_count_kv", (uint32_t)s->n_kv_heads);
    sxt_gguf_writer_u32(w, "llama.attention.key_length", (uint32_t)s->head_dim);
    sxt_gguf_writer_u32(w, "llama.attention.value_length", (uint32_t)s->head_dim);
    sxt_gguf_writer_f32(w, "llama.attention.layer_norm_rms_epsilon", 1e-5f);
    if (s->scaling) sxt_gguf_writer_string(w, "llama.rope.scaling.type", s->scaling, strlen(s->scaling));
}

static inline void llama_put_data(sxt_gguf_writer *w, const llama_tensor *t, sxt_type type) {
    const sxt_type_traits *traits = sxt_type_find(t->is_vector ? SXT_TYPE_F32 : type);
    size_t n_bytes = t->n / (size_t)traits->block * traits->block_bytes;
    uint8_t *packed = malloc(n_bytes);
    sxt_error error;
    if (!packed) abort();
    traits->pack(t->values, packed, (int64_t)t->n);
    if (sxt_gguf_writer_data(w, packed, n_bytes, &error) != SXT_OK) abort();
    free(packed);
}

static inline void llama_write_gguf(scratch *f, const char *name, const llama_spec *s) {
    sxt_gguf_writer *w;
    sxt_error error;
    llama_list *list = llama_make(s, true);
    if (sxt_gguf_writer_new(scratch_path(f, name), &w, &error) != SXT_OK) abort();
    llama_put_hparams(w, s);
    for (int i = 0; i < list->n; i++) {
        const llama_tensor *t = &list->tensors[i];
        sxt_gguf_writer_tensor(w, t->name, t->is_vector ? SXT_TYPE_F32 : s->type, t->n_dims, t->dims);
    }
    if (sxt_gguf_writer_begin(w, &error) != SXT_OK) abort();
    for (int i = 0; i < list->n; i++) llama_put_data(w, &list->tensors[i], s->type);
    if (sxt_gguf_writer_commit(w, &error) != SXT_OK) abort();
    llama_free(list);
}

#endif
