/* StableLM 3B and StableLM 2: Llama's layers with LayerNorm and few rotated dimensions. */
#include "model/families.h"

/* The 12B model has both parts read one norm. */
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
    SXT_GATED_ROWS,
};

static const char *const hf_types[] = {"stablelm", NULL};

/* The usual converter writes use_parallel_residual true for every model: the tensors tell. */
static sxt_status read(const sxt_config *config, const sxt_source *source, sxt_hparams *h, sxt_error *error) {
    static const sxt_config_key parallel = {NULL, "use_parallel_residual"}, bias = {NULL, "use_qkv_bias"};
    static const sxt_config_key head_norms = {NULL, "qk_layernorm"};
    bool found, has_head_norms = false;
    SXT_TRY(sxt_config_bool(config, parallel, &h->traits.parallel, &found, error));
    SXT_TRY(sxt_config_bool(config, bias, &h->qkv_bias, &found, error));
    SXT_TRY(sxt_config_bool(config, head_norms, &has_head_norms, &found, error));
    if (has_head_norms)
        return sxt_fail(error, SXT_E_UNSUPPORTED, "%sqk_layernorm is true; only false is supported",
                        config->where);
    if (config->gguf && source) h->traits.parallel = !sxt_source_find_tensor(source, "blk.0.ffn_norm.weight");
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
