/* Phi-1, Phi-1.5, Phi-2: both parts read one LayerNorm; biases everywhere, also on the output. */
#include "model/families.h"

static const sxt_weight_name weights[] = {
    {SXT_W_EMBED, false, SXT_NEEDED, "token_embd.weight", "model.embed_tokens.weight", NULL},
    {SXT_W_OUTPUT_NORM, false, SXT_NEEDED, "output_norm.weight", "model.final_layernorm.weight", NULL},
    {SXT_W_OUTPUT_NORM_BIAS, false, SXT_NEEDED, "output_norm.bias", "model.final_layernorm.bias", NULL},
    {SXT_W_OUTPUT, false, SXT_NEEDED, "output.weight", "lm_head.weight", NULL},
    {SXT_W_OUTPUT_BIAS, false, SXT_NEEDED, "output.bias", "lm_head.bias", NULL},
    SXT_LAYER_ROW(SXT_W_ATTN_NORM, SXT_NEEDED, "attn_norm.weight", "input_layernorm.weight"),
    SXT_LAYER_ROW(SXT_W_ATTN_NORM_BIAS, SXT_NEEDED, "attn_norm.bias", "input_layernorm.bias"),
    /* older GGUF files have them in one */
    {SXT_W_QKV, true, SXT_OPTIONAL, "blk.%d.attn_qkv.weight", NULL, NULL},
    {SXT_W_QKV_BIAS, true, SXT_OPTIONAL, "blk.%d.attn_qkv.bias", NULL, NULL},
    SXT_LAYER_ROW(SXT_W_Q, SXT_UNLESS_FUSED, "attn_q.weight", "self_attn.q_proj.weight"),
    SXT_LAYER_ROW(SXT_W_K, SXT_UNLESS_FUSED, "attn_k.weight", "self_attn.k_proj.weight"),
    SXT_LAYER_ROW(SXT_W_V, SXT_UNLESS_FUSED, "attn_v.weight", "self_attn.v_proj.weight"),
    SXT_QKV_BIAS_ROWS(SXT_UNLESS_FUSED),
    SXT_LAYER_ROW(SXT_W_O, SXT_NEEDED, "attn_output.weight", "self_attn.dense.weight"),
    SXT_LAYER_ROW(SXT_W_O_BIAS, SXT_NEEDED, "attn_output.bias", "self_attn.dense.bias"),
    SXT_LAYER_ROW(SXT_W_UP, SXT_NEEDED, "ffn_up.weight", "mlp.fc1.weight"),
    SXT_LAYER_ROW(SXT_W_UP_BIAS, SXT_NEEDED, "ffn_up.bias", "mlp.fc1.bias"),
    SXT_LAYER_ROW(SXT_W_DOWN, SXT_NEEDED, "ffn_down.weight", "mlp.fc2.weight"),
    SXT_LAYER_ROW(SXT_W_DOWN_BIAS, SXT_NEEDED, "ffn_down.bias", "mlp.fc2.bias"),
};

static const char *const hf_types[] = {"phi", NULL};

static sxt_status read(const sxt_config *config, const sxt_source *source, sxt_hparams *h, sxt_error *error) {
    bool found, head_norms = false;
    (void)source;
    (void)h;
    SXT_TRY(sxt_config_bool(config, (sxt_config_key){NULL, "qk_layernorm"}, &head_norms, &found, error));
    if (!head_norms) return SXT_OK;
    return sxt_fail(error, SXT_E_UNSUPPORTED, "%sqk_layernorm is true; only false is supported", config->where);
}

const sxt_arch sxt_arch_phi2 = {
    .gguf_name = "phi2",
    .hf_types = hf_types,
    .weights = weights,
    .n_weights = sizeof weights / sizeof weights[0],
    .traits = {.norm = SXT_NORM_LAYER, .activation = SXT_GELU_TANH, .parallel = true},
    .hf_rotary_part = 0.5,
    .read = read,
};
