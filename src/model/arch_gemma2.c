/* Gemma 2: soft caps, norms before and after each part, every other layer with a sliding window. */
#include "model/gemma_traits.h"

static const sxt_weight_name weights[] = {
    SXT_MODEL_ROWS,
    SXT_FOUR_NORM_ROWS,
    SXT_ATTENTION_ROWS,
    SXT_GATED_ROWS,
};

static const char *const hf_types[] = {"gemma2", NULL};

static sxt_status read(const sxt_config *config, const sxt_source *source, sxt_hparams *h, sxt_error *error) {
    enum { LAYERS_OF_27B = 46, USUAL_WINDOW = 4096 };
    (void)source;
    if (config->gguf && h->sliding_window == 0) h->sliding_window = USUAL_WINDOW; /* old files name none */
    return sxt_gemma_read_scores(config, LAYERS_OF_27B, h, error);
}

const sxt_arch sxt_arch_gemma2 = {
    .gguf_name = "gemma2",
    .hf_types = hf_types,
    .weights = weights,
    .n_weights = sizeof weights / sizeof weights[0],
    .traits = {.activation = SXT_GELU_TANH,
               .gated = true,
               .scaled_embedding = true,
               .score_cap = 50,
               .logit_cap = 30},
    .keys = {.activation = "hidden_activation"},
    .hf_norms_less_one = true,
    .tied_by_default = true,
    .hf_head_dim = 256,
    .window_period = 2,
    .read = read,
};
