#include "model/hparams.h"

#include "model/arch.h"
#include "model/rope_config.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

enum {
    MAX_LAYERS = 1024,
    MAX_HEADS = 1024,
    MAX_HEAD_DIM = 1024,
    MAX_WIDTH = 1 << 22, /* d_model, n_ff, n_vocab */
};
#define MAX_CONTEXT ((int64_t)1 << 31)

/* ---- Sizes ---- */

typedef struct size_row {
    sxt_config_key key;
    int64_t high; /* at least 1 */
    size_t member;
} size_row;

static const size_row sizes[] = {
    {{"block_count", "num_hidden_layers"}, MAX_LAYERS, offsetof(sxt_hparams, n_layers)},
    {{"embedding_length", "hidden_size"}, MAX_WIDTH, offsetof(sxt_hparams, d_model)},
    {{"attention.head_count", "num_attention_heads"}, MAX_HEADS, offsetof(sxt_hparams, n_heads)},
    {{"feed_forward_length", "intermediate_size"}, MAX_WIDTH, offsetof(sxt_hparams, n_ff)},
};

static sxt_status read_sizes(const sxt_config *config, sxt_hparams *h, sxt_error *error) {
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        int64_t value;
        SXT_TRY(sxt_config_integer(config, sizes[i].key, 1, sizes[i].high, &value, NULL, error));
        int32_t narrow = (int32_t)value;
        memcpy((char *)h + sizes[i].member, &narrow, sizeof narrow);
    }
    return SXT_OK;
}

static sxt_status read_kv_heads(const sxt_config *config, sxt_hparams *h, sxt_error *error) {
    static const sxt_config_key key = {"attention.head_count_kv", "num_key_value_heads"};
    int64_t n = h->n_heads;
    bool found;
    SXT_TRY(sxt_config_integer(config, key, 1, MAX_HEADS, &n, &found, error));
    if (h->n_heads % n != 0)
        return sxt_fail(error, SXT_E_FORMAT, "%s%s is %lld; needed a divisor of the %d attention heads",
                        config->where, sxt_config_key_name(config, key), (long long)n, h->n_heads);
    h->n_kv_heads = (int32_t)n;
    return SXT_OK;
}

static sxt_status read_head_dim(const sxt_config *config, sxt_hparams *h, sxt_error *error) {
    static const sxt_config_key key = {"attention.key_length", "head_dim"};
    static const sxt_config_key value_key = {"attention.value_length", NULL};
    int64_t n = h->d_model / h->n_heads;
    bool found;
    SXT_TRY(sxt_config_integer(config, key, 2, MAX_HEAD_DIM, &n, &found, error));
    if (!found && h->d_model % h->n_heads != 0)
        return sxt_fail(error, SXT_E_FORMAT, "%s%s is %d; needed a multiple of the %d attention heads, or %s",
                        config->where, sxt_config_key_name(config, sizes[1].key), h->d_model, h->n_heads,
                        sxt_config_key_name(config, key));
    if (n < 2 || n > MAX_HEAD_DIM || n % 2 != 0)
        return sxt_fail(error, SXT_E_FORMAT, "%s%s is %lld; needed an even number from 2 to %d", config->where,
                        sxt_config_key_name(config, key), (long long)n, (int)MAX_HEAD_DIM);
    int64_t n_value = n;
    SXT_TRY(sxt_config_integer(config, value_key, 1, MAX_HEAD_DIM, &n_value, &found, error));
    if (n_value != n)
        return sxt_fail(error, SXT_E_UNSUPPORTED, "%s%s is %lld and %s %lld; only equal ones are supported",
                        config->where, value_key.gguf, (long long)n_value, key.gguf, (long long)n);
    h->head_dim = (int32_t)n;
    return SXT_OK;
}

