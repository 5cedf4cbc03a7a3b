#include "infer/sampler.h"

#include "base/memory.h"
#include "base/num.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

sxt_sampler_params sxt_sampler_params_default(void) {
    return (sxt_sampler_params){.top_p = 1, .repeat_penalty = 1, .repeat_last_n = 64};
}

sxt_status sxt_sampler_make(sxt_sampler *sampler, int32_t n_vocab, sxt_error *error) {
    sampler->candidates = sxt_alloc((size_t)n_vocab, sizeof *sampler->candidates);
    if (!sampler->candidates)
        return sxt_fail_memory(error, "the sampler", (uint64_t)n_vocab * sizeof(sxt_candidate));
    sampler->n_vocab = n_vocab;
    sampler->params = sxt_sampler_params_default();
    return SXT_OK;
}

void sxt_sampler_free(sxt_sampler *sampler) { sxt_free(sampler->candidates); }

sxt_status sxt_sampler_set(sxt_sampler *sampler, const sxt_sampler_params *p, sxt_error *error) {
    const struct {
        const char *name;
        float value, low, high;
    } ranges[] = {{"temperature", p->temperature, 0, 100},
                  {"top_p", p->top_p, 0, 1},
                  {"min_p", p->min_p, 0, 1},
                  {"repeat_penalty", p->repeat_penalty, 0.01f, 100}};
    for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++)
        if (!(ranges[i].value >= ranges[i].low && ranges[i].value <= ranges[i].high))
            return sxt_fail(error, SXT_E_ARGUMENT, "%s is %g; give a number from %g to %g", ranges[i].name,
                            (double)ranges[i].value, (double)ranges[i].low, (double)ranges[i].high);
    if (p->top_k < 0)
        return sxt_fail(error, SXT_E_ARGUMENT, "top_k is %d; give 0 (off) or more", (int)p->top_k);
    if (p->repeat_last_n < 0)
        return sxt_fail(error, SXT_E_ARGUMENT, "repeat_last_n is %d; give 0 or more", (int)p->repeat_last_n);
    sampler->params = *p;
    sampler->rng = sxt_rng_make(p->seed);
    return SXT_OK;
}

/* Larger logit first; ties by id, so that the order never depends on the sorting routine. */
static int by_logit(const void *a, const void *b) {
    const sxt_candidate *x = a, *y = b;
    if (x->logit != y->logit) return x->logit > y->logit ? -1 : 1;
    return (x->id > y->id) - (x->id < y->id);
}

/* Divides positive and multiplies negative logits of recent tokens, each once (Keskar et al., CTRL, 4.1). */
static void penalise(sxt_sampler *s, const int32_t *history, int64_t n_history) {
    if (s->params.repeat_penalty == 1) return;
    int64_t n = sxt_min_i64(n_history, s->params.repeat_last_n);
    const int32_t *recent = history + (n_history - n);
    for (int64_t i = 0; i < n; i++)
        if (recent[i] < s->n_vocab) /* a row of the embedding that has no text is never chosen */
            s->candidates[recent[i]].id = -1;
    for (int32_t id = 0; id < s->n_vocab; id++) {
        sxt_candidate *c = &s->candidates[id];
        if (c->id == id) continue;
        c->id = id;
        c->logit = c->logit > 0 ? c->logit / s->params.repeat_penalty : c->logit * s->params.repeat_penalty;
    }
}

static int32_t argmax(const sxt_candidate *candidates, int32_t n) {
    int32_t best = 0;
    for (int32_t i = 1; i < n; i++)
        if (candidates[i].logit > candidates[best].logit) best = i;
    return candidates[best].id;
}

/* How many of the sorted candidates top-k, top-p and min-p leave (at least one). */
static int32_t cut(const sxt_sampler *s, int32_t n) {
    const sxt_candidate *c = s->candidates;
    if (s->params.top_k > 0 && s->params.top_k < n) n = s->params.top_k;
    if (s->params.top_p < 1) {
        double total = 0, kept = 0;
        for (int32_t i = 0; i < n; i++) total += exp((double)c[i].logit - (double)c[0].logit);
        int32_t i = 0;
        while (i < n && (i == 0 || kept < (double)s->params.top_p * total))
            kept += exp((double)c[i++].logit - (double)c[0].logit);
        n = i;
    }
    if (s->params.min_p > 0) {
        int32_t i = 1;
        while (i < n && exp((double)c[i].logit - (double)c[0].logit) >= (double)s->params.min_p) i++;
        n = i;
    }
    return n;
}

int32_t sxt_sampler_choose(sxt_sampler *s, const float *logits, const int32_t *history, int64_t n_history) {
    for (int32_t i = 0; i < s->n_vocab; i++) s->candidates[i] = (sxt_candidate){logits[i], i};
    penalise(s, history, n_history);
    if (s->params.temperature == 0) return argmax(s->candidates, s->n_vocab);
    qsort(s->candidates, (size_t)s->n_vocab, sizeof *s->candidates, by_logit);
    int32_t n = cut(s, s->n_vocab);
    double top = (double)s->candidates[0].logit, total = 0, t = (double)s->params.temperature;
    for (int32_t i = 0; i < n; i++) total += exp(((double)s->candidates[i].logit - top) / t);
    double left = sxt_rng_unit(&s->rng) * total;
    for (int32_t i = 0; i < n - 1; i++) {
        left -= exp(((double)s->candidates[i].logit - top) / t);
        if (left < 0) return s->candidates[i].id;
    }
    return s->candidates[n - 1].id;
}
