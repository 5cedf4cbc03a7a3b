/* GPT-NeoX and Pythia: LayerNorm, biases everywhere, both parts beside each other (or not), few rotated
 * dimensions. */
#include "model/families.h"

#define ROW(slot, gguf, hf)                                                                                    \
    { slot, true, SXT_NEEDED, "blk.%d." gguf, "gpt_neox.layers.%d." hf, NULL }

static const sxt_weight_name weights[] = {
    {SXT_W_EMBED, false, SXT_NEEDED, "token_embd.weight", "gpt_neox.embed_in.weight", NULL},
    {SXT_W_OUTPUT_NORM, false, SXT_NEEDED, "output_norm.weight", "gpt_neox.final_layer_norm.weight", NULL},
    {SXT_W_OUTPUT_NORM_BIAS, false, SXT_NEEDED, "output_norm.bias", "gpt_neox.final_layer_norm.bias", NULL},
    {SXT_W_OUTPUT, false, SXT_OPTIONAL, "output.weight", "embed_out.weight", NULL},
    ROW(SXT_W_ATTN_NORM, "attn_norm.weight", "input_layernorm.weight"),
    ROW(SXT_W_ATTN_NORM_BIAS, "attn_norm.bias", "input_layernorm.bias"),
    ROW(SXT_W_QKV, "attn_qkv.weight", "attention.query_key_value.weight"),
    ROW(SXT_W_QKV_BIAS, "attn_qkv.bias", "attention.query_key_value.bias"),
    ROW(SXT_W_O, "attn_output.weight", "attention.dense.weight"),
    ROW(SXT_W_O_BIAS, "attn_output.bias", "attention.dense.bias"),
    ROW(SXT_W_FFN_NORM, "ffn_norm.weight", "post_attention_layernorm.weight"),
    ROW(SXT_W_FFN_NORM_BIAS, "ffn_norm.bias", "post_attention_layernorm.bias"),
    ROW(SXT_W_UP, "ffn_up.weight", "mlp.dense_h_to_4h.weight"),
    ROW(SXT_W_UP_BIAS, "ffn_up.bias", "mlp.dense_h_to_4h.bias"),
    ROW(SXT_W_DOWN, "ffn_down.weight", "mlp.dense_4h_to_h.weight"),
    ROW(SXT_W_DOWN_BIAS, "ffn_down.bias", "mlp.dense_4h_to_h.bias"),
};

static const char *const hf_types[] = {"gpt_neox", NULL};
/* The causal mask, stored beside the weights. */
static const char *const hf_ignored[] = {".attention.bias", ".attention.masked_bias", NULL};

static sxt_status read(const sxt_config *config, const sxt_source *source, sxt_hparams *h, sxt_error *error) {
    static const sxt_config_key parallel = {"use_parallel_residual", "use_parallel_residual"};
    static const sxt_config_key bias = {NULL, "attention_bias"};
    bool found, has_bias = true;
    (void)source;
    h->traits.parallel = true;
    SXT_TRY(sxt_config_bool(config, parallel, &h->traits.parallel, &found, error));
    SXT_TRY(sxt_config_bool(config, bias, &has_bias, &found, error));
    if (has_bias) return SXT_OK;
    return sxt_fail(error, SXT_E_UNSUPPORTED, "%sattention_bias is false; only true is supported",
                    config->where);
}

const sxt_arch sxt_arch_gptneox = {
    .gguf_name = "gptneox",
    .hf_types = hf_types,
    .weights = weights,
    .n_weights = sizeof weights / sizeof weights[0],
    .traits = {.norm = SXT_NORM_LAYER, .activation = SXT_GELU},
    .hf_ignored = hf_ignored,
    .hf_grouped_qkv = true,
    .hf_rotary_part = 0.25,
    .gguf_says_parallel = true,
    .read = read,
};
