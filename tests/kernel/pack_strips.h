/* Keys and values as f32, not rotated, through both steps of a strip. */
#ifndef SXT_TESTS_PACK_STRIPS_H
#define SXT_TESTS_PACK_STRIPS_H

#include "kernel/kernel.h"

#include <stdlib.h>
#include <string.h>

enum { STRIP_FLOATS = SXT_TILE_STRIP * 256 };

typedef struct strip_room {
    float f32[STRIP_FLOATS], spare[STRIP_FLOATS], angles[256];
} strip_room;

static sxt_strip strip_at(strip_room *room, sxt_row_type type, const void *rows, int64_t row_bytes, int64_t n,
                          int64_t head, sxt_ahead ahead) {
    memset(room->f32, 0xff, sizeof room->f32); /* NaN: what is used must have been written */
    memset(room->spare, 0xff, sizeof room->spare);
    return (sxt_strip){.type = type,
                       .rows = rows,
                       .row_bytes = row_bytes,
                       .n = n,
                       .head_dim = head,
                       .f32 = room->f32,
                       .spare = room->spare,
                       .ld = (head + 31) / 32 * 32,
                       .ahead = ahead};
}

/* The identity: no dimension turns. */
static void pack_keys(const sxt_kernels *k, const float *x, int64_t ldx, uint32_t *tile, float *scales,
                      int64_t n, int64_t head, sxt_ahead ahead) {
    strip_room *room = malloc(sizeof *room);
    sxt_strip strip = strip_at(room, SXT_ROW_F32, x, ldx * (int64_t)sizeof *x, n, head, ahead);
    sxt_turn turn = {.angles = room->angles, .mscale = 1};
    float inverses[SXT_TILE_STRIP];
    k->int16_read_keys(&strip, &turn, scales, inverses);
    k->int16_keys(&strip, &turn, inverses, tile);
    free(room);
}

static void pack_values(const sxt_kernels *k, const float *x, int64_t ldx, uint32_t *tile, int64_t ld_tile,
                        int64_t first, float *logs, float *inverses, int64_t n, int64_t head, sxt_ahead ahead) {
    strip_room *room = malloc(sizeof *room);
    sxt_strip strip = strip_at(room, SXT_ROW_F32, x, ldx * (int64_t)sizeof *x, n, head, ahead);
    k->int16_read_values(&strip, logs, inverses);
    k->int16_values(&strip, inverses, tile, ld_tile, first);
    free(room);
}

#endif
