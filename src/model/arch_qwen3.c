/* Qwen 3, the dense models: no biases, but a norm on each head's query and key. */
#include "model/families.h"

static const sxt_weight_name weights[] = {
    SXT_MODEL_ROWS,
    SXT_TWO_NORM_ROWS,
    SXT_ATTENTION_ROWS,
    SXT_LAYER_ROW(SXT_W_Q_NORM, SXT_NEEDED, "attn_q_norm.weight", "self_attn.q_norm.weight"),
    SXT_LAYER_ROW(SXT_W_K_NORM, SXT_NEEDED, "attn_k_norm.weight", "self_attn.k_norm.weight"),
    SXT_GATED_ROWS,
};

static const char *const hf_types[] = {"qwen3", NULL};

const sxt_arch sxt_arch_qwen3 = {
    .gguf_name = "qwen3",
    .hf_types = hf_types,
    .weights = weights,
    .n_weights = sizeof weights / sizeof weights[0],
    .traits = {.gated = true},
    .window_is_opt_in = true,
    .hf_head_dim = 128,
};
