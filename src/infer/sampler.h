/* Choosing the next token: penalty, top-k, top-p, min-p, temperature, in that order. */
#ifndef SXT_INFER_SAMPLER_H
#define SXT_INFER_SAMPLER_H

#include "base/error.h"
#include "base/rng.h"

typedef struct sxt_candidate {
    float logit;
    int32_t id;
} sxt_candidate;

typedef struct sxt_sampler {
    sxt_sampler_params params;
    sxt_rng rng;
    sxt_candidate *candidates; /* (n_vocab) */
    int32_t n_vocab;
} sxt_sampler;

sxt_status sxt_sampler_make(sxt_sampler *sampler, int32_t n_vocab, sxt_error *error);
void sxt_sampler_free(sxt_sampler *sampler);

/* SXT_E_ARGUMENT names the parameter that is out of its range. */
sxt_status sxt_sampler_set(sxt_sampler *sampler, const sxt_sampler_params *params, sxt_error *error);

/* logits (n_vocab), all finite; history (n_history) for the penalty. Equal logits: the lower id. */
int32_t sxt_sampler_choose(sxt_sampler *sampler, const float *logits, const int32_t *history,
                           int64_t n_history);

#endif
