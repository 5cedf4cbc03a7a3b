/* Phi-3, Phi-3.5, Phi-4: Llama's layers with q, k, v in one tensor, and gate and up in one. */
#include "model/families.h"

static const sxt_weight_name weights[] = {
    SXT_MODEL_ROWS,
    SXT_TWO_NORM_ROWS,
    SXT_LAYER_ROW(SXT_W_QKV, SXT_NEEDED, "attn_qkv.weight", "self_attn.qkv_proj.weight"),
    SXT_LAYER_ROW(SXT_W_O, SXT_NEEDED, "attn_output.weight", "self_attn.o_proj.weight"),
    SXT_LAYER_ROW(SXT_W_GATE_UP, SXT_NEEDED, "ffn_up.weight", "mlp.gate_up_proj.weight"),
    SXT_LAYER_ROW(SXT_W_DOWN, SXT_NEEDED, "ffn_down.weight", "mlp.down_proj.weight"),
};

static const char *const hf_types[] = {"phi3", NULL};

const sxt_arch sxt_arch_phi3 = {
    .gguf_name = "phi3",
    .hf_types = hf_types,
    .weights = weights,
    .n_weights = sizeof weights / sizeof weights[0],
    .traits = {.gated = true},
};
