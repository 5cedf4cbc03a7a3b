/* How much predictions change when something about a model does: sums over positions. */
#ifndef SEXTANT_EVAL_PREDICTION_CHANGE_H
#define SEXTANT_EVAL_PREDICTION_CHANGE_H

#include <stdint.h>

typedef struct prediction_change {
    int64_t n;                    /* positions */
    int64_t n_same;               /* of them, those whose likeliest token is the same (of equals the first) */
    double nll_before, nll_after; /* sums of -ln p(target), in nats */
    double divergence; /* sum of the Kullback-Leibler divergences of `after` from `before`, in nats */
} prediction_change;

/* Adds one sum to another. */
void prediction_change_join(prediction_change *sum, const prediction_change *change);

/* Adds one position: logits (n_vocab) before and after, and the token that really came. */
void prediction_change_add(prediction_change *change, const float *before, const float *after, int32_t n_vocab,
                           int32_t target);

#endif
