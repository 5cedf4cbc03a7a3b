#include "op/key_tile.h"

#include "base/num.h"
#include "op/angles.h"

#include <string.h>

/* Keys that are converted, rotated and packed together: the f32 between the steps stays in L1. */
enum { STRIP = SXT_TILE_STRIP, MOST_PADDING = 32 };

int64_t sxt_span_keys(int32_t head_dim) {
    return SXT_KV_BLOCK * (head_dim <= 64 ? 16 : head_dim <= 128 ? 8 : 4);
}

_Static_assert(SXT_KV_BLOCK * 16 <= SXT_PLAN_MAX_SPAN, "plans reserve rows for the longest span");

double sxt_span_base(const sxt_attention *a, int key_map, int64_t key) {
    int64_t span = sxt_span_keys(a->head_dim);
    return sxt_plan_base(a->plan, key_map, key / span * span);
}

static size_t rows_floats(size_t n_rows, int32_t head_dim) {
    return n_rows * sxt_round_up((size_t)head_dim, MOST_PADDING);
}

size_t sxt_key_tile_floats(int32_t head_dim) {
    return (1 + SXT_PLAN_MAX_MAPS) * rows_floats(SXT_KV_BLOCK, head_dim) + 5 * rows_floats(STRIP, head_dim) +
           (2 + SXT_PLAN_MAX_MAPS) * SXT_KV_BLOCK;
}

static sxt_row_type row_type(sxt_type type) {
    switch (type) {
    case SXT_TYPE_F16: return SXT_ROW_F16;
    case SXT_TYPE_BF16: return SXT_ROW_BF16;
    case SXT_TYPE_Q8_0: return SXT_ROW_Q8_0;
    case SXT_TYPE_Q4_0: return SXT_ROW_Q4_0;
    default: return SXT_ROW_F32;
    }
}

static float *take(float **at, size_t n) {
    float *taken = *at;
    *at += n;
    return taken;
}

void sxt_key_tile_init(sxt_key_tile *tile, const sxt_attention *a, bool int16, int32_t kv_head, float *space) {
    *tile = (sxt_key_tile){.a = a, .k = sxt_kernels_get(), .int16 = int16, .kv_head = kv_head};
    tile->row_type = row_type(a->kv.type);
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
    tile->measured = take(&space, strip);
    tile->spare = take(&space, 2 * strip);
}

void sxt_key_tile_move(sxt_key_tile *tile, int64_t first, int n_keys) {
    tile->first = first;
    tile->n_keys = n_keys;
    tile->place = (int64_t)sxt_kv_place(&tile->a->kv, first, tile->kv_head);
    tile->n_values = 0;
    memset(tile->has_keys, 0, sizeof tile->has_keys);
}

/* The same rows of the next tile: memory is slow to start. */
static sxt_ahead ahead_of(const sxt_key_tile *tile, const void *half, int row, int n) {
    int64_t n_bytes = n == STRIP && tile->n_keys == SXT_KV_BLOCK ? STRIP * tile->row_bytes : 0;
    return (sxt_ahead){(const char *)half + tile->place + tile->tile_step + row * tile->row_bytes, n_bytes};
}

/* Keys that exist from row `row` of the tile on, a strip of them at most. */
static int strip_keys(const sxt_key_tile *tile, int row) {
    return (int)sxt_max_i64(0, sxt_min_i64(STRIP, tile->n_keys - row));
}

/* Where the keys of a tile stand under a map. */
typedef struct places {
    double unit, base, positions[SXT_KV_BLOCK];
} places;

static void find_places(const sxt_key_tile *tile, int key_map, places *p) {
    const sxt_plan *plan = tile->a->plan;
    p->unit = sxt_plan_unit(plan, key_map);
    p->base = sxt_span_base(tile->a, key_map, tile->first);
    sxt_plan_key_positions(plan, key_map, tile->first, SXT_KV_BLOCK, p->positions);
}

/* What turns n keys from row `row` on. */
static void find_turn(const sxt_key_tile *tile, const places *p, int row, int n, sxt_turn *turn) {
    sxt_turn_of(tile->a->rope, p->unit, p->positions + row, p->base, n, tile->spare, turn);
}

/* ---- In f32 ---------------------------------------------------------------------------------------------- */