/* The embedding's rows decide; what else is said of the vocabulary has to fit. `n_rows` 0: no embedding. */
static sxt_status read_vocab(const sxt_config *config, int64_t n_rows, int32_t n_tokens, sxt_hparams *h,
                             sxt_error *error) {
    static const sxt_config_key key = {"vocab_size", "vocab_size"};
    int64_t n = n_rows > 0 ? n_rows : n_tokens;
    bool found;
    SXT_TRY(sxt_config_integer(config, key, 1, MAX_WIDTH, &n, config->gguf ? &found : NULL, error));
    if (n_rows > 0 && n != n_rows)
        return sxt_fail(error, SXT_E_FORMAT, "%svocab_size is %lld; needed %lld, the rows of the embedding",
                        config->where, (long long)n, (long long)n_rows);
    if (n < 1 || n > MAX_WIDTH)
        return sxt_fail(error, SXT_E_FORMAT, "%svocab_size is %lld; needed 1 to %d", config->where,
                        (long long)n, (int)MAX_WIDTH);
    if (n < n_tokens)
        return sxt_fail(error, SXT_E_FORMAT, "%svocab_size is %lld; needed at least the tokenizer's %d tokens",
                        config->where, (long long)n, n_tokens);
    h->n_vocab = (int32_t)n;
    return SXT_OK;
}

static sxt_status read_window(const sxt_config *config, sxt_hparams *h, sxt_error *error) {
    static const sxt_config_key train = {"context_length", "max_position_embeddings"};
    static const sxt_config_key sliding = {"attention.sliding_window", "sliding_window"};
    static const sxt_config_key use = {NULL, "use_sliding_window"};
    bool found, is_used = true;
    SXT_TRY(sxt_config_integer(config, train, 1, MAX_CONTEXT, &h->n_ctx_train, NULL, error));
    SXT_TRY(sxt_config_integer(config, sliding, 0, MAX_CONTEXT, &h->sliding_window, &found, error));
    SXT_TRY(sxt_config_bool(config, use, &is_used, &found, error));
    if (!is_used) h->sliding_window = 0;
    return SXT_OK;
}

static sxt_status read_norm_eps(const sxt_config *config, sxt_hparams *h, sxt_error *error) {
    static const sxt_config_key key = {"attention.layer_norm_rms_epsilon", "rms_norm_eps"};
    double eps;
    SXT_TRY(sxt_config_number(config, key, 1e-20, 0.999, &eps, NULL, error));
    h->norm_eps = (float)eps;
    return SXT_OK;
}

/* ---- What this graph does not have ---- */

static sxt_status refuse_experts(const sxt_config *config, sxt_error *error) {
    static const sxt_config_key keys[] = {{"expert_count", "num_local_experts"}, {NULL, "num_experts"}};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        int64_t n = 0;
        bool found;
        SXT_TRY(sxt_config_integer(config, keys[i], 0, INT32_MAX, &n, &found, error));
        if (n > 0)
            return sxt_fail(error, SXT_E_UNSUPPORTED, "%s%s is %lld; mixtures of experts are not supported",
                            config->where, sxt_config_key_name(config, keys[i]), (long long)n);
    }
    return SXT_OK;
}

static sxt_status refuse_activation(const sxt_config *config, sxt_error *error) {
    static const sxt_config_key key = {NULL, "hidden_act"};
    const char *name = "silu";
    size_t n = strlen(name);
    bool found;
    SXT_TRY(sxt_config_string(config, key, &name, &n, &found, error));
    if ((n == 4 && memcmp(name, "silu", n) == 0) || (n == 5 && memcmp(name, "swish", n) == 0)) return SXT_OK;
    return sxt_fail(error, SXT_E_UNSUPPORTED, "%shidden_act is \"%.*s\"; only silu is supported", config->where,
                    (int)(n < 64 ? n : 64), name);
}

