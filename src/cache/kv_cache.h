/* Keys and values of every layer, un-rotated: of all tokens, or of those that queries can still see. */
#ifndef SXT_CACHE_KV_CACHE_H
#define SXT_CACHE_KV_CACHE_H

#include "op/kv_view.h"
#include "plan/plan.h"

/* Places for tokens. Where not all of a text fits, the first blocks stay and the others take turns. */
typedef struct sxt_kv_room {
    int64_t n_tokens;         /* that there are places for */
    int64_t n_pinned, n_ring; /* blocks, as in sxt_kv_view; pinned ones are told without a ring too */
} sxt_kv_room;

/* Room for a text of n_ctx tokens of which queries see `memory`, written `chunk` tokens at a time. */
sxt_kv_room sxt_kv_room_for(int64_t n_ctx, sxt_plan_memory memory, int64_t chunk);
/* The first token behind the pinned blocks that is still there after [0, n_tokens) were written in order; 0:
 * all are. */
int64_t sxt_kv_room_oldest(const sxt_kv_room *room, int64_t n_tokens);

typedef struct sxt_kv_cache {
    sxt_kv_view *layers; /* (n_layers), views into memory */
    int32_t n_layers;
    sxt_kv_room room;
    void *memory;
    uint64_t bytes;
} sxt_kv_cache;

uint64_t sxt_kv_cache_bytes(sxt_type type, int32_t n_layers, int32_t n_kv_heads, int32_t head_dim,
                            int64_t n_tokens);
/* Memory is taken from the system when a block is first written. */
sxt_status sxt_kv_cache_make(sxt_kv_cache *cache, sxt_type type, int32_t n_layers, int32_t n_kv_heads,
                             int32_t head_dim, const sxt_kv_room *room, sxt_error *error);
void sxt_kv_cache_free(sxt_kv_cache *cache);

/* Calls fn for each contiguous run that holds tokens of [0, n_tokens), in a fixed order (layer, K then V,
 * block, head): what a saved session is made of. Tokens between the pinned blocks and the block of token
 * `oldest` are left out. Stops at the first failure. */
typedef sxt_status (*sxt_kv_run_fn)(void *user, void *bytes, size_t n_bytes, sxt_error *error);
sxt_status sxt_kv_cache_runs(const sxt_kv_cache *cache, int64_t oldest, int64_t n_tokens, sxt_kv_run_fn fn,
                             void *user, sxt_error *error);

/* Random keys and values for the first n_tokens of every layer, or what of them is kept. */
sxt_status sxt_kv_cache_fill(const sxt_kv_cache *cache, int64_t n_tokens, uint64_t seed, sxt_error *error);

#endif
