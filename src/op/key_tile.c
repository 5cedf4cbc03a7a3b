#include "op/key_tile.h"

#include "base/num.h"
#include "op/angles.h"

#include <string.h>

/* Keys that are converted, rotated and packed together: the f32 between the steps stays in L1. */
enum { STRIP = 16, MOST_PADDING = 32 };

double sxt_span_base(const sxt_attention *a, int key_map, int64_t key) {
    return sxt_plan_key_pos(a->plan, key_map, key / SXT_SPAN_KEYS * SXT_SPAN_KEYS);
}

static size_t rows_floats(size_t n_rows, int32_t head_dim) {
    return n_rows * sxt_round_up((size_t)head_dim, MOST_PADDING);
}

size_t sxt_key_tile_floats(int32_t head_dim) {
    return (1 + SXT_PLAN_MAX_MAPS) * rows_floats(SXT_KV_BLOCK, head_dim) + 3 * rows_floats(STRIP, head_dim) +
           (2 + SXT_PLAN_MAX_MAPS) * SXT_KV_BLOCK;
}

static float *take(float **at, size_t n) {
    float *taken = *at;
    *at += n;
    return taken;
}

void sxt_key_tile_init(sxt_key_tile *tile, const sxt_attention *a, bool int16, int32_t kv_head, float *space) {
    *tile = (sxt_key_tile){.a = a, .k = sxt_kernels_get(), .int16 = int16, .kv_head = kv_head};
    tile->ld = sxt_kv_padded(a->kv.type, a->head_dim);
    tile->row_bytes = (int64_t)sxt_kv_row_bytes(a->kv.type, a->head_dim);
    tile->tile_step = (int64_t)sxt_kv_place(&a->kv, SXT_KV_BLOCK, 0);
    size_t whole = rows_floats(SXT_KV_BLOCK, a->head_dim), strip = rows_floats(STRIP, a->head_dim);
    for (int map = 0; map < SXT_PLAN_MAX_MAPS; map++) {
        float *keys = take(&space, whole);
        tile->keys[map].f32 = keys;
        if (int16) tile->keys[map].pairs = (uint32_t *)(void *)keys;
        tile->k_scales[map] = take(&space, SXT_KV_BLOCK);
    }
    float *values = take(&space, whole);
    tile->values.f32 = values;
    if (int16) tile->values.pairs = (uint32_t *)(void *)values;
    tile->v_logs = take(&space, SXT_KV_BLOCK);
    tile->v_inverses = take(&space, SXT_KV_BLOCK);
    tile->plain = take(&space, strip);
    tile->turned = take(&space, strip);
    tile->spare = take(&space, strip);
}

void sxt_key_tile_move(sxt_key_tile *tile, int64_t first, int n_keys) {
    tile->first = first;
    tile->n_keys = n_keys;
    tile->place = (int64_t)sxt_kv_place(&tile->a->kv, first, tile->kv_head);
    tile->has_values = false;
    memset(tile->has_keys, 0, sizeof tile->has_keys);
}

/* Part `part` of `n_parts` of the same rows of the next tile: memory is slow to start. */
static sxt_ahead ahead_of(const sxt_key_tile *tile, const void *half, int row, int n, int part, int n_parts) {
    int64_t n_bytes = n == STRIP && tile->n_keys == SXT_KV_BLOCK ? STRIP * tile->row_bytes / n_parts : 0;
    const char *rows = (const char *)half + tile->place + tile->tile_step + row * tile->row_bytes;
    return (sxt_ahead){rows + part * n_bytes, n_bytes};
}

/* Rows [row, row + n) of the tile in k or v as f32 (n, padded head_dim): where they lie, or in `space`. */
static const float *read_rows(const sxt_key_tile *tile, const void *half, int row, int n, float *space) {
    return sxt_kv_load(&tile->a->kv, (const char *)half + tile->place + row * tile->row_bytes, n, space);
}

/* Keys [j0, j0 + n) of the tile into columns [j0, j0 + STRIP); columns past n become zero. */
static void load_key_strip(sxt_key_tile *tile, int key_map, int j0, int n) {
    const sxt_attention *a = tile->a;
    double positions[STRIP];
    const float *angles[STRIP], *rows = read_rows(tile, a->kv.k, j0, n, tile->plain);
    for (int j = 0; j < n; j++) positions[j] = sxt_plan_key_pos(a->plan, key_map, tile->first + j0 + j);
    sxt_angles_of(a->rope, positions, sxt_span_base(a, key_map, tile->first), n, angles, tile->spare);
    tile->k->rotate(rows, tile->ld, angles, tile->turned, tile->ld, n, sxt_rope_n_rot(a->rope), a->head_dim,
                    sxt_rope_interleaved(a->rope), ahead_of(tile, a->kv.k, j0, n, 0, 2));
    if (tile->int16)
        tile->k->int16_keys(tile->turned, tile->ld, tile->keys[key_map].pairs + j0,
                            tile->k_scales[key_map] + j0, n, a->head_dim, ahead_of(tile, a->kv.k, j0, n, 1, 2));
    else
        tile->k->transpose_keys(tile->turned, tile->ld, tile->keys[key_map].f32 + j0, SXT_KV_BLOCK, n,
                                a->head_dim);
}

static void load_values_in_pairs(sxt_key_tile *tile) {
    const sxt_attention *a = tile->a;
    int64_t ld_pairs = (int64_t)sxt_round_up((size_t)a->head_dim, 16);
    for (int j = 0; j < tile->n_keys || j % (2 * STRIP) != 0; j += STRIP) {
        int n = (int)sxt_max_i64(0, sxt_min_i64(STRIP, tile->n_keys - j));
        const float *rows = read_rows(tile, a->kv.v, j, n, tile->plain);
        tile->k->int16_values(rows, tile->ld, tile->values.pairs, ld_pairs, j, tile->v_logs, tile->v_inverses,
                              n, a->head_dim, ahead_of(tile, a->kv.v, j, n, 0, 1));
    }
}

void sxt_key_tile_need_keys(sxt_key_tile *tile, int key_map) {
    int step = tile->int16 ? 2 * STRIP : STRIP;
    for (int j = 0; !tile->has_keys[key_map] && (j < tile->n_keys || j % step != 0); j += STRIP)
        load_key_strip(tile, key_map, j, (int)sxt_max_i64(0, sxt_min_i64(STRIP, tile->n_keys - j)));
    tile->has_keys[key_map] = true;
    if (tile->int16 && !tile->has_values) load_values_in_pairs(tile);
    if (tile->int16) tile->has_values = true;
}

const float *sxt_key_tile_values(sxt_key_tile *tile, int64_t *ld) {
    const sxt_kv_view *kv = &tile->a->kv;
    *ld = tile->ld;
    if (kv->type == SXT_TYPE_F32) return read_rows(tile, kv->v, 0, tile->n_keys, NULL);
    if (!tile->has_values) read_rows(tile, kv->v, 0, tile->n_keys, tile->values.f32);
    tile->has_values = true;
    return tile->values.f32;
}
