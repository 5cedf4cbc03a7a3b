/* Hyper-parameters, checked, from either kind of source. */
#ifndef SXT_MODEL_HPARAMS_H
#define SXT_MODEL_HPARAMS_H

#include "format/source.h"
#include "plan/rope.h"

typedef struct sxt_arch sxt_arch;

typedef struct sxt_hparams {
    const sxt_arch *arch;
    char name[128]; /* general.name or "" */
    int32_t n_layers, d_model, n_heads, n_kv_heads, head_dim, n_ff, n_vocab;
    int64_t n_ctx_train;
    int64_t sliding_window; /* 0: none */
    float norm_eps;
    bool qkv_bias, output_bias; /* biases on q, k, v; on the attention output */
    bool tied_output;
    sxt_rope_params rope; /* freq_factors is set by the weights */
} sxt_hparams;

/* Reads and cross-checks everything that shapes depend on; the errors name the key. */
sxt_status sxt_hparams_read(const sxt_source *source, int32_t n_vocab, sxt_hparams *hparams, sxt_error *error);

/* The same from a parsed config.json alone (tests, fuzzing). n_rows: the embedding's, 0 when not known. */
sxt_status sxt_hparams_from_json(const sxt_json *document, int64_t n_rows, int32_t n_vocab,
                                 sxt_hparams *hparams, sxt_error *error);

/* "none", "linear:factor=4", "yarn:factor=...,original_context=...", "llama3:...", "factors" (divisors in a
 * tensor) */
void sxt_rope_scaling_print(const sxt_rope_params *rope, char *text, size_t n);

#endif