/* Newer files say for each layer whether it slides; one answer for all is what this graph can do. */
static sxt_status read_layer_types(const sxt_config *config, sxt_hparams *h, sxt_error *error) {
    const sxt_json *types = sxt_json_get(config->json, "layer_types");
    if (sxt_json_is_none(types)) return SXT_OK;
    size_t n_full = 0, n_sliding = 0, n = sxt_json_size(types);
    for (size_t i = 0; i < n; i++) {
        const char *text = "";
        size_t n_text = 0;
        sxt_json_string(sxt_json_at(types, i), &text, &n_text);
        n_full += n_text == 14 && memcmp(text, "full_attention", n_text) == 0;
        n_sliding += n_text == 17 && memcmp(text, "sliding_attention", n_text) == 0;
    }
    if (n == 0 || (n_full != n && n_sliding != n))
        return sxt_fail(error, SXT_E_UNSUPPORTED,
                        "%slayer_types is not all full_attention or all sliding_attention; models whose layers "
                        "differ are not supported",
                        config->where);
    if (n_full == n) h->sliding_window = 0;
    return SXT_OK;
}

static sxt_status read_biases(const sxt_config *config, sxt_hparams *h, sxt_error *error) {
    static const sxt_config_key attention = {NULL, "attention_bias"}, mlp = {NULL, "mlp_bias"};
    bool found, attention_bias = false, mlp_bias = false;
    SXT_TRY(sxt_config_bool(config, attention, &attention_bias, &found, error));
    SXT_TRY(sxt_config_bool(config, mlp, &mlp_bias, &found, error));
    if (mlp_bias)
        return sxt_fail(error, SXT_E_UNSUPPORTED,
                        "%smlp_bias is true; biases in the feed-forward block are "
                        "not supported",
                        config->where);
    h->qkv_bias = h->output_bias = attention_bias;
    return SXT_OK;
}

static sxt_status refuse_quantised_folder(const sxt_config *config, sxt_error *error) {
    if (sxt_json_is_none(sxt_json_get(config->json, "quantization_config"))) return SXT_OK;
    return sxt_fail(error, SXT_E_UNSUPPORTED,
                    "%squantization_config: quantised safetensors are not supported; use the original weights "
                    "or a GGUF file",
                    config->where);
}

/* ---- All of it ---- */

/* A name is shown to people: control bytes and bytes that are not UTF-8 go, and a cut falls between
 * characters. */
static void copy_name(const char *text, size_t n, char name[128]) {
    sxt_error clean;
    sxt_fail(&clean, SXT_OK, "%.*s", (int)(n < 400 ? n : 400), text);
    size_t end = strlen(clean.text);
    if (end > 127)
        for (end = 127; ((unsigned char)clean.text[end] & 0xC0) == 0x80;) end--;
    memcpy(name, clean.text, end);
    name[end] = 0;
}

static sxt_status read_name(const sxt_config *config, sxt_hparams *h, sxt_error *error) {
    const sxt_config general = {config->gguf, config->json, config->gguf ? "" : config->where};
    const char *text = "";
    size_t n = 0;
    bool found;
    SXT_TRY(sxt_config_string(&general, (sxt_config_key){"general.name", "_name_or_path"}, &text, &n, &found,
                              error));
    copy_name(text, n, h->name);
    return SXT_OK;
}

static sxt_status read_all(const sxt_config *config, const sxt_arch *arch, int64_t n_rows, int32_t n_tokens,
                           sxt_hparams *hparams, sxt_error *error) {
    sxt_hparams h = {.arch = arch};
    SXT_TRY(refuse_quantised_folder(config, error));
    SXT_TRY(refuse_experts(config, error));
    SXT_TRY(refuse_activation(config, error));
    SXT_TRY(read_sizes(config, &h, error));
    SXT_TRY(read_kv_heads(config, &h, error));
    SXT_TRY(read_head_dim(config, &h, error));
    SXT_TRY(read_vocab(config, n_rows, n_tokens, &h, error));
    SXT_TRY(read_window(config, &h, error));
    SXT_TRY(read_layer_types(config, &h, error));
    SXT_TRY(read_norm_eps(config, &h, error));
    SXT_TRY(read_biases(config, &h, error));
    SXT_TRY(sxt_config_bool(config, (sxt_config_key){NULL, "tie_word_embeddings"}, &h.tied_output,
                            &(bool){false}, error));
    SXT_TRY(sxt_rope_config_read(config, h.head_dim, h.n_ctx_train, &h.rope, error));
    SXT_TRY(read_name(config, &h, error));
    h.rope.interleaved = config->gguf && arch->gguf_interleaved;
    *hparams = h;
    return SXT_OK;
}

