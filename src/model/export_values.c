#include "model/export_values.h"

#include "base/memory.h"
#include "plan/rope_frequencies.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const double PI = 3.14159265358979323846;

static void put_text(sxt_gguf_writer *w, const char *key, const char *text) {
    sxt_gguf_writer_string(w, key, text, strlen(text));
}

/* "llama" + "." + name. */
static const char *arch_key(const sxt_model *model, const char *name, char key[96]) {
    snprintf(key, 96, "%s.%s", model->hparams.arch->gguf_name, name);
    return key;
}

static void put_size(sxt_gguf_writer *w, const sxt_model *model, const char *name, int64_t value) {
    char key[96];
    sxt_gguf_writer_u32(w, arch_key(model, name, key), (uint32_t)value);
}

static void put_number(sxt_gguf_writer *w, const sxt_model *model, const char *name, double value) {
    char key[96];
    sxt_gguf_writer_f32(w, arch_key(model, name, key), (float)value);
}

static void put_name(sxt_gguf_writer *w, const sxt_model *model, const char *name, const char *text) {
    char key[96];
    put_text(w, arch_key(model, name, key), text);
}

/* ---- How the numbers are stored ---- */

static void put_storage(sxt_gguf_writer *w, uint32_t file_type) {
    sxt_gguf_writer_u32(w, "general.quantization_version", 2);
    sxt_gguf_writer_u32(w, "general.file_type", file_type);
}

static void copy_values(const sxt_gguf *gguf, sxt_gguf_writer *w) {
    const uint64_t n = sxt_gguf_n_values(gguf);
    for (uint64_t i = 0; i < n; i++) {
        const sxt_gguf_value *value = sxt_gguf_value_at(gguf, i);
        if (strcmp(value->key, "general.file_type") != 0 &&
            strcmp(value->key, "general.quantization_version") != 0)
            sxt_gguf_writer_value(w, value);
    }
}

/* ---- Hyper-parameters ---- */

static void put_original(sxt_gguf_writer *w, const sxt_model *model) {
    put_size(w, model, "rope.scaling.original_context_length", (int64_t)model->hparams.rope.original_context);
}

static void put_yarn(sxt_gguf_writer *w, const sxt_model *model) {
    const sxt_rope_params *rope = &model->hparams.rope;
    if (rope->exact_ramp) { /* no key says so: the divisors hold the frequencies */
        put_name(w, model, "rope.scaling.type", "none");
        put_number(w, model, "rope.scaling.attn_factor", sxt_rope_attention_factor(rope));
        put_original(w, model);
        return;
    }
    put_name(w, model, "rope.scaling.type", "yarn");
    put_number(w, model, "rope.scaling.factor", rope->factor);
    put_original(w, model);
    /* llama.cpp reads these two for some architectures only; others need its --yarn-beta-fast and -slow. */
    put_number(w, model, "rope.scaling.yarn_beta_fast", rope->beta_fast);
    put_number(w, model, "rope.scaling.yarn_beta_slow", rope->beta_slow);
    /* The file's factor multiplies the reader's own. */
    double own = rope->factor <= 1 ? 1 : 0.1 * log(rope->factor) + 1;
    if (rope->attention_factor > 0)
        put_number(w, model, "rope.scaling.attn_factor", rope->attention_factor / own);
}

static void put_rope(sxt_gguf_writer *w, const sxt_model *model) {
    const sxt_hparams *h = &model->hparams;
    const sxt_rope_params *rope = &h->rope;
    if (rope->scaling == SXT_ROPE_STILL) return;
    put_size(w, model, "rope.dimension_count", rope->n_rot);
    put_number(w, model, "rope.freq_base", rope->theta);
    if (h->has_local_rope) put_number(w, model, "rope.freq_base_swa", h->local_rope.theta);
    switch (rope->scaling) {
    case SXT_ROPE_LINEAR:
        put_name(w, model, "rope.scaling.type", "linear");
        put_number(w, model, "rope.scaling.factor", rope->factor);
        break;
    case SXT_ROPE_YARN: put_yarn(w, model); break;
    case SXT_ROPE_LLAMA3: put_original(w, model); break; /* the rest is in the divisors */
    case SXT_ROPE_DYNAMIC:
        /* "none" for other readers, who are right with it up to the trained window. */
        put_name(w, model, "rope.scaling.type", "none");
        put_number(w, model, "rope.scaling.dynamic_factor", rope->factor);
        put_original(w, model);
        break;
    case SXT_ROPE_LONGROPE:
        /* No factor: readers would divide the positions by it. */
        put_name(w, model, "rope.scaling.type", "longrope");
        put_number(w, model, "rope.scaling.attn_factor", sxt_rope_attention_factor(rope));
        put_original(w, model);
        break;
    default: break;
    }
}

