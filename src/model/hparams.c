#include "model/hparams.h"

#include "model/arch.h"
#include "model/rope_config.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

enum {
    MAX_HEADS = 1024,
    MAX_HEAD_DIM = 1024,
    MAX_WIDTH = 1 << 22, /* d_model, n_ff, n_vocab */
};
#define MAX_CONTEXT ((int64_t)1 << 31)

/* ---- Sizes ---- */

/* A family's own name in config.json, or the usual one. */
static const char *own_or(const char *own, const char *usual) { return own ? own : usual; }

static sxt_status read_size(const sxt_config *config, const char *gguf, const char *hf, int64_t high,
                            int32_t *size, sxt_error *error) {
    int64_t value;
    SXT_TRY(sxt_config_integer(config, (sxt_config_key){gguf, hf}, 1, high, &value, NULL, error));
    *size = (int32_t)value;
    return SXT_OK;
}

static sxt_config_key width_key(const sxt_arch *arch) {
    return (sxt_config_key){"embedding_length", own_or(arch->keys.d_model, "hidden_size")};
}

static sxt_status read_n_ff(const sxt_config *config, sxt_hparams *h, sxt_error *error) {
    const sxt_arch *arch = h->arch;
    const sxt_config_key key = {"feed_forward_length", own_or(arch->keys.n_ff, "intermediate_size")};
    int64_t n = (int64_t)arch->hf_ff_multiple * h->d_model;
    bool found, may_miss = !config->gguf && arch->hf_ff_multiple > 0;
    SXT_TRY(sxt_config_integer(config, key, 1, MAX_WIDTH, &n, may_miss ? &found : NULL, error));
    if (n > MAX_WIDTH)
        return sxt_fail(error, SXT_E_FORMAT, "%s%s is %d, and the feed-forward width %lld; needed at most %d",
                        config->where, width_key(arch).hf, h->d_model, (long long)n, (int)MAX_WIDTH);
    h->n_ff = (int32_t)n;
    return SXT_OK;
}

static sxt_status read_sizes(const sxt_config *config, sxt_hparams *h, sxt_error *error) {
    const sxt_hf_keys *own = &h->arch->keys;
    SXT_TRY(read_size(config, "block_count", own_or(own->n_layers, "num_hidden_layers"), SXT_MAX_LAYERS,
                      &h->n_layers, error));
    SXT_TRY(read_size(config, width_key(h->arch).gguf, width_key(h->arch).hf, MAX_WIDTH, &h->d_model, error));
    SXT_TRY(read_size(config, "attention.head_count", own_or(own->n_heads, "num_attention_heads"), MAX_HEADS,
                      &h->n_heads, error));
    return read_n_ff(config, h, error);
}

