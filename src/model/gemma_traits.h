/* What Gemma 2 and 3 have in common. */
#ifndef SXT_MODEL_GEMMA_TRAITS_H
#define SXT_MODEL_GEMMA_TRAITS_H

#include "model/families.h"

/* Norms before and after each part. Hugging Face's "post_attention_layernorm" is one after, not as in Llama. */
#define SXT_FOUR_NORM_ROWS                                                                                     \
    SXT_LAYER_ROW(SXT_W_ATTN_NORM, SXT_NEEDED, "attn_norm.weight", "input_layernorm.weight"),                  \
        SXT_LAYER_ROW(SXT_W_POST_ATTN_NORM, SXT_NEEDED, "post_attention_norm.weight",                          \
                      "post_attention_layernorm.weight"),                                                      \
        SXT_LAYER_ROW(SXT_W_FFN_NORM, SXT_NEEDED, "ffn_norm.weight", "pre_feedforward_layernorm.weight"),      \
        SXT_LAYER_ROW(SXT_W_POST_FFN_NORM, SXT_NEEDED, "post_ffw_norm.weight",                                 \
                      "post_feedforward_layernorm.weight")

/* query_pre_attn_scalar, which GGUF files do not hold: there the largest model is known by its layers. Soft
 * caps: what is read where a file says nothing is what traits held before. */
sxt_status sxt_gemma_read_scores(const sxt_config *config, int32_t largest_n_layers, sxt_hparams *hparams,
                                 sxt_error *error);

#endif
