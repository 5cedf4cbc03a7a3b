/* What happens to single rows between two matrix products of the forward pass. */
#ifndef SXT_MODEL_FORWARD_ROWS_H
#define SXT_MODEL_FORWARD_ROWS_H

#include "kernel/kernel.h"
#include "model/forward.h"

struct sxt_forward {
    const sxt_model *model;
    sxt_pool *pool;
    int32_t chunk;
    float *x;      /* (chunk, d_model) the residual stream */
    float *normed; /* (chunk, d_model) the stream as the next product reads it; in between, what to add to it */
    float *beside; /* (chunk, d_model) the same for the feed-forward part of parallel layers */
    float *q;      /* (chunk, n_heads * head_dim) */
    float *k, *v;  /* (chunk, n_kv_heads * head_dim) */
    float *attended;  /* (chunk, n_heads * head_dim) */
    float *gate, *up; /* (chunk, n_ff) */
    void *rows;       /* what a product's input becomes in fast precision: (chunk) rows of small integers */
    void *scratch;    /* (n_threads, scratch_bytes) */
    size_t scratch_bytes;
    sxt_precision precision;
    float *slopes; /* (n_heads): ALiBi; NULL in models that rotate */
    void *memory;  /* all of the above */
    size_t memory_bytes;
};

/* A norm's vectors, (d_model) each: no weight, no norm; no bias, RMSNorm or LayerNorm without one. */
typedef struct sxt_norm {
    const float *weight, *bias;
} sxt_norm;

/* Row-wise work, shared by the threads a few rows at a time. What is NULL is left out. */
typedef struct sxt_row_work {
    const sxt_kernels *kernels;
    const sxt_forward *f;
    const sxt_layer_weights *layer;
    sxt_norm next, next_beside; /* what the next products read */
    const float *bias;          /* (d_model) of the product before */
    const float *post;          /* (d_model) weight of the norm of what a part gives */
    const float *beside_bias;   /* (d_model) of the product whose result is in `beside` */
    bool adds_beside;
    const int32_t *tokens; /* (n) */
    const sxt_kv_view *kv;
    int64_t first;       /* index of the chunk's first token */
    int64_t first_query; /* row */
    int64_t begin, end;  /* rows of the chunk */
    void (*rows)(const struct sxt_row_work *w, int64_t begin, int64_t end);
} sxt_row_work;

/* Calls w->rows for all rows [begin, end). */
void sxt_rows_run(sxt_row_work *w);

/* x = embedding; normed = next(x), beside = next_beside(x). */
void sxt_rows_embed(const sxt_row_work *w, int64_t begin, int64_t end);
/* x += post(normed + bias) [+ beside + beside_bias]; normed = next(x), beside = next_beside(x). */
void sxt_rows_add(const sxt_row_work *w, int64_t begin, int64_t end);
/* Biases, bounds and norms of the queries, keys and values; keys and values into the cache. */
void sxt_rows_store(const sxt_row_work *w, int64_t begin, int64_t end);
/* gate = activation(gate) * up, or activation(up + bias) where nothing gates. */
void sxt_rows_activate(const sxt_row_work *w, int64_t begin, int64_t end);

#endif
