/* Falcon: both parts beside each other; the 7B model with one norm for both, the larger ones with one each. */
#include "model/families.h"

static bool has_two_norms(const sxt_hparams *h) { return h->variant == 2; }
static bool has_one_norm(const sxt_hparams *h) { return h->variant != 2; }

#define ROW(slot, gguf, hf, when)                                                                              \
    { slot, true, SXT_NEEDED, "blk.%d." gguf, "transformer.h.%d." hf, when }

static const sxt_weight_name weights[] = {
    {SXT_W_EMBED, false, SXT_NEEDED, "token_embd.weight", "transformer.word_embeddings.weight", NULL},
    {SXT_W_OUTPUT_NORM, false, SXT_NEEDED, "output_norm.weight", "transformer.ln_f.weight", NULL},
    {SXT_W_OUTPUT_NORM_BIAS, false, SXT_NEEDED, "output_norm.bias", "transformer.ln_f.bias", NULL},
    {SXT_W_OUTPUT, false, SXT_OPTIONAL, "output.weight", "lm_head.weight", NULL},
    ROW(SXT_W_ATTN_NORM, "attn_norm.weight", "input_layernorm.weight", has_one_norm),
    ROW(SXT_W_ATTN_NORM_BIAS, "attn_norm.bias", "input_layernorm.bias", has_one_norm),
    ROW(SXT_W_FFN_NORM, "attn_norm.weight", "ln_mlp.weight", has_two_norms),
    ROW(SXT_W_FFN_NORM_BIAS, "attn_norm.bias", "ln_mlp.bias", has_two_norms),
    ROW(SXT_W_ATTN_NORM, "attn_norm_2.weight", "ln_attn.weight", has_two_norms),
    ROW(SXT_W_ATTN_NORM_BIAS, "attn_norm_2.bias", "ln_attn.bias", has_two_norms),
    ROW(SXT_W_QKV, "attn_qkv.weight", "self_attention.query_key_value.weight", NULL),
    ROW(SXT_W_O, "attn_output.weight", "self_attention.dense.weight", NULL),
    ROW(SXT_W_UP, "ffn_up.weight", "mlp.dense_h_to_4h.weight", NULL),
    ROW(SXT_W_DOWN, "ffn_down.weight", "mlp.dense_4h_to_h.weight", NULL),
};

static const char *const hf_types[] = {"falcon", "RefinedWeb", "RefinedWebModel", NULL};

static sxt_status refuse_rw(const sxt_config *config, const char *name, bool needed, bool usual,
                            sxt_error *error) {
    bool found, value = usual;
    SXT_TRY(sxt_config_bool(config, (sxt_config_key){NULL, name}, &value, &found, error));
    if (value == needed) return SXT_OK;
    return sxt_fail(error, SXT_E_UNSUPPORTED,
                    "%s%s is %s; only %s is supported (Falcon 7B, 40B and 180B, not Falcon-RW)", config->where,
                    name, value ? "true" : "false", needed ? "true" : "false");
}

/* Heads of keys and values, whose number stands under several names. */
static sxt_status read_kv_heads(const sxt_config *config, bool is_new, sxt_hparams *h, sxt_error *error) {
    bool found, one = true;
    int64_t n = h->n_heads;
    SXT_TRY(sxt_config_bool(config, (sxt_config_key){NULL, "multi_query"}, &one, &found, error));
    SXT_TRY(sxt_config_integer(config, (sxt_config_key){NULL, "n_head_kv"}, 1, h->n_heads, &n, &found, error));
    SXT_TRY(
        sxt_config_integer(config, (sxt_config_key){NULL, "num_kv_heads"}, 1, h->n_heads, &n, &found, error));
    if (!is_new) n = one ? 1 : h->n_heads;
    if (h->n_heads % n != 0)
        return sxt_fail(error, SXT_E_FORMAT,
                        "%snum_kv_heads is %lld; needed a divisor of the %d attention heads", config->where,
                        (long long)n, h->n_heads);
    h->n_kv_heads = (int32_t)n;
    return SXT_OK;
}

static sxt_status read(const sxt_config *config, const sxt_source *source, sxt_hparams *h, sxt_error *error) {
    bool found, is_new = false;
    int64_t n_norms = 0;
    h->variant = 1;
    if (config->gguf) {
        h->variant = source && sxt_source_find_tensor(source, "blk.0.attn_norm_2.weight") ? 2 : 1;
        return SXT_OK;
    }
    SXT_TRY(refuse_rw(config, "alibi", false, false, error));
    SXT_TRY(refuse_rw(config, "bias", false, false, error));
    SXT_TRY(
        sxt_config_bool(config, (sxt_config_key){NULL, "new_decoder_architecture"}, &is_new, &found, error));
    if (!is_new) SXT_TRY(refuse_rw(config, "parallel_attn", true, true, error));
    SXT_TRY(sxt_config_integer(config, (sxt_config_key){NULL, "num_ln_in_parallel_attn"}, 1, 2, &n_norms,
                               &found, error));
    h->variant = n_norms > 0 ? (int32_t)n_norms : is_new ? 2 : 1;
    return read_kv_heads(config, is_new, h, error);
}

const sxt_arch sxt_arch_falcon = {
    .gguf_name = "falcon",
    .hf_types = hf_types,
    .weights = weights,
    .n_weights = sizeof weights / sizeof weights[0],
    .traits = {.norm = SXT_NORM_LAYER, .activation = SXT_GELU, .parallel = true},
    .keys = {.n_ff = "ffn_hidden_size", .norm_eps = "layer_norm_epsilon", .activation = "activation"},
    .hf_grouped_qkv = true,
    .tied_by_default = true,
    .hf_ff_multiple = 4,
    .hf_n_ctx = 2048,
    .read = read,
};
