/* The Llama family: Llama 1 to 3.2, Mistral, SOLAR, TinyLlama, Yi, SmolLM. */
#include "model/families.h"

static const sxt_weight_name weights[] = {
    SXT_MODEL_ROWS,
    SXT_LAYER_ROW(SXT_W_ATTN_NORM, SXT_NEEDED, "attn_norm.weight", "input_layernorm.weight"),
    SXT_ATTENTION_ROWS,
    SXT_QKV_BIAS_ROWS(SXT_OPTIONAL),
    SXT_LAYER_ROW(SXT_W_O_BIAS, SXT_OPTIONAL, "attn_output.bias", "self_attn.o_proj.bias"),
    SXT_LAYER_ROW(SXT_W_FFN_NORM, SXT_NEEDED, "ffn_norm.weight", "post_attention_layernorm.weight"),
    SXT_GATED_ROWS,
};

static const char *const hf_types[] = {"llama", "mistral", NULL};

const sxt_arch sxt_arch_llama = {
    .gguf_name = "llama",
    .hf_types = hf_types,
    .weights = weights,
    .n_weights = sizeof weights / sizeof weights[0],
    .traits = {.gated = true},
    .gguf_interleaved = true, /* the usual converter permutes the rows of q and k */
};