static sxt_status fail_arch(const char *where, const char *name, size_t n, sxt_error *error) {
    return sxt_fail(error, SXT_E_UNSUPPORTED, "%s is \"%.*s\", an unknown architecture; supported: %s", where,
                    (int)(n < 64 ? n : 64), name, sxt_arch_list());
}

/* 0 when the file has no embedding: the weights will say so. */
static int64_t embedding_rows(const sxt_source *source, const sxt_arch *arch) {
    const sxt_weight_name *name = sxt_arch_weight(arch, SXT_W_EMBED);
    const sxt_tensor *embed = sxt_source_find_tensor(source, source->gguf ? name->gguf : name->hf);
    return embed && embed->n_dims > 0 ? embed->dims[0] : 0;
}

static sxt_status read_gguf(const sxt_source *source, int32_t n_tokens, sxt_hparams *hparams,
                            sxt_error *error) {
    const sxt_config general = {source->gguf, NULL, ""};
    const char *name;
    size_t n;
    SXT_TRY(
        sxt_config_string(&general, (sxt_config_key){"general.architecture", NULL}, &name, &n, NULL, error));
    const sxt_arch *arch = sxt_arch_by_gguf(name, n);
    if (!arch) return fail_arch("general.architecture", name, n, error);
    char where[64];
    snprintf(where, sizeof where, "%s.", arch->gguf_name);
    const sxt_config config = {source->gguf, NULL, where};
    return read_all(&config, arch, embedding_rows(source, arch), n_tokens, hparams, error);
}

static sxt_status find_hf_arch(const sxt_config *config, const sxt_arch **arch, sxt_error *error) {
    const char *name;
    size_t n;
    SXT_TRY(sxt_config_string(config, (sxt_config_key){NULL, "model_type"}, &name, &n, NULL, error));
    *arch = sxt_arch_by_hf(name, n);
    return *arch ? SXT_OK : fail_arch("config.json: model_type", name, n, error);
}

sxt_status sxt_hparams_from_json(const sxt_json *document, int64_t n_rows, int32_t n_vocab,
                                 sxt_hparams *hparams, sxt_error *error) {
    const sxt_config config = {NULL, document, "config.json: "};
    const sxt_arch *arch;
    SXT_TRY(find_hf_arch(&config, &arch, error));
    return read_all(&config, arch, n_rows, n_vocab, hparams, error);
}

sxt_status sxt_hparams_read(const sxt_source *source, int32_t n_vocab, sxt_hparams *hparams, sxt_error *error) {
    if (source->gguf) return read_gguf(source, n_vocab, hparams, error);
    const sxt_json *document = sxt_hf_config(source->folder);
    const sxt_config config = {NULL, document, "config.json: "};
    const sxt_arch *arch;
    SXT_TRY(find_hf_arch(&config, &arch, error));
    return sxt_hparams_from_json(document, embedding_rows(source, arch), n_vocab, hparams, error);
}

void sxt_rope_scaling_print(const sxt_rope_params *rope, char *text, size_t n) {
    switch (rope->scaling) {
    case SXT_ROPE_NONE: snprintf(text, n, "%s", rope->freq_factors ? "factors" : "none"); break;
    case SXT_ROPE_LINEAR: snprintf(text, n, "linear:factor=%g", rope->factor); break;
    case SXT_ROPE_YARN:
        snprintf(text, n, "yarn:factor=%g,original_context=%.0f", rope->factor, rope->original_context);
        break;
    case SXT_ROPE_LLAMA3:
        snprintf(text, n, "llama3:factor=%g,low=%g,high=%g,original_context=%.0f", rope->factor,
                 rope->low_freq_factor, rope->high_freq_factor, rope->original_context);
        break;
    }
}
