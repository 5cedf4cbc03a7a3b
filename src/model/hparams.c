/* Hyper-parameters: all of them, in the order in which they need each other. */
#include "model/hparams_parts.h"
#include "model/rope_block.h"
#include "model/rope_config.h"

#include <stdio.h>
#include <string.h>

static sxt_status read_norm_eps(const sxt_config *config, sxt_hparams *h, sxt_error *error) {
    bool is_rms = h->traits.norm == SXT_NORM_RMS, found;
    const sxt_config_key key = {is_rms ? "attention.layer_norm_rms_epsilon" : "attention.layer_norm_epsilon",
                                sxt_own_or(h->arch->keys.norm_eps, is_rms ? "rms_norm_eps" : "layer_norm_eps")};
    double eps = h->arch->hf_norm_eps;
    bool may_miss = !config->gguf && eps > 0;
    SXT_TRY(sxt_config_number(config, key, 1e-20, 0.999, &eps, may_miss ? &found : NULL, error));
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

/* Families of SiLU have nothing else; of GELU there are two ways to compute it. */
static sxt_status read_activation(const sxt_config *config, sxt_hparams *h, sxt_error *error) {
    static const struct {
        const char *name;
        sxt_activation activation;
    } known[] = {{"silu", SXT_SILU},           {"swish", SXT_SILU},
                 {"gelu", SXT_GELU},           {"gelu_new", SXT_GELU_TANH},
                 {"gelu_fast", SXT_GELU_TANH}, {"gelu_pytorch_tanh", SXT_GELU_TANH}};
    const sxt_config_key key = {"hidden_act", sxt_own_or(h->arch->keys.activation, "hidden_act")};
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
    SXT_TRY(sxt_hparams_read_windows(config, h, error));
    SXT_TRY(read_rope(config, h, error));
    if (h->arch->read) SXT_TRY(h->arch->read(config, source, h, error));
    if (!h->has_local_rope) SXT_TRY(sxt_rope_block_refuse_kinds(config, error));
    sxt_hparams_settle_windows(h);
    return settle_rope(config, h, error);
}

static sxt_status read_all(const sxt_config *config, const sxt_arch *arch, const sxt_source *source,
                           int64_t n_rows, int32_t n_tokens, sxt_hparams *hparams, sxt_error *error) {
    sxt_hparams h = {
        .arch = arch, .traits = arch->traits, .tied_output = !config->gguf && arch->tied_by_default};
    SXT_TRY(refuse_quantised_folder(config, error));
    SXT_TRY(refuse_experts(config, error));
    SXT_TRY(read_activation(config, &h, error));
    SXT_TRY(sxt_hparams_read_sizes(config, n_rows, n_tokens, &h, error));
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
