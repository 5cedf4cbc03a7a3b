#include "op/key_tile.h"

#include "base/num.h"
#include "kernel/kernel.h"
#include "op/rotate.h"

#include <string.h>

/* Keys rotated before they are transposed together: 16 floats are one cache line of the result. */
enum { STRIP = 16 };

static size_t rows_floats(size_t n_rows, int32_t head_dim) {
    return sxt_round_up(n_rows * (size_t)head_dim, 16);
}

size_t sxt_key_tile_floats(int32_t head_dim) {
    return (1 + SXT_PLAN_MAX_MAPS) * rows_floats(SXT_KV_BLOCK, head_dim) + 2 * rows_floats(STRIP, head_dim) +
           rows_floats(1, head_dim);
}

void sxt_key_tile_init(sxt_key_tile *tile, const sxt_attention *a, int32_t kv_head, float *space) {
    *tile = (sxt_key_tile){.a = a, .kv_head = kv_head};
    for (int map = 0; map < SXT_PLAN_MAX_MAPS; map++, space += rows_floats(SXT_KV_BLOCK, a->head_dim))
        tile->keys[map] = space;
    tile->values = space;
    tile->plain = tile->values + rows_floats(SXT_KV_BLOCK, a->head_dim);
    tile->turned = tile->plain + rows_floats(STRIP, a->head_dim);
    tile->spare = tile->turned + rows_floats(STRIP, a->head_dim);
}

void sxt_key_tile_move(sxt_key_tile *tile, int64_t first, int n_keys) {
    tile->first = first;
    tile->n_keys = n_keys;
    tile->has_values = false;
    memset(tile->has_keys, 0, sizeof tile->has_keys);
}

/* Rows [row, row + n) of the tile in k or v as f32 (n, head_dim): where they lie, or converted to `space`. */
static const float *read_rows(const sxt_key_tile *tile, const void *cache, int row, int n, float *space) {
    const sxt_kv_view *kv = &tile->a->kv;
    int64_t block_row = tile->first * kv->n_kv_heads + (int64_t)tile->kv_head * SXT_KV_BLOCK + row;
    int64_t at = block_row * kv->head_dim;
    if (kv->type == SXT_TYPE_F32) return (const float *)cache + at;
    sxt_kernels_get()->f16_to_f32((const uint16_t *)cache + at, space, (int64_t)n * kv->head_dim);
    return space;
}

/* to (head_dim, STRIP), rows SXT_KV_BLOCK apart, from strip (STRIP, head_dim). */
static void transpose(const float *restrict strip, float *restrict to, int32_t head_dim) {
    for (int32_t d = 0; d < head_dim; d++)
        for (int32_t j = 0; j < STRIP; j++) to[(int64_t)d * SXT_KV_BLOCK + j] = strip[j * head_dim + d];
}

/* Keys [j0, j0 + n) of the tile into columns [j0, j0 + STRIP); columns past n become zero. */
static void load_strip(sxt_key_tile *tile, int key_map, int j0, int n) {
    const sxt_attention *a = tile->a;
    int32_t d = a->head_dim, n_rot = sxt_rope_n_rot(a->rope);
    bool interleaved = sxt_rope_interleaved(a->rope);
    const float *rows = read_rows(tile, a->kv.k, j0, n, tile->plain);
    for (int j = 0; j < n; j++) {
        double position = sxt_plan_key_pos(a->plan, key_map, tile->first + j0 + j);
        const float *row = sxt_rope_row(a->rope, position, tile->spare);
        sxt_rotate(rows + j * d, row, tile->turned + j * d, n_rot, d, interleaved);
    }
    memset(tile->turned + n * d, 0, (size_t)(STRIP - n) * (size_t)d * sizeof(float));
    transpose(tile->turned, tile->keys[key_map] + j0, d);
}

const float *sxt_key_tile_keys(sxt_key_tile *tile, int key_map) {
    for (int j = 0; !tile->has_keys[key_map] && j < tile->n_keys; j += STRIP)
        load_strip(tile, key_map, j, (int)sxt_min_i64(STRIP, tile->n_keys - j));
    tile->has_keys[key_map] = true;
    return tile->keys[key_map];
}

const float *sxt_key_tile_values(sxt_key_tile *tile) {
    if (tile->a->kv.type == SXT_TYPE_F32) return read_rows(tile, tile->a->kv.v, 0, tile->n_keys, NULL);
    if (!tile->has_values) read_rows(tile, tile->a->kv.v, 0, tile->n_keys, tile->values);
    tile->has_values = true;
    return tile->values;
}
