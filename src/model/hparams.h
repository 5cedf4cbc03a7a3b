/* Hyper-parameters, checked, from either kind of source. */
#ifndef SXT_MODEL_HPARAMS_H
#define SXT_MODEL_HPARAMS_H

#include "format/source.h"
#include "plan/rope.h"

typedef struct sxt_arch sxt_arch;

enum { SXT_MAX_LAYERS = 1024 };

typedef enum sxt_norm_kind { SXT_NORM_RMS, SXT_NORM_LAYER } sxt_norm_kind;

/* Between the two products of the feed-forward part. */
typedef enum sxt_activation { SXT_SILU, SXT_GELU, SXT_GELU_TANH } sxt_activation;

/* What the layers of families differ in: a family's file says it, the forward pass reads it. What follows from
 * the weights that are there (biases, norms of heads, norms after a part) is not repeated here. */
typedef struct sxt_traits {
    sxt_norm_kind norm;
    sxt_activation activation;
    bool gated;            /* the feed-forward part multiplies with a second projection */
    bool parallel;         /* both parts of a layer read the stream as it was before the layer */
    bool own_head_norms;   /* each head has a norm of its own, a LayerNorm; else RMSNorm, one for all */
    bool scaled_embedding; /* times the root of d_model */
    float score_scale;     /* of q . k; 0: 1 / sqrt(head_dim) */
    float score_cap;       /* c: scores become c tanh(score / c); 0: as they are */
    float logit_cap;       /* the same of the logits */
    float qkv_clip;        /* queries, keys and values stay within +- this; 0: any */
    float alibi;           /* ALiBi's largest exponent instead of rotary positions; 0: rotary */
} sxt_traits;

typedef struct sxt_hparams {
    const sxt_arch *arch;
    char name[128]; /* general.name or "" */
    int32_t n_layers, d_model, n_heads, n_kv_heads, head_dim, n_ff, n_vocab;
    int64_t n_ctx_train;
    int64_t sliding_window;      /* of the layers that slide; 0: none does */
    bool slides[SXT_MAX_LAYERS]; /* (n_layers) */
    int32_t n_sliding;           /* layers that slide */
    float norm_eps;
    bool qkv_bias, output_bias; /* biases on q, k, v; on the attention output */
    bool tied_output;
    bool has_local_rope; /* layers that slide turn by frequencies of their own */
    int32_t variant;     /* whatever a family's own table of weights asks for */
    sxt_traits traits;
    sxt_rope_params rope, local_rope; /* the lists of divisors are set by the weights */
} sxt_hparams;

/* Whether plans leave the layers that slide as they are: their window is inside the trained one, and what they
 * turn by does not follow the length of the text. */
bool sxt_hparams_local_alone(const sxt_hparams *hparams);
/* What layers that slide turn by under every plan; NULL: they turn like the others. */
const sxt_rope_params *sxt_hparams_local_rope(const sxt_hparams *hparams);

/* Reads and cross-checks everything that shapes depend on; the errors name the key. */
sxt_status sxt_hparams_read(const sxt_source *source, int32_t n_vocab, sxt_hparams *hparams, sxt_error *error);

/* The same from a parsed config.json alone (tests, fuzzing). n_rows: the embedding's, 0 when not known. */
sxt_status sxt_hparams_from_json(const sxt_json *document, int64_t n_rows, int32_t n_vocab,
                                 sxt_hparams *hparams, sxt_error *error);

/* "none", "linear:factor=4", "yarn:factor=...,original_context=...", "llama3:...", "dynamic:...",
 * "longrope:...", "factors" (divisors in a tensor); what is not as usual follows. */
void sxt_rope_scaling_print(const sxt_rope_params *rope, char *text, size_t n);

#endif
