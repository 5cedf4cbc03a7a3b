/* One tile of keys and values of one KV head, made ready for the kernels on demand. */
#ifndef SXT_OP_KEY_TILE_H
#define SXT_OP_KEY_TILE_H

#include "kernel/kernel.h"
#include "op/attention.h"

/* Keys of a span, a multiple of a tile's. Within a span rotary positions are taken relative to a base; a span
 * is short enough for the rows of angles that it needs to stay in the CPU's second cache. */
int64_t sxt_span_keys(int32_t head_dim);

/* The base of the span of key `key` under a key map. */
double sxt_span_base(const sxt_attention *a, int key_map, int64_t key);

typedef struct sxt_key_tile {
    const sxt_attention *a;
    const sxt_kernels *k;
    bool int16; /* prepared for products of small integers, else for f32 */
    sxt_row_type row_type;
    int32_t kv_head;
    int64_t first;                       /* index of the tile's first key, a multiple of SXT_KV_BLOCK */
    int n_keys;                          /* keys that exist */
    int64_t ld;                          /* head_dim with the zeros that the cache's type needs */
    int64_t row_bytes, tile_step, place; /* of a row, from tile to tile, of the tile in k and v */
    bool has_keys[SXT_PLAN_MAX_MAPS];    /* all of the tile's */
    int n_values;                        /* rows of values that are ready */
    union {
        float *f32;      /* (head_dim, SXT_KV_BLOCK): rotated and transposed */
        uint32_t *pairs; /* (head_dim / 2, SXT_KV_BLOCK) */
    } keys[SXT_PLAN_MAX_MAPS];
    float *k_scales[SXT_PLAN_MAX_MAPS]; /* (SXT_KV_BLOCK), of pairs */
    union {
        float *f32;      /* (SXT_KV_BLOCK, padded head_dim) */
        uint32_t *pairs; /* (SXT_TILE_PAIRS, head_dim rounded up to 16) */
    } values;
    float *v_logs, *v_inverses; /* (SXT_KV_BLOCK), of pairs */
    float *plain, *turned;      /* (strip, padded head_dim): a few keys as f32, then rotated */
    float *measured;            /* (strip, padded head_dim): a few values as f32 */
    float *spare;               /* (strip, 1.5 * n_rot): angles */
} sxt_key_tile;

/* Floats of workspace that a tile needs. */
size_t sxt_key_tile_floats(int32_t head_dim);
/* `space`: 64-byte aligned. */
void sxt_key_tile_init(sxt_key_tile *tile, const sxt_attention *a, bool int16, int32_t kv_head, float *space);
/* Moves on to the tile that starts at key `first`, of which the first n_keys exist. */
void sxt_key_tile_move(sxt_key_tile *tile, int64_t first, int n_keys);
/* Fills keys[key_map], and in integers v_logs too. Columns up to a multiple of 16 (of 32 in integers) are zero
 * past n_keys. */
void sxt_key_tile_need_keys(sxt_key_tile *tile, int key_map);
/* (n_keys, *ld) as f32. */
const float *sxt_key_tile_values(sxt_key_tile *tile, int64_t *ld);

#endif
