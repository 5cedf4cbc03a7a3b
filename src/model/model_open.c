#include "model/model.h"

#include "base/memory.h"

#include <stdio.h>
#include <string.h>

static void set_format(sxt_model *model) {
    if (model->source.gguf)
        snprintf(model->format, sizeof model->format, "GGUF v%u",
                 (unsigned)sxt_gguf_version(model->source.gguf));
    else
        snprintf(model->format, sizeof model->format, "Hugging Face folder");
}

/* GGUF's name for an architecture that this version runs, else the file's own word. */
static void set_architecture(sxt_model *model) {
    const char *name = "";
    size_t n = 0;
    if (model->hparams.arch) {
        name = model->hparams.arch->gguf_name;
        n = strlen(name);
    } else if (model->source.gguf) {
        sxt_gguf_get_string(model->source.gguf, "general.architecture", &name, &n, NULL, NULL);
    } else {
        sxt_json_string(sxt_json_get(sxt_hf_config(model->source.folder), "model_type"), &name, &n);
    }
    snprintf(model->architecture, sizeof model->architecture, "%.*s", (int)(n < 63 ? n : 63), name);
}

/* What a saved session must agree with: every number that shapes the cache or the arithmetic, and the
 * names, types and shapes of the weights. Contents of a few rows stand in for the whole file, which may
 * be many gigabytes. */
static sxt_hash make_fingerprint(const sxt_model *model) {
    const sxt_hparams *h = &model->hparams;
    char text[384];
    int n = snprintf(text, sizeof text, "%d %d %d %d %d %d %d %d %lld %.9g %.17g %s", h->n_layers, h->d_model,
                     h->n_heads, h->n_kv_heads, h->head_dim, h->rope.n_rot, h->n_ff, h->n_vocab,
                     (long long)h->sliding_window, (double)h->norm_eps, h->rope.theta, model->rope_scaling);
    sxt_hash hash = sxt_hash_bytes(text, n > 0 ? (size_t)n : 0);
    const size_t list_bytes = (size_t)(h->rope.n_rot / 2) * sizeof(float);
    if (h->rope.long_factors) hash = sxt_hash_more(hash, h->rope.long_factors, list_bytes);
    if (h->rope.short_factors) hash = sxt_hash_more(hash, h->rope.short_factors, list_bytes);
    const sxt_traits *t = &h->traits;
    n = snprintf(text, sizeof text, "%s %d %d %d %d %.9g %.9g %.9g %.9g %.9g %.17g", h->arch->gguf_name,
                 h->n_sliding, t->activation, t->parallel + 2 * t->own_head_norms, h->variant,
                 (double)t->score_scale, (double)t->score_cap, (double)t->logit_cap, (double)t->qkv_clip,
                 (double)t->alibi, h->local_rope.theta);
    hash = sxt_hash_more(hash, text, n > 0 ? (size_t)n : 0);
    hash = sxt_hash_more(hash, h->slides, (size_t)h->n_layers * sizeof h->slides[0]);
    for (int64_t i = 0; i < sxt_source_n_tensors(&model->source); i++) {
        const sxt_tensor *w = sxt_source_tensor_at(&model->source, i);
        size_t sample = w->n_bytes < 4096 ? (size_t)w->n_bytes : 4096;
        hash = sxt_hash_more(hash, w->name, strlen(w->name));
        hash = sxt_hash_more(hash, &w->traits->type, sizeof w->traits->type);
        hash = sxt_hash_more(hash, w->dims, sizeof w->dims);
        if (w->data) hash = sxt_hash_more(hash, w->data, sample);
    }
    return hash;
}

static sxt_status open_weights(sxt_model *model, bool keep_window, sxt_error *error) {
    int32_t n_vocab = sxt_tokenizer_n_vocab(model->tokenizer);
    if (sxt_source_n_tensors(&model->source) == 0)
        return sxt_fail(error, SXT_E_UNSUPPORTED,
                        "holds a vocabulary and no weights; give a file that has both");
    SXT_TRY(sxt_hparams_read(&model->source, n_vocab, &model->hparams, error));
    SXT_TRY(sxt_weights_bind(&model->source, &model->hparams, &model->weights, error));
    SXT_TRY(sxt_packed_weights_new(&model->weights, &model->packed, error));
    if (!keep_window) model->hparams.sliding_window = 0;
    sxt_rope_scaling_print(&model->hparams.rope, model->rope_scaling, sizeof model->rope_scaling);
    model->fingerprint = make_fingerprint(model);
    return SXT_OK;
}

sxt_status sxt_model_load(const char *path, const sxt_model_params *params, sxt_model **out, sxt_error *error) {
    sxt_model *model = sxt_alloc(1, sizeof *model);
    if (!model) return sxt_fail_memory(error, "a model", sizeof *model);
    sxt_status status = SXT_OK;
    model->vocab_only = params->vocab_only;
    model->path = sxt_copy_text(path, strlen(path));
    if (!model->path) status = sxt_fail_memory(error, "a path", strlen(path));
    if (status == SXT_OK) status = sxt_source_open(path, params->vocab_only, &model->source, error);
    if (status == SXT_OK) {
        set_format(model);
        status = sxt_tokenizer_new(&model->source, &model->tokenizer, error);
        if (status == SXT_OK && !params->vocab_only) status = open_weights(model, params->keep_window, error);
        if (status != SXT_OK) sxt_fail_in(error, status, path);
        set_architecture(model);
    }
    if (status == SXT_OK)
        *out = model;
    else
        sxt_model_unload(model);
    return status;
}

void sxt_model_unload(sxt_model *model) {
    if (!model) return;
    sxt_packed_weights_free(model->packed);
    sxt_weights_free(&model->weights);
    sxt_tokenizer_free(model->tokenizer);
    sxt_source_close(&model->source);
    sxt_free(model->path);
    sxt_free(model);
}
