#include "cache/kv_cache.h"

#include "base/memory.h"
#include "base/num.h"
#include "base/rng.h"

#include <string.h>

static int64_t n_blocks(int64_t n_tokens) { return (n_tokens + SXT_KV_BLOCK - 1) / SXT_KV_BLOCK; }

/* While a chunk is written its first query must still see all of its keys, and the last token of what is there
 * may be read again; a block more because neither begins with one. */
sxt_kv_room sxt_kv_room_for(int64_t n_ctx, sxt_plan_memory memory, int64_t chunk) {
    sxt_kv_room room = {.n_tokens = n_ctx, .n_pinned = n_blocks(memory.n_first)};
    if (memory.n_nearest >= n_ctx) return room;
    int64_t n_ring = n_blocks(memory.n_nearest + chunk) + 1, n_tokens = (room.n_pinned + n_ring) * SXT_KV_BLOCK;
    if (n_tokens >= n_ctx) return room;
    room.n_ring = n_ring;
    room.n_tokens = n_tokens;
    return room;
}

int64_t sxt_kv_room_oldest(const sxt_kv_room *room, int64_t n_tokens) {
    int64_t first_block = n_blocks(n_tokens) - room->n_ring;
    return room->n_ring > 0 && first_block > room->n_pinned ? first_block * SXT_KV_BLOCK : 0;
}

/* Bytes of one layer's K (or V), kept on page boundaries. */
static uint64_t layer_bytes(sxt_type type, int32_t n_kv_heads, int32_t head_dim, int64_t n_tokens) {
    return sxt_round_up(sxt_kv_bytes(type, n_kv_heads, head_dim, n_tokens), 4096);
}

uint64_t sxt_kv_cache_bytes(sxt_type type, int32_t n_layers, int32_t n_kv_heads, int32_t head_dim,
                            int64_t n_tokens) {
    return 2 * (uint64_t)n_layers * layer_bytes(type, n_kv_heads, head_dim, n_tokens);
}

sxt_status sxt_kv_cache_make(sxt_kv_cache *cache, sxt_type type, int32_t n_layers, int32_t n_kv_heads,
                             int32_t head_dim, const sxt_kv_room *room, sxt_error *error) {
    memset(cache, 0, sizeof *cache);
    uint64_t bytes = sxt_kv_cache_bytes(type, n_layers, n_kv_heads, head_dim, room->n_tokens);
    uint64_t step = layer_bytes(type, n_kv_heads, head_dim, room->n_tokens);
    sxt_kv_view *layers = sxt_alloc((size_t)n_layers, sizeof *layers);
    char *memory = layers ? sxt_alloc_pages(bytes) : NULL;
    if (!memory) {
        sxt_free(layers);
        return sxt_fail_memory(error, "the key/value cache", bytes);
    }
    for (int32_t i = 0; i < n_layers; i++) {
        char *k = memory + 2 * (uint64_t)i * step;
        layers[i] = (sxt_kv_view){type, n_kv_heads, head_dim, k, k + step, room->n_pinned, room->n_ring};
    }
    *cache = (sxt_kv_cache){layers, n_layers, *room, memory, bytes};
    return SXT_OK;
}

void sxt_kv_cache_free(sxt_kv_cache *cache) {
    sxt_free_pages(cache->memory, cache->bytes);
    sxt_free(cache->layers);
    memset(cache, 0, sizeof *cache);
}

static sxt_status walk_half(const sxt_kv_view *view, char *half, int64_t oldest, int64_t n_tokens,
                            sxt_kv_run_fn fn, void *user, sxt_error *error) {
    size_t row = sxt_kv_row_bytes(view->type, view->head_dim);
    for (int64_t first = 0; first < n_tokens; first += SXT_KV_BLOCK) {
        if (first == view->n_pinned * SXT_KV_BLOCK) first = sxt_max_i64(first, oldest);
        size_t n = (size_t)sxt_min_i64(SXT_KV_BLOCK, n_tokens - first);
        for (int32_t head = 0; head < view->n_kv_heads; head++)
            SXT_TRY(fn(user, half + sxt_kv_place(view, first, head), n * row, error));
    }
    return SXT_OK;
}

sxt_status sxt_kv_cache_runs(const sxt_kv_cache *cache, int64_t oldest, int64_t n_tokens, sxt_kv_run_fn fn,
                             void *user, sxt_error *error) {
    for (int32_t i = 0; i < cache->n_layers; i++) {
        SXT_TRY(walk_half(&cache->layers[i], cache->layers[i].k, oldest, n_tokens, fn, user, error));
        SXT_TRY(walk_half(&cache->layers[i], cache->layers[i].v, oldest, n_tokens, fn, user, error));
    }
    return SXT_OK;
}

/* Uniform between -1 and 1. */
static void fill_noise(sxt_rng *rng, float *x, int64_t n) {
    for (int64_t i = 0; i < n; i++) x[i] = (float)(int32_t)sxt_rng_u32(rng) * 0x1p-31f;
}

sxt_status sxt_kv_cache_fill(const sxt_kv_cache *cache, int64_t n_tokens, uint64_t seed, sxt_error *error) {
    sxt_rng rng = sxt_rng_make(seed);
    int64_t n = (int64_t)cache->layers[0].n_kv_heads * cache->layers[0].head_dim;
    float *noise = sxt_alloc((size_t)(2 * n), sizeof *noise); /* a key and a value of all heads */
    if (!noise) return sxt_fail_memory(error, "random numbers", (uint64_t)(2 * n) * sizeof *noise);
    for (int64_t token = 0; token < n_tokens; token++) {
        fill_noise(&rng, noise, 2 * n);
        for (int32_t i = 0; i < cache->n_layers; i++)
            sxt_kv_store(&cache->layers[i], token, 1, noise, noise + n);
    }
    sxt_free(noise);
    return SXT_OK;
}
