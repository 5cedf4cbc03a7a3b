/* MPT: ALiBi instead of rotary positions, LayerNorm without biases. */
#include "model/families.h"

#include <string.h>

#define ROW(slot, gguf, hf)                                                                                    \
    { slot, true, SXT_NEEDED, "blk.%d." gguf, "transformer.blocks.%d." hf, NULL }

static const sxt_weight_name weights[] = {
    {SXT_W_EMBED, false, SXT_NEEDED, "token_embd.weight", "transformer.wte.weight", NULL},
    {SXT_W_OUTPUT_NORM, false, SXT_NEEDED, "output_norm.weight", "transformer.norm_f.weight", NULL},
    {SXT_W_OUTPUT, false, SXT_OPTIONAL, "output.weight", "lm_head.weight", NULL},
    ROW(SXT_W_ATTN_NORM, "attn_norm.weight", "norm_1.weight"),
    ROW(SXT_W_QKV, "attn_qkv.weight", "attn.Wqkv.weight"),
    ROW(SXT_W_O, "attn_output.weight", "attn.out_proj.weight"),
    ROW(SXT_W_FFN_NORM, "ffn_norm.weight", "norm_2.weight"),
    ROW(SXT_W_UP, "ffn_up.weight", "ffn.up_proj.weight"),
    ROW(SXT_W_DOWN, "ffn_down.weight", "ffn.down_proj.weight"),
};

static const char *const hf_types[] = {"mpt", NULL};

static sxt_status refuse(const sxt_config *config, const char *name, bool needed, bool usual,
                         sxt_error *error) {
    bool found, value = usual;
    SXT_TRY(sxt_config_bool(config, (sxt_config_key){NULL, name}, &value, &found, error));
    if (value == needed) return SXT_OK;
    return sxt_fail(error, SXT_E_UNSUPPORTED, "%s%s is %s; only %s is supported", config->where, name,
                    value ? "true" : "false", needed ? "true" : "false");
}

/* What later MPT code can do and no published model does. */
static sxt_status refuse_unusual(const sxt_config *config, const sxt_config *attention, sxt_error *error) {
    const char *norm = "layernorm";
    size_t n = strlen(norm);
    int64_t window = -1;
    bool found;
    SXT_TRY(refuse(attention, "alibi", true, false, error));
    SXT_TRY(refuse(attention, "rope", false, false, error));
    SXT_TRY(refuse(attention, "qk_ln", false, false, error));
    SXT_TRY(refuse(attention, "qk_gn", false, false, error));
    SXT_TRY(refuse(attention, "prefix_lm", false, false, error));
    SXT_TRY(sxt_config_integer(attention, (sxt_config_key){NULL, "sliding_window_size"}, -1, -1, &window,
                               &found, error));
    SXT_TRY(sxt_config_string(config, (sxt_config_key){NULL, "norm_type"}, &norm, &n, &found, error));
    if (n < 9 || memcmp(norm + n - 9, "layernorm", 9) != 0)
        return sxt_fail(error, SXT_E_UNSUPPORTED, "%snorm_type is \"%.*s\"; only layernorm is supported",
                        config->where, (int)(n < 64 ? n : 64), norm);
    if (sxt_json_is_none(sxt_json_get(config->json, "logit_scale"))) return SXT_OK;
    return sxt_fail(error, SXT_E_UNSUPPORTED, "%slogit_scale is set; only null is supported", config->where);
}

/* config.json: attn_config. */
static sxt_status read_attention(const sxt_config *config, sxt_hparams *h, sxt_error *error) {
    const sxt_config sub = {NULL, sxt_json_get(config->json, "attn_config"), "config.json: attn_config."};
    double clip = 0, most = 8, scale = 0;
    int64_t n_kv = h->n_heads;
    bool found;
    if (sxt_json_kind_of(sub.json) != SXT_JSON_OBJECT)
        return sxt_fail(error, SXT_E_FORMAT,
                        "%sattn_config is missing or not an object; the model cannot be read "
                        "without it",
                        config->where);
    SXT_TRY(refuse_unusual(config, &sub, error));
    SXT_TRY(sxt_config_number(&sub, (sxt_config_key){NULL, "clip_qkv"}, 1e-6, 1e6, &clip, &found, error));
    SXT_TRY(sxt_config_number(&sub, (sxt_config_key){NULL, "alibi_bias_max"}, 1e-3, 1e3, &most, &found, error));
    SXT_TRY(sxt_config_number(&sub, (sxt_config_key){NULL, "softmax_scale"}, 1e-6, 1e6, &scale, &found, error));
    SXT_TRY(
        sxt_config_integer(&sub, (sxt_config_key){NULL, "kv_n_heads"}, 1, h->n_heads, &n_kv, &found, error));
    if (h->n_heads % n_kv != 0)
        return sxt_fail(error, SXT_E_FORMAT, "%skv_n_heads is %lld; needed a divisor of the %d attention heads",
                        sub.where, (long long)n_kv, h->n_heads);
    h->n_kv_heads = (int32_t)n_kv;
    h->traits.qkv_clip = (float)clip;
    h->traits.alibi = (float)most;
    h->traits.score_scale = (float)scale;
    return SXT_OK;
}

static sxt_status read_gguf(const sxt_config *config, sxt_hparams *h, sxt_error *error) {
    static const sxt_config_key clip_key = {"attention.clamp_kqv", NULL};
    static const sxt_config_key most_key = {"attention.max_alibi_bias", NULL};
    static const sxt_config_key scale_key = {"attention.scale", NULL};
    double clip = 0, most = 0, scale = 0;
    bool found;
    SXT_TRY(sxt_config_number(config, clip_key, 0, 1e6, &clip, &found, error));
    SXT_TRY(sxt_config_number(config, scale_key, 1e-6, 1e6, &scale, &found, error));
    SXT_TRY(sxt_config_number(config, most_key, 1e-3, 1e3, &most, NULL, error));
    h->traits.qkv_clip = (float)clip;
    h->traits.alibi = (float)most;
    h->traits.score_scale = (float)scale;
    return SXT_OK;
}

static sxt_status read(const sxt_config *config, const sxt_source *source, sxt_hparams *h, sxt_error *error) {
    double ratio = 4;
    bool found;
    (void)source;
    if (config->gguf) return read_gguf(config, h, error);
    SXT_TRY(refuse(config, "no_bias", true, false, error));
    SXT_TRY(sxt_config_number(config, (sxt_config_key){NULL, "expansion_ratio"}, 0.01, 1024, &ratio, &found,
                              error));
    double n_ff = ratio * h->d_model;
    if (n_ff < 1 || n_ff > 1 << 22 || n_ff != (double)(int32_t)n_ff)
        return sxt_fail(error, SXT_E_FORMAT,
                        "%sexpansion_ratio is %g, which times d_model %d is no whole number from 1 to %d",
                        config->where, ratio, h->d_model, 1 << 22);
    h->n_ff = (int32_t)n_ff;
    return read_attention(config, h, error);
}

const sxt_arch sxt_arch_mpt = {
    .gguf_name = "mpt",
    .hf_types = hf_types,
    .weights = weights,
    .n_weights = sizeof weights / sizeof weights[0],
    .traits = {.norm = SXT_NORM_LAYER, .activation = SXT_GELU, .alibi = 8},
    .keys = {.n_layers = "n_layers",
             .d_model = "d_model",
             .n_heads = "n_heads",
             .n_ctx = "max_seq_len",
             .norm_eps = "layer_norm_epsilon"},
    .tied_by_default = true,
    .hf_ff_multiple = 4,
    .hf_norm_eps = 1e-5,
    .read = read,
};
