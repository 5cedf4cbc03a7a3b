/* Attention for every plan: one pass over the keys, all bands in one online softmax, in tiles. */
#ifndef SXT_OP_ATTENTION_H
#define SXT_OP_ATTENTION_H

#include "base/threads.h"
#include "op/kv_view.h"
#include "plan/plan.h"
#include "plan/rope.h"

typedef struct sxt_attention {
    const sxt_plan *plan;
    const sxt_rope *rope;    /* reserved for every position that the plan can use */
    sxt_precision precision; /* FAST: products of 16-bit integers on levels that have them, else f32 */
    int64_t sliding_window;  /* of this layer; 0: none */
    int64_t first;           /* index of the first query */
    int64_t n_queries;
    int32_t n_heads, n_kv_heads, head_dim;
    float scale;         /* usually 1 / sqrt(head_dim) */
    float cap;           /* c: scores become c tanh(score / c); 0: they stay */
    const float *slopes; /* (n_heads), what a position of distance costs a head's scores (ALiBi), or NULL */
    const float *q;      /* (n_queries, n_heads, head_dim), un-rotated */
    sxt_kv_view kv;      /* holds the keys of [0, first + n_queries) */
    float *out;          /* (n_queries, n_heads, head_dim) */
} sxt_attention;

/* Workspace for one thread, in bytes, for up to n_queries queries at a time; it does not grow with the keys. */
size_t sxt_attention_scratch_bytes(int32_t n_heads, int32_t n_kv_heads, int32_t head_dim, int64_t n_queries);

/* `scratch`: n_threads pieces of scratch_bytes each, 64-byte aligned. The same bits for any split of the
 * queries into calls and any number of threads. A query that sees no key gives zeros. */
void sxt_attend(sxt_pool *pool, const sxt_attention *a, void *scratch, size_t scratch_bytes);

#endif
