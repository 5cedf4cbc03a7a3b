/* One tile of keys and values of one KV head, made ready for the kernels on demand. */
#ifndef SXT_OP_KEY_TILE_H
#define SXT_OP_KEY_TILE_H

#include "op/attention.h"

typedef struct sxt_key_tile {
    const sxt_attention *a;
    int32_t kv_head;
    int64_t first; /* index of the tile's first key, a multiple of SXT_KV_BLOCK */
    int n_keys;    /* keys that exist */
    bool has_keys[SXT_PLAN_MAX_MAPS], has_values;
    float *keys[SXT_PLAN_MAX_MAPS]; /* (head_dim, SXT_KV_BLOCK): rotated and transposed */
    float *values;                  /* (SXT_KV_BLOCK, head_dim): f16 values, converted */
    float *plain, *turned;          /* (strip, head_dim): a few keys as f32, then rotated */
    float *spare;                   /* (n_rot) */
} sxt_key_tile;

/* Floats of workspace that a tile needs. */
size_t sxt_key_tile_floats(int32_t head_dim);
/* `space`: 64-byte aligned. */
void sxt_key_tile_init(sxt_key_tile *tile, const sxt_attention *a, int32_t kv_head, float *space);
/* Moves on to the tile that starts at key `first`, of which the first n_keys exist. */
void sxt_key_tile_move(sxt_key_tile *tile, int64_t first, int n_keys);
/* (head_dim, SXT_KV_BLOCK) under a key map; columns up to the next multiple of 16 are zero past n_keys. */
const float *sxt_key_tile_keys(sxt_key_tile *tile, int key_map);
/* (n_keys, head_dim) */
const float *sxt_key_tile_values(sxt_key_tile *tile);

#endif
