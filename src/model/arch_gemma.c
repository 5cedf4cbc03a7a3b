/* Gemma 1: a scaled embedding, wide heads, GELU instead of SiLU. */
#include "model/families.h"

static const sxt_weight_name weights[] = {
    SXT_MODEL_ROWS,
    SXT_TWO_NORM_ROWS,
    SXT_ATTENTION_ROWS,
    SXT_GATED_ROWS,
};

static const char *const hf_types[] = {"gemma", NULL};

/* Early files say "gelu" and mean its approximation by tanh, which all were trained with. */
static sxt_status read(const sxt_config *config, const sxt_source *source, sxt_hparams *h, sxt_error *error) {
    (void)config;
    (void)source;
    (void)error;
    h->traits.activation = SXT_GELU_TANH;
    return SXT_OK;
}

const sxt_arch sxt_arch_gemma = {
    .gguf_name = "gemma",
    .hf_types = hf_types,
    .weights = weights,
    .n_weights = sizeof weights / sizeof weights[0],
    .traits = {.activation = SXT_GELU_TANH, .gated = true, .scaled_embedding = true},
    .hf_norms_less_one = true,
    .tied_by_default = true,
    .hf_head_dim = 256,
    .read = read,
};
