/* Qwen 1.5 to 2.5: Llama's layers with biases on queries, keys and values. */
#include "model/families.h"

static const sxt_weight_name weights[] = {
    SXT_MODEL_ROWS, SXT_TWO_NORM_ROWS, SXT_ATTENTION_ROWS, SXT_QKV_BIAS_ROWS(SXT_NEEDED), SXT_GATED_ROWS,
};

static const char *const hf_types[] = {"qwen2", NULL};

const sxt_arch sxt_arch_qwen2 = {
    .gguf_name = "qwen2",
    .hf_types = hf_types,
    .weights = weights,
    .n_weights = sizeof weights / sizeof weights[0],
    .traits = {.gated = true},
    .window_is_opt_in = true, /* files name a window that the model was not trained with */
};