/* Which layers slide, where a reader that knows the family would not expect it. */
static void put_windows(sxt_gguf_writer *w, const sxt_model *model) {
    const sxt_hparams *h = &model->hparams;
    const int32_t period = h->arch->window_period;
    bool is_usual = true;
    char key[96];
    if (h->sliding_window == 0) return;
    put_size(w, model, "attention.sliding_window", h->sliding_window);
    for (int32_t i = 0; i < h->n_layers; i++)
        is_usual = is_usual && h->slides[i] == (period == 0 || (i + 1) % period != 0);
    if (!is_usual)
        sxt_gguf_writer_bool_array(w, arch_key(model, "attention.sliding_window_pattern", key), h->slides,
                                   (uint64_t)h->n_layers);
}

static const char *activation_name(sxt_activation activation) {
    switch (activation) {
    case SXT_GELU: return "gelu";
    case SXT_GELU_TANH: return "gelu_new";
    default: return "silu";
    }
}

static void put_traits(sxt_gguf_writer *w, const sxt_model *model) {
    const sxt_hparams *h = &model->hparams;
    const sxt_traits *t = &h->traits;
    char key[96];
    if (h->arch->gguf_says_parallel)
        sxt_gguf_writer_bool(w, arch_key(model, "use_parallel_residual", key), t->parallel);
    if (t->activation != h->arch->traits.activation)
        put_name(w, model, "hidden_act", activation_name(t->activation));
    /* 0, too, where a reader would take the family's usual cap for a missing one */
    if (t->score_cap > 0 || h->arch->traits.score_cap > 0)
        put_number(w, model, "attn_logit_softcapping", (double)t->score_cap);
    if (t->logit_cap > 0 || h->arch->traits.logit_cap > 0)
        put_number(w, model, "final_logit_softcapping", (double)t->logit_cap);
    if (t->score_scale > 0) put_number(w, model, "attention.scale", (double)t->score_scale);
    if (t->qkv_clip > 0) put_number(w, model, "attention.clamp_kqv", (double)t->qkv_clip);
    if (t->alibi > 0) put_number(w, model, "attention.max_alibi_bias", (double)t->alibi);
}

static void put_hparams(sxt_gguf_writer *w, const sxt_model *model) {
    const sxt_hparams *h = &model->hparams;
    put_text(w, "general.architecture", h->arch->gguf_name);
    put_text(w, "general.type", "model");
    if (*h->name) put_text(w, "general.name", h->name);
    put_size(w, model, "vocab_size", h->n_vocab);
    put_size(w, model, "context_length", h->n_ctx_train);
    put_size(w, model, "embedding_length", h->d_model);
    put_size(w, model, "block_count", h->n_layers);
    put_size(w, model, "feed_forward_length", h->n_ff);
    put_size(w, model, "attention.head_count", h->n_heads);
    put_size(w, model, "attention.head_count_kv", h->n_kv_heads);
    put_size(w, model, "attention.key_length", h->head_dim);
    put_size(w, model, "attention.value_length", h->head_dim);
    put_number(w, model,
               h->traits.norm == SXT_NORM_RMS ? "attention.layer_norm_rms_epsilon"
                                              : "attention.layer_norm_epsilon",
               (double)h->norm_eps);
    put_windows(w, model);
    put_traits(w, model);
    put_rope(w, model);
}

void sxt_export_llama3_factors(const sxt_rope_params *rope, float *factors) {
    const double low = rope->low_freq_factor, high = rope->high_freq_factor;
    for (int32_t p = 0; p < rope->n_rot / 2; p++) {
        double theta = pow(rope->theta, -2.0 * p / rope->n_rot);
        double turns = rope->original_context * theta / (2 * PI); /* in the original context */
        double blend = (turns - low) / (high - low);
        if (turns > high) blend = 1;
        if (turns < low) blend = 0;
        factors[p] = (float)(1 / ((1 - blend) / rope->factor + blend));
    }
}

bool sxt_export_has_divisors(const sxt_rope_params *rope) {
    return rope->scaling == SXT_ROPE_LLAMA3 || (rope->scaling == SXT_ROPE_YARN && rope->exact_ramp);
}

