/* StableLM 3B and StableLM 2: Llama's layers with LayerNorm and few rotated dimensions. The 12B model has both
 * parts beside each other behind one norm, and a norm for each head's query and key. */
#include "model/families.h"

static bool has_head_norms(const sxt_hparams *h) { return h->traits.own_head_norms; }
static bool is_sequential(const sxt_hparams *h) { return !h->traits.parallel; }

static const sxt_weight_name weights[] = {
    SXT_MODEL_ROWS,
    {SXT_W_OUTPUT_NORM_BIAS, false, SXT_NEEDED, "output_norm.bias", "model.norm.bias", NULL},
    SXT_LAYER_ROW(SXT_W_ATTN_NORM, SXT_NEEDED, "attn_norm.weight", "input_layernorm.weight"),
    SXT_LAYER_ROW(SXT_W_ATTN_NORM_BIAS, SXT_NEEDED, "attn_norm.bias", "input_layernorm.bias"),
    {SXT_W_FFN_NORM, true, SXT_NEEDED, "blk.%d.ffn_norm.weight",
     "model.layers.%d.post_attention_layernorm.weight", is_sequential},
    {SXT_W_FFN_NORM_BIAS, true, SXT_NEEDED, "blk.%d.ffn_norm.bias",
     "model.layers.%d.post_attention_layernorm.bias", is_sequential},
    SXT_ATTENTION_ROWS,
    SXT_QKV_BIAS_ROWS(SXT_OPTIONAL),
    {SXT_W_Q_HEAD_NORMS, true, SXT_NEEDED, "blk.%d.attn_q_norm.weight",
     "model.layers.%d.self_attn.q_layernorm.norms.%d.weight", has_head_norms},
    {SXT_W_K_HEAD_NORMS, true, SXT_NEEDED, "blk.%d.attn_k_norm.weight",
     "model.layers.%d.self_attn.k_layernorm.norms.%d.weight", has_head_norms},
    SXT_GATED_ROWS,
};

static const char *const hf_types[] = {"stablelm", NULL};

/* The usual converter writes use_parallel_residual true for every model: the tensors tell. */
static sxt_status read(const sxt_config *config, const sxt_source *source, sxt_hparams *h, sxt_error *error) {
    static const sxt_config_key parallel = {NULL, "use_parallel_residual"}, bias = {NULL, "use_qkv_bias"};
    static const sxt_config_key head_norms = {NULL, "qk_layernorm"};
    sxt_traits *traits = &h->traits;
    bool found;
    SXT_TRY(sxt_config_bool(config, parallel, &traits->parallel, &found, error));
    SXT_TRY(sxt_config_bool(config, bias, &h->qkv_bias, &found, error));
    SXT_TRY(sxt_config_bool(config, head_norms, &traits->own_head_norms, &found, error));
    if (!config->gguf || !source) return SXT_OK;
    traits->parallel = !sxt_source_find_tensor(source, "blk.0.ffn_norm.weight");
    traits->own_head_norms = sxt_source_find_tensor(source, "blk.0.attn_q_norm.weight");
    return SXT_OK;
}

const sxt_arch sxt_arch_stablelm = {
    .gguf_name = "stablelm",
    .hf_types = hf_types,
    .weights = weights,
    .n_weights = sizeof weights / sizeof weights[0],
    .traits = {.norm = SXT_NORM_LAYER, .gated = true},
    .hf_rotary_part = 0.25,
    .gguf_says_parallel = true,
    .read = read,
};
