/* How keys and values lie in memory. Keys are un-rotated: no plan ever rewrites them. */
#ifndef SXT_OP_KV_VIEW_H
#define SXT_OP_KV_VIEW_H

#include "base/error.h"

/* Keys of a block: also attention's tile, so a tile is always one contiguous block. */
enum { SXT_KV_BLOCK = 128 };

/* One layer. k and v: (n_blocks, n_kv_heads, SXT_KV_BLOCK) rows of one head's vector each, head_dim elements of
 * the type, with zeros up to whole blocks of it (Q8_0 and Q4_0: 32 elements). With a ring the first n_pinned
 * blocks stay for ever and all later ones take turns in the n_ring places behind them. */
typedef struct sxt_kv_view {
    sxt_type type; /* one that sxt_kv_type_known() */
    int32_t n_kv_heads, head_dim;
    void *k, *v;
    int64_t n_pinned, n_ring; /* n_ring 0: every block has a place of its own */
} sxt_kv_view;

/* F32, F16, BF16, Q8_0 and Q4_0. */
bool sxt_kv_type_known(sxt_type type);
#define SXT_KV_TYPES "F32, F16, BF16, Q8_0 or Q4_0"

/* head_dim with the zeros, and the bytes of such a row. */
int32_t sxt_kv_padded(sxt_type type, int32_t head_dim);
size_t sxt_kv_row_bytes(sxt_type type, int32_t head_dim);

/* Bytes of k (or of v) for n_tokens, whole blocks; UINT64_MAX when that is no number. */
uint64_t sxt_kv_bytes(sxt_type type, int64_t n_kv_heads, int32_t head_dim, int64_t n_tokens);

/* Where the row of token i of a head lies in k and v, in bytes. */
size_t sxt_kv_place(const sxt_kv_view *view, int64_t i, int32_t head);

/* Stores n tokens from index first: k and v (n, n_kv_heads, head_dim), un-rotated. */
void sxt_kv_store(const sxt_kv_view *view, int64_t first, int64_t n, const float *k, const float *v);

/* n rows of k or v as f32 (n, sxt_kv_padded): where they lie, or converted to `space`. */
const float *sxt_kv_load(const sxt_kv_view *view, const void *rows, int64_t n, float *space);

#endif