sxt_status sxt_export_divisors(const sxt_rope_params *rope, float *divisors, sxt_error *error) {
    if (rope->scaling == SXT_ROPE_LLAMA3) {
        sxt_export_llama3_factors(rope, divisors);
        return SXT_OK;
    }
    sxt_rope *scaled;
    SXT_TRY(sxt_rope_new(rope, &scaled, error));
    for (int32_t p = 0; p < rope->n_rot / 2; p++)
        divisors[p] = (float)(pow(rope->theta, -2.0 * p / rope->n_rot) / sxt_rope_frequencies(scaled)[p]);
    sxt_rope_free(scaled);
    return SXT_OK;
}

/* ---- Tokenizer ---- */

/* Rows of the embedding past the tokenizer's last token become unused tokens: GGUF readers count the list. */
static void put_tokens(sxt_gguf_writer *w, const sxt_vocab *v, int32_t n_vocab) {
    sxt_gguf_writer_string_array(w, "tokenizer.ggml.tokens", (uint64_t)n_vocab);
    for (int32_t i = 0; i < v->n_tokens; i++) sxt_gguf_writer_next_string(w, v->tokens[i], v->token_sizes[i]);
    for (int32_t i = v->n_tokens; i < n_vocab; i++) {
        char name[32];
        int n = snprintf(name, sizeof name, "[PAD%d]", i);
        sxt_gguf_writer_next_string(w, name, (size_t)n);
    }
}

static sxt_status put_token_facts(sxt_gguf_writer *w, const sxt_vocab *v, int32_t n_vocab, sxt_error *error) {
    enum { NORMAL = 1, UNUSED = 5 };
    sxt_status status = SXT_OK;
    int32_t *types = sxt_alloc((size_t)n_vocab, sizeof *types);
    float *scores = sxt_alloc((size_t)n_vocab, sizeof *scores);
    if (!types || !scores) {
        status = sxt_fail_memory(error, "the vocabulary", (uint64_t)n_vocab * (sizeof *types + sizeof *scores));
        goto done;
    }
    for (int32_t i = 0; i < n_vocab; i++) {
        bool is_token = i < v->n_tokens;
        types[i] = !is_token ? UNUSED : v->types ? v->types[i] : NORMAL;
        scores[i] = is_token && v->scores ? v->scores[i] : -1000.0f;
    }
    sxt_gguf_writer_i32_array(w, "tokenizer.ggml.token_type", types, (uint64_t)n_vocab);
    if (v->scores) sxt_gguf_writer_f32_array(w, "tokenizer.ggml.scores", scores, (uint64_t)n_vocab);
done:
    sxt_free(types);
    sxt_free(scores);
    return status;
}

static void put_id(sxt_gguf_writer *w, const char *key, int32_t id) {
    if (id >= 0) sxt_gguf_writer_u32(w, key, (uint32_t)id);
}

static sxt_status put_tokenizer(const sxt_model *model, sxt_gguf_writer *w, sxt_error *error) {
    sxt_vocab v;
    SXT_TRY(sxt_tokenizer_vocab(model->tokenizer, &v, error));
    put_text(w, "tokenizer.ggml.model", v.model);
    if (v.pre && *v.pre) put_text(w, "tokenizer.ggml.pre", v.pre);
    put_tokens(w, &v, model->hparams.n_vocab);
    SXT_TRY(put_token_facts(w, &v, model->hparams.n_vocab, error));
    if (v.n_merges > 0) {
        sxt_gguf_writer_string_array(w, "tokenizer.ggml.merges", (uint64_t)v.n_merges);
        for (int64_t i = 0; i < v.n_merges; i++)
            sxt_gguf_writer_next_string(w, v.merges[i], strlen(v.merges[i]));
    }
    put_id(w, "tokenizer.ggml.bos_token_id", v.bos);
    put_id(w, "tokenizer.ggml.eos_token_id", v.eos);
    put_id(w, "tokenizer.ggml.unknown_token_id", v.unknown);
    put_id(w, "tokenizer.ggml.padding_token_id", v.padding);
    sxt_gguf_writer_bool(w, "tokenizer.ggml.add_bos_token", v.add_bos);
    sxt_gguf_writer_bool(w, "tokenizer.ggml.add_eos_token", v.add_eos);
    sxt_gguf_writer_bool(w, "tokenizer.ggml.add_space_prefix", v.add_space_prefix);
    if (v.chat_template) put_text(w, "tokenizer.chat_template", v.chat_template);
    return SXT_OK;
}

sxt_status sxt_export_values(const sxt_model *model, uint32_t file_type, sxt_gguf_writer *writer,
                             sxt_error *error) {
    if (model->source.gguf) {
        copy_values(model->source.gguf, writer);
    } else {
        put_hparams(writer, model);
        SXT_TRY(put_tokenizer(model, writer, error));
    }
    put_storage(writer, file_type);
    return SXT_OK;
}
