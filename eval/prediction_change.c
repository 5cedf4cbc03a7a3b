#include "eval/prediction_change.h"

#include <math.h>

/* ln of the sum of exponentials; *top: the index of the greatest. */
static double normaliser(const float *logits, int32_t n, int32_t *top) {
    double sum = 0;
    *top = 0;
    for (int32_t i = 1; i < n; i++)
        if (logits[i] > logits[*top]) *top = i;
    for (int32_t i = 0; i < n; i++) sum += exp((double)logits[i] - (double)logits[*top]);
    return log(sum) + (double)logits[*top];
}

void prediction_change_add(prediction_change *change, const float *before, const float *after, int32_t n_vocab,
                           int32_t target) {
    int32_t top_before, top_after;
    double z_before = normaliser(before, n_vocab, &top_before),
           z_after = normaliser(after, n_vocab, &top_after);
    double divergence = 0;
    for (int32_t i = 0; i < n_vocab; i++) {
        double ln_before = (double)before[i] - z_before, ln_after = (double)after[i] - z_after;
        divergence += exp(ln_before) * (ln_before - ln_after);
    }
    change->n++;
    change->n_same += top_before == top_after;
    change->nll_before += z_before - (double)before[target];
    change->nll_after += z_after - (double)after[target];
    change->divergence += divergence;
}

void prediction_change_join(prediction_change *sum, const prediction_change *change) {
    sum->n += change->n;
    sum->n_same += change->n_same;
    sum->nll_before += change->nll_before;
    sum->nll_after += change->nll_after;
    sum->divergence += change->divergence;
}
