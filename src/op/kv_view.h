/* How keys and values lie in memory. Keys are un-rotated: no plan ever rewrites them. */
#ifndef SXT_OP_KV_VIEW_H
#define SXT_OP_KV_VIEW_H

#include "base/error.h"

/* Keys of a block: also attention's tile, so a tile is always one contiguous block. */
enum { SXT_KV_BLOCK = 128 };

/* One layer. k and v: (n_blocks, n_kv_heads, SXT_KV_BLOCK, head_dim) of f32 or f16. */
typedef struct sxt_kv_view {
    sxt_type type; /* SXT_TYPE_F32 or SXT_TYPE_F16 */
    int32_t n_kv_heads, head_dim;
    void *k, *v;
} sxt_kv_view;

/* Bytes of k (or of v) for n_tokens, whole blocks. */
uint64_t sxt_kv_bytes(sxt_type type, int64_t n_kv_heads, int64_t head_dim, int64_t n_tokens);

/* Stores n tokens from index first: k and v (n, n_kv_heads, head_dim), un-rotated. */
void sxt_kv_store(const sxt_kv_view *view, int64_t first, int64_t n, const float *k, const float *v);

#endif
