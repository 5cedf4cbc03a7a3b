/* Keys and values of every layer, un-rotated, for up to n_ctx tokens. */
#ifndef SXT_CACHE_KV_CACHE_H
#define SXT_CACHE_KV_CACHE_H

#include "op/kv_view.h"

typedef struct sxt_kv_cache {
    sxt_kv_view *layers; /* (n_layers), views into memory */
    int32_t n_layers;
    int64_t n_ctx;
    void *memory;
    uint64_t bytes;
} sxt_kv_cache;

uint64_t sxt_kv_cache_bytes(sxt_type type, int32_t n_layers, int32_t n_kv_heads, int32_t head_dim,
                            int64_t n_ctx);
/* Memory is taken from the system when a block is first written. */
sxt_status sxt_kv_cache_make(sxt_kv_cache *cache, sxt_type type, int32_t n_layers, int32_t n_kv_heads,
                             int32_t head_dim, int64_t n_ctx, sxt_error *error);
void sxt_kv_cache_free(sxt_kv_cache *cache);

/* Calls fn for each contiguous run that holds the first n_tokens of the cache, in a fixed order (layer, K
 * then V, block, head): what a saved session is made of. Stops at the first failure. */
typedef sxt_status (*sxt_kv_run_fn)(void *user, void *bytes, size_t n_bytes, sxt_error *error);
sxt_status sxt_kv_cache_runs(const sxt_kv_cache *cache, int64_t n_tokens, sxt_kv_run_fn fn, void *user,
                             sxt_error *error);

/* Random keys and values for the first n_tokens of every layer. */
sxt_status sxt_kv_cache_fill(const sxt_kv_cache *cache, int64_t n_tokens, uint64_t seed, sxt_error *error);

#endif