static sxt_status read_kv_heads(const sxt_config *config, sxt_hparams *h, sxt_error *error) {
    const sxt_config_key key = {"attention.head_count_kv",
                                own_or(h->arch->keys.n_kv_heads, "num_key_value_heads")};
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
    const int32_t usual = config->gguf ? 0 : h->arch->hf_head_dim;
    int64_t n = usual ? usual : h->d_model / h->n_heads;
    bool found;
    SXT_TRY(sxt_config_integer(config, key, 2, MAX_HEAD_DIM, &n, &found, error));
    found = found || usual;
    if (!found && h->d_model % h->n_heads != 0)
        return sxt_fail(error, SXT_E_FORMAT, "%s%s is %d; needed a multiple of the %d attention heads, or %s",
                        config->where, sxt_config_key_name(config, width_key(h->arch)), h->d_model, h->n_heads,
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

static sxt_status read_norm_eps(const sxt_config *config, sxt_hparams *h, sxt_error *error) {
    bool is_rms = h->traits.norm == SXT_NORM_RMS, found;
    const sxt_config_key key = {is_rms ? "attention.layer_norm_rms_epsilon" : "attention.layer_norm_epsilon",
                                own_or(h->arch->keys.norm_eps, is_rms ? "rms_norm_eps" : "layer_norm_eps")};
    double eps = h->arch->hf_norm_eps;
    bool may_miss = !config->gguf && eps > 0;
    SXT_TRY(sxt_config_number(config, key, 1e-20, 0.999, &eps, may_miss ? &found : NULL, error));
    h->norm_eps = (float)eps;
    return SXT_OK;
}

/* ---- Which layers slide ---- */

static sxt_status read_window(const sxt_config *config, sxt_hparams *h, sxt_error *error) {
    const sxt_arch *arch = h->arch;
    const sxt_config_key train = {"context_length", own_or(arch->keys.n_ctx, "max_position_embeddings")};
    static const sxt_config_key sliding = {"attention.sliding_window", "sliding_window"};
    static const sxt_config_key use = {NULL, "use_sliding_window"};
    bool found, is_used = config->gguf || !arch->window_is_opt_in;
    bool may_miss = !config->gguf && arch->hf_n_ctx > 0;
    h->n_ctx_train = arch->hf_n_ctx;
    SXT_TRY(
        sxt_config_integer(config, train, 1, MAX_CONTEXT, &h->n_ctx_train, may_miss ? &found : NULL, error));
    SXT_TRY(sxt_config_integer(config, sliding, 0, MAX_CONTEXT, &h->sliding_window, &found, error));
    SXT_TRY(sxt_config_bool(config, use, &is_used, &found, error));
    if (!is_used) h->sliding_window = 0;
    return SXT_OK;
}

/* Every layer, all but the last of every `period`, or in config.json those from max_window_layers on. */
static sxt_status read_period(const sxt_config *config, sxt_hparams *h, sxt_error *error) {
    static const sxt_config_key pattern = {NULL, "sliding_window_pattern"}, from = {NULL, "max_window_layers"};
    int64_t period = h->arch->window_period, first = 0;
    bool found;
    if (period > 0) SXT_TRY(sxt_config_integer(config, pattern, 1, SXT_MAX_LAYERS, &period, &found, error));
    if (h->arch->window_is_opt_in) {
        first = config->gguf ? 0 : 28; /* what Qwen's own code takes where the file says nothing */
        SXT_TRY(sxt_config_integer(config, from, 0, INT32_MAX, &first, &found, error));
    }
    for (int32_t i = 0; i < h->n_layers; i++)
        h->slides[i] = i >= first && (period == 0 || (i + 1) % period != 0);
    return SXT_OK;
}

/* Newer files say it for each layer. */
static sxt_status read_layer_types(const sxt_config *config, sxt_hparams *h, sxt_error *error) {
    const sxt_json *types = sxt_json_get(config->json, "layer_types");
    if (sxt_json_is_none(types)) return SXT_OK;
    if (sxt_json_kind_of(types) != SXT_JSON_ARRAY || sxt_json_size(types) != (size_t)h->n_layers)
        return sxt_fail(error, SXT_E_FORMAT, "%slayer_types is not a list of the %d layers", config->where,
                        h->n_layers);
    bool any = false;
    for (int32_t i = 0; i < h->n_layers; i++) {
        const char *text = "";
        size_t n = 0;
        sxt_json_string(sxt_json_at(types, (size_t)i), &text, &n);
        h->slides[i] = n == 17 && memcmp(text, "sliding_attention", n) == 0;
        any |= h->slides[i];
        if (!h->slides[i] && (n != 14 || memcmp(text, "full_attention", n) != 0))
            return sxt_fail(error, SXT_E_UNSUPPORTED,
                            "%slayer_types has something else than full_attention or sliding_attention for "
                            "layer %d",
                            config->where, i);
    }
    if (any && h->sliding_window == 0)
        return sxt_fail(
            error, SXT_E_FORMAT,
            "%slayer_types has layers with sliding_attention, and sliding_window gives them no width; give "
            "one, or make them full_attention",
            config->where);
    return SXT_OK;
}

/* The same in GGUF, as files for llama.cpp have it since 2025. */
static sxt_status read_layer_flags(const sxt_config *config, sxt_hparams *h, sxt_error *error) {
    char key[96];
    snprintf(key, sizeof key, "%sattention.sliding_window_pattern", config->where);
    const sxt_gguf_value *value = config->gguf ? sxt_gguf_find(config->gguf, key) : NULL;
    if (!value) return SXT_OK;
    if (!value->is_array || value->type != SXT_GGUF_BOOL || value->n != (uint64_t)h->n_layers)
        return sxt_fail_at(error, SXT_E_FORMAT, value->offset,
                           "%.100s is not an array of true or false for each of the %d layers", key,
                           h->n_layers);
    for (int32_t i = 0; i < h->n_layers; i++) h->slides[i] = value->data[i] != 0;
    return SXT_OK;
}

/* A window that no layer has, and layers without a window, are none. */
static void settle_window(sxt_hparams *h) {
    h->n_sliding = 0;
    for (int32_t i = 0; i < h->n_layers; i++) {
        h->slides[i] = h->slides[i] && h->sliding_window > 0;
        h->n_sliding += h->slides[i];
    }
    if (h->n_sliding == 0) h->sliding_window = 0;
}

bool sxt_hparams_local_alone(const sxt_hparams *h) {
    bool follows = h->rope.scaling == SXT_ROPE_DYNAMIC || h->rope.scaling == SXT_ROPE_LONGROPE;
    return h->n_sliding > 0 && h->sliding_window <= h->n_ctx_train && !follows;
}

const sxt_rope_params *sxt_hparams_local_rope(const sxt_hparams *h) {
    if (h->has_local_rope) return &h->local_rope;
    return sxt_hparams_local_alone(h) ? &h->rope : NULL;
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

/* Families of SiLU have nothing else; of GELU there are two ways to compute it. */
static sxt_status read_activation(const sxt_config *config, sxt_hparams *h, sxt_error *error) {
    static const struct {
        const char *name;
        sxt_activation activation;
    } known[] = {{"silu", SXT_SILU},           {"swish", SXT_SILU},
                 {"gelu", SXT_GELU},           {"gelu_new", SXT_GELU_TANH},
                 {"gelu_fast", SXT_GELU_TANH}, {"gelu_pytorch_tanh", SXT_GELU_TANH}};
    const sxt_config_key key = {"hidden_act", own_or(h->arch->keys.activation, "hidden_act")};
    const char *name = "";
    size_t n = 0;
    bool found, is_silu = h->traits.activation == SXT_SILU;
    SXT_TRY(sxt_config_string(config, key, &name, &n, &found, error));
    if (!found) return SXT_OK;
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (n == strlen(known[i].name) && memcmp(name, known[i].name, n) == 0 &&
            (known[i].activation == SXT_SILU) == is_silu) {
            h->traits.activation = known[i].activation;
            return SXT_OK;
        }
    return sxt_fail(error, SXT_E_UNSUPPORTED, "%s%s is \"%.*s\"; only %s supported", config->where,
                    sxt_config_key_name(config, key), (int)(n < 64 ? n : 64), name,
                    is_silu ? "silu is" : "gelu, gelu_new, gelu_fast and gelu_pytorch_tanh are");
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
    if (attention_bias && !sxt_arch_weight(h->arch, SXT_W_Q_BIAS) && !sxt_arch_weight(h->arch, SXT_W_QKV_BIAS))
        return sxt_fail(error, SXT_E_UNSUPPORTED,
                        "%sattention_bias is true; %s models have no such biases here", config->where,
                        h->arch->gguf_name);
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

static sxt_status read_rope(const sxt_config *config, sxt_hparams *h, sxt_error *error) {
    const double theta = h->arch->hf_rope_theta;
    const sxt_rope_usual usual = {.theta = theta > 0 ? theta : 10000, .part = h->arch->hf_rotary_part};
    SXT_TRY(sxt_rope_config_read(config, h->head_dim, h->n_ctx_train, &usual, &h->rope, error));
    h->rope.interleaved = config->gguf && h->arch->gguf_interleaved;
    return SXT_OK;
}

/* Without rotary positions nothing turns. */
static sxt_status settle_rope(const sxt_config *config, sxt_hparams *h, sxt_error *error) {
    enum { LEAST = 4 };
    if (h->traits.alibi == 0) return SXT_OK;
    if (h->head_dim < LEAST)
        return sxt_fail(error, SXT_E_UNSUPPORTED, "%s: heads of %d dimensions; needed at least %d",
                        config->where, h->head_dim, (int)LEAST);
    h->rope = (sxt_rope_params){.n_rot = LEAST, .theta = 10000, .scaling = SXT_ROPE_STILL, .factor = 1};
    return SXT_OK;
}

/* Where things stand in a sequence. */
static sxt_status read_positions(const sxt_config *config, const sxt_source *source, sxt_hparams *h,
                                 sxt_error *error) {
    SXT_TRY(read_window(config, h, error));
    SXT_TRY(read_period(config, h, error));
    SXT_TRY(read_layer_types(config, h, error));
    SXT_TRY(read_layer_flags(config, h, error));
    SXT_TRY(read_rope(config, h, error));
    if (h->arch->read) SXT_TRY(h->arch->read(config, source, h, error));
    if (!h->has_local_rope) SXT_TRY(sxt_rope_config_refuse_local(config, error));
    settle_window(h);
    return settle_rope(config, h, error);
}

static sxt_status read_all(const sxt_config *config, const sxt_arch *arch, const sxt_source *source,
                           int64_t n_rows, int32_t n_tokens, sxt_hparams *hparams, sxt_error *error) {
    sxt_hparams h = {
        .arch = arch, .traits = arch->traits, .tied_output = !config->gguf && arch->tied_by_default};
    SXT_TRY(refuse_quantised_folder(config, error));
    SXT_TRY(refuse_experts(config, error));
    SXT_TRY(read_activation(config, &h, error));
    SXT_TRY(read_sizes(config, &h, error));
    SXT_TRY(read_kv_heads(config, &h, error));
    SXT_TRY(read_head_dim(config, &h, error));
    SXT_TRY(read_vocab(config, n_rows, n_tokens, &h, error));
    SXT_TRY(read_norm_eps(config, &h, error));
    SXT_TRY(read_biases(config, &h, error));
    SXT_TRY(sxt_config_bool(config, (sxt_config_key){NULL, "tie_word_embeddings"}, &h.tied_output,
                            &(bool){false}, error));
    SXT_TRY(read_positions(config, source, &h, error));
    SXT_TRY(read_name(config, &h, error));
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
    return read_all(&config, arch, source, embedding_rows(source, arch), n_tokens, hparams, error);
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
    return read_all(&config, arch, NULL, n_rows, n_vocab, hparams, error);
}

sxt_status sxt_hparams_read(const sxt_source *source, int32_t n_vocab, sxt_hparams *hparams, sxt_error *error) {
    if (source->gguf) return read_gguf(source, n_vocab, hparams, error);
    const sxt_json *document = sxt_hf_config(source->folder);
    const sxt_config config = {NULL, document, "config.json: "};
    const sxt_arch *arch;
    SXT_TRY(find_hf_arch(&config, &arch, error));
    return read_all(&config, arch, source, embedding_rows(source, arch), n_vocab, hparams, error);
}
