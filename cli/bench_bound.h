/* The least time that a machine with given ceilings needs for a job: the bound that speeds are held against.
 * docs/PERFORMANCE.md explains what the formulas count and what they leave out. */
#ifndef SEXTANT_CLI_BENCH_BOUND_H
#define SEXTANT_CLI_BENCH_BOUND_H

#include "sextant.h"

/* What a model asks for, in elements of its matrices and in bytes. */
typedef struct bench_work {
    double block_layers, float_layers; /* elements that multiply every token: quantised, and stored as floats */
    double block_head, float_head;     /* of the output projection: the last token of a prompt only */
    double weight_bytes;               /* all that one generated token reads */
    double scores_per_key;             /* one for each layer and head */
    double head_dim;
    int64_t window; /* keys a token sees at most; 0: all */
} bench_work;

bench_work bench_work_of(const sxt_model *model);

/* Seconds to read n_tokens with `depth` tokens in the cache: products, attention and its exponentials, one
 * after the other. */
double bench_prompt_seconds(const bench_work *work, const sxt_ceilings *ceilings, sxt_precision precision,
                            int64_t depth, int64_t n_tokens);

/* Seconds to generate n_tokens one by one from `depth` on: weights and cache, once through memory for each. */
double bench_decode_seconds(const bench_work *work, const sxt_ceilings *ceilings, double kv_bytes_per_token,
                            int64_t depth, int64_t n_tokens);

#endif
