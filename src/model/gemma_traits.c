#include "model/gemma_traits.h"

#include <math.h>

sxt_status sxt_gemma_read_scores(const sxt_config *config, int32_t largest_n_layers, sxt_hparams *h,
                                 sxt_error *error) {
    static const sxt_config_key scalar_key = {NULL, "query_pre_attn_scalar"};
    static const sxt_config_key scale_key = {"attention.scale", NULL};
    static const sxt_config_key score_key = {"attn_logit_softcapping", "attn_logit_softcapping"};
    static const sxt_config_key logit_key = {"final_logit_softcapping", "final_logit_softcapping"};
    double scalar = h->n_layers == largest_n_layers ? (double)h->d_model / h->n_heads : h->head_dim;
    double scale, score_cap = 0, logit_cap = 0;
    bool found, has_scale, is_gguf = config->gguf;
    SXT_TRY(sxt_config_number(config, scalar_key, 1e-6, 1e6, &scalar, is_gguf ? &found : NULL, error));
    scale = 1 / sqrt(scalar);
    SXT_TRY(sxt_config_number(config, scale_key, 1e-6, 1e6, &scale, &has_scale, error));
    if (is_gguf) { /* old files leave out what all models of the family have */
        score_cap = (double)h->traits.score_cap;
        logit_cap = (double)h->traits.logit_cap;
    }
    SXT_TRY(sxt_config_number(config, score_key, 0, 1e6, &score_cap, &found, error));
    SXT_TRY(sxt_config_number(config, logit_key, 0, 1e6, &logit_cap, &found, error));
    h->traits.score_scale = (float)scale;
    h->traits.score_cap = (float)score_cap;
    h->traits.logit_cap = (float)logit_cap;
    return SXT_OK;
}