/* Rows [row, row + n) of the tile in k or v as f32 (n, padded head_dim): where they lie, or in `space`. */
static const float *read_rows(const sxt_key_tile *tile, const void *half, int row, int n, float *space) {
    return sxt_kv_load(&tile->a->kv, (const char *)half + tile->place + row * tile->row_bytes, n, space);
}

/* Keys from row j0 on into columns [j0, j0 + STRIP); columns past n become zero. */
static void load_key_strip(sxt_key_tile *tile, int key_map, const places *where, int j0) {
    const sxt_attention *a = tile->a;
    int n = strip_keys(tile, j0);
    const float *angles[STRIP], *rows = read_rows(tile, a->kv.k, j0, n, tile->plain);
    sxt_turn turn;
    find_turn(tile, where, j0, n, &turn);
    for (int i = 0; i < n; i++) angles[i] = turn.angles + turn.rows[i] * turn.n_rot;
    tile->k->rotate(rows, tile->ld, angles, tile->turned, tile->ld, n, turn.n_rot, a->head_dim,
                    turn.interleaved, ahead_of(tile, a->kv.k, j0, n));
    tile->k->transpose_keys(tile->turned, tile->ld, tile->keys[key_map].f32 + j0, SXT_KV_BLOCK, n, a->head_dim);
}

/* ---- In pairs of int16 ------------------------------------------------------------------------------------
 */

static sxt_strip strip_of(const sxt_key_tile *tile, const void *half, int row, float *f32) {
    int n = strip_keys(tile, row);
    return (sxt_strip){.type = tile->row_type,
                       .rows = (const char *)half + tile->place + row * tile->row_bytes,
                       .row_bytes = tile->row_bytes,
                       .n = n,
                       .head_dim = tile->a->head_dim,
                       .f32 = f32,
                       .spare = tile->plain,
                       .ld = (int64_t)rows_floats(1, tile->a->head_dim),
                       .ahead = ahead_of(tile, half, row, n)};
}

/* A strip of keys under one map, and its values unless they are there. */
static void load_pairs(sxt_key_tile *tile, int key_map, const places *where, int row) {
    const sxt_attention *a = tile->a;
    float k_inverses[STRIP], *v_inverses = tile->v_inverses + row;
    bool with_values = row >= tile->n_values;
    sxt_strip keys = strip_of(tile, a->kv.k, row, tile->turned);
    sxt_strip values = strip_of(tile, a->kv.v, row, tile->measured);
    sxt_turn turn;
    find_turn(tile, where, row, (int)keys.n, &turn);
    tile->k->int16_read_keys(&keys, &turn, tile->k_scales[key_map] + row, k_inverses);
    if (with_values) tile->k->int16_read_values(&values, tile->v_logs + row, v_inverses);
    tile->k->int16_keys(&keys, &turn, k_inverses, tile->keys[key_map].pairs + row);
    if (!with_values) return;
    int64_t ld_values = (int64_t)sxt_round_up((size_t)a->head_dim, 16);
    tile->k->int16_values(&values, v_inverses, tile->values.pairs, ld_values, row);
    tile->n_values = row + STRIP;
}

/* ---- What the pass asks for -------------------------------------------------------------------------------
 */

void sxt_key_tile_need_keys(sxt_key_tile *tile, int key_map) {
    int step = tile->int16 ? 2 * STRIP : STRIP;
    places where;
    if (tile->has_keys[key_map]) return;
    find_places(tile, key_map, &where);
    for (int row = 0; row < tile->n_keys || row % step != 0; row += STRIP)
        if (tile->int16)
            load_pairs(tile, key_map, &where, row);
        else
            load_key_strip(tile, key_map, &where, row);
    tile->has_keys[key_map] = true;
}

const float *sxt_key_tile_values(sxt_key_tile *tile, int64_t *ld) {
    const sxt_kv_view *kv = &tile->a->kv;
    *ld = tile->ld;
    if (kv->type == SXT_TYPE_F32) return read_rows(tile, kv->v, 0, tile->n_keys, NULL);
    if (tile->n_values == 0) read_rows(tile, kv->v, 0, tile->n_keys, tile->values.f32);
    tile->n_values = tile->n_keys;
    return tile->values.f32;
}
