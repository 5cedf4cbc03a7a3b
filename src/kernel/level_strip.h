/* A strip of a cache's rows on the way to int16: brought to f32, keys rotated, scaled. The level's own way for
 * common sizes, if it has one, keeps the numbers in registers between these steps; here is the way for all. */
#ifndef SXT_KERNEL_LEVEL_STRIP_H
#define SXT_KERNEL_LEVEL_STRIP_H

#include "kernel/level_convert.h"
#include "kernel/level_tile.h"

/* Row i of a strip, or for one that does not exist row 0: it will be scaled by 0. */
static const void *strip_row(const sxt_strip *s, int64_t i) {
    return (const char *)s->rows + (i < s->n ? i : 0) * s->row_bytes;
}

static void strip_to_f32(const sxt_strip *s, float *to) {
    int64_t whole = (s->head_dim + QUANT_BLOCK - 1) / QUANT_BLOCK * QUANT_BLOCK;
    for (int64_t i = 0; i < s->n; i++) {
        const void *from = strip_row(s, i);
        SXT_FETCH_SHARE(s->ahead, i, SXT_TILE_STRIP);
        switch (s->type) {
        case SXT_ROW_F16: f16_to_f32(from, to + i * s->ld, s->head_dim); break;
        case SXT_ROW_BF16: bf16_to_f32(from, to + i * s->ld, s->head_dim); break;
        case SXT_ROW_Q8_0: q8_0_to_f32(from, to + i * s->ld, whole); break;
        case SXT_ROW_Q4_0: q4_0_to_f32(from, to + i * s->ld, whole); break;
        default: memcpy(to + i * s->ld, from, (size_t)s->head_dim * sizeof(float)); break;
        }
    }
}

static uint64_t bits_of_double(double x) {
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

/* Straight code for a whole strip, of steps that a vector does several at once. */
static bool table_rows(const double *positions, double base, int64_t n_rows, int32_t *restrict rows) {
    double last = n_rows < INT32_MAX ? (double)n_rows - 1 : (double)INT32_MAX;
    uint64_t differ = n_rows == 0;
    for (int i = 0; i < SXT_TILE_STRIP; i++) {
        double position = positions[i] - base, inside = position > 0 ? position : 0;
        rows[i] = (int32_t)(inside < last ? inside : last);
        differ |= bits_of_double((double)rows[i]) ^ bits_of_double(position);
    }
    return differ == 0;
}

static void int16_read_keys(const sxt_strip *s, const sxt_turn *turn, float *scales, float *inverses) {
    if (int16_read_common_keys(s, turn, scales, inverses)) return;
    strip_to_f32(s, s->spare);
    const float *angles[SXT_TILE_STRIP];
    for (int64_t i = 0; i < s->n; i++) angles[i] = turn->angles + turn->rows[i] * turn->n_rot;
    rotate(s->spare, s->ld, angles, s->f32, s->ld, s->n, turn->n_rot, s->head_dim, turn->interleaved,
           (sxt_ahead){s->rows, 0});
    int16_scale_keys(s, scales, inverses);
}

static void int16_read_values(const sxt_strip *s, float *logs, float *inverses) {
    if (int16_read_common_values(s, logs, inverses)) return;
    strip_to_f32(s, s->f32);
    int16_scale_values(s, logs, inverses);
}

#endif
