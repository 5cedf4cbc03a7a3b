#include "model/arch_llama.h"

#define LAYER(slot, optional, gguf, hf)                                                                        \
    { slot, true, optional, "blk.%d." gguf, "model.layers.%d." hf }

static const sxt_weight_name weights[] = {
    {SXT_W_EMBED, false, false, "token_embd.weight", "model.embed_tokens.weight"},
    {SXT_W_OUTPUT_NORM, false, false, "output_norm.weight", "model.norm.weight"},
    {SXT_W_OUTPUT, false, true, "output.weight", "lm_head.weight"}, /* absent: tied to the embedding */
    {SXT_W_ROPE_FREQS, false, true, "rope_freqs.weight", NULL},     /* Hugging Face: rope_scaling instead */
    LAYER(SXT_W_ATTN_NORM, false, "attn_norm.weight", "input_layernorm.weight"),
    LAYER(SXT_W_Q, false, "attn_q.weight", "self_attn.q_proj.weight"),
    LAYER(SXT_W_K, false, "attn_k.weight", "self_attn.k_proj.weight"),
    LAYER(SXT_W_V, false, "attn_v.weight", "self_attn.v_proj.weight"),
    LAYER(SXT_W_O, false, "attn_output.weight", "self_attn.o_proj.weight"),
    LAYER(SXT_W_Q_BIAS, true, "attn_q.bias", "self_attn.q_proj.bias"),
    LAYER(SXT_W_K_BIAS, true, "attn_k.bias", "self_attn.k_proj.bias"),
    LAYER(SXT_W_V_BIAS, true, "attn_v.bias", "self_attn.v_proj.bias"),
    LAYER(SXT_W_O_BIAS, true, "attn_output.bias", "self_attn.o_proj.bias"),
    LAYER(SXT_W_FFN_NORM, false, "ffn_norm.weight", "post_attention_layernorm.weight"),
    LAYER(SXT_W_GATE, false, "ffn_gate.weight", "mlp.gate_proj.weight"),
    LAYER(SXT_W_UP, false, "ffn_up.weight", "mlp.up_proj.weight"),
    LAYER(SXT_W_DOWN, false, "ffn_down.weight", "mlp.down_proj.weight"),
};

static const char *const hf_types[] = {"llama", "mistral", NULL};

const sxt_arch sxt_arch_llama = {
    .gguf_name = "llama",
    .hf_types = hf_types,
    .weights = weights,
    .n_weights = sizeof weights / sizeof weights[0],
    .gguf_interleaved = true, /* the usual converter permutes the rows of q and k */
};
