/* Gemma 3, text: norms on queries and keys, five layers with a short window for each without, and rotary
 * frequencies of their own for those five. */
#include "model/gemma_traits.h"
#include "model/rope_config.h"

static const sxt_weight_name weights[] = {
    SXT_MODEL_ROWS,
    SXT_FOUR_NORM_ROWS,
    SXT_ATTENTION_ROWS,
    SXT_LAYER_ROW(SXT_W_Q_NORM, SXT_NEEDED, "attn_q_norm.weight", "self_attn.q_norm.weight"),
    SXT_LAYER_ROW(SXT_W_K_NORM, SXT_NEEDED, "attn_k_norm.weight", "self_attn.k_norm.weight"),
    SXT_GATED_ROWS,
};

static const char *const hf_types[] = {"gemma3_text", NULL};

static sxt_status read(const sxt_config *config, const sxt_source *source, sxt_hparams *h, sxt_error *error) {
    enum { LAYERS_OF_27B = 62 };
    bool found, sees_ahead = false;
    (void)source;
    SXT_TRY(sxt_config_bool(config, (sxt_config_key){NULL, "use_bidirectional_attention"}, &sees_ahead, &found,
                            error));
    if (sees_ahead)
        return sxt_fail(error, SXT_E_UNSUPPORTED,
                        "%suse_bidirectional_attention is true; only models that generate text are supported",
                        config->where);
    h->has_local_rope = true;
    h->local_rope = (sxt_rope_params){
        .n_rot = h->rope.n_rot, .theta = 10000, .interleaved = h->rope.interleaved, .factor = 1};
    SXT_TRY(sxt_rope_config_read_local(config, h->head_dim, &h->local_rope, error));
    return sxt_gemma_read_scores(config, LAYERS_OF_27B, h, error);
}

const sxt_arch sxt_arch_gemma3 = {
    .gguf_name = "gemma3",
    .hf_types = hf_types,
    .weights = weights,
    .n_weights = sizeof weights / sizeof weights[0],
    .traits = {.activation = SXT_GELU_TANH, .gated = true, .scaled_embedding = true},
    .keys = {.activation = "hidden_activation"},
    .hf_norms_less_one = true,
    .tied_by_default = true,
    .hf_head_dim = 256,
    .hf_rope_theta = 1000000,
    .window_period = 6,
    .read = read,
};
