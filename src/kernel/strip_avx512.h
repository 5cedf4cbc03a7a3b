/* Strips of a cache's keys and values to pairs of int16 for AVX-512: the common sizes in one go, the numbers in
 * registers between conversion, rotation and scaling. level_strip.h has the way for all. */
#ifndef SXT_KERNEL_STRIP_AVX512_H
#define SXT_KERNEL_STRIP_AVX512_H

#include "kernel/strip_q8_0_avx512.h"

SXT_INLINE void store_key_scales(__m512 lengths, int64_t n, float *scales, float *inverses) {
    __mmask16 real = rows_that_exist(n);
    __m512 back, inverse = scales_of_16(lengths, &back);
    _mm512_storeu_ps(scales, _mm512_maskz_mov_ps(real, back));
    _mm512_storeu_ps(inverses, _mm512_maskz_mov_ps(real, inverse));
}

static void int16_scale_keys(const sxt_strip *s, float *scales, float *inverses) {
    store_key_scales(lengths_of_16(s->f32, s->ld, s->n, s->head_dim), s->n, scales, inverses);
}

static void int16_scale_values(const sxt_strip *s, float *logs, float *inverses) {
    value_scales_of_16(largest_bits_of_16(s->f32, s->ld, s->n, s->head_dim), s->n, logs, inverses);
}

/* Elements [i, i + 16) of a stored row, of which n exist; i is a multiple of 16 where the type has blocks. */
SXT_INLINE __m512 row_16(sxt_row_type type, const char *row, int64_t i, int64_t n) {
    const __mmask16 there = rows_that_exist(n > 0 ? n : 0);
    if (type == SXT_ROW_Q4_0) { /* whole blocks are there */
        const char *block = row + i / 32 * 18;
        __m512i q = _mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i *)(const void *)(block + 2)));
        __m512 d = vec_block_scale(block), d8 = _mm512_mul_ps(d, _mm512_set1_ps(8));
        q = i % 32 ? _mm512_srli_epi32(q, 4) : _mm512_and_si512(q, _mm512_set1_epi32(15));
        return _mm512_fmsub_ps(d, _mm512_cvtepi32_ps(q), d8);
    }
    if (type == SXT_ROW_F32)
        return n >= VEC_LANES ? vec_load(row + 4 * i) : _mm512_maskz_loadu_ps(there, row + 4 * i);
    if (n >= VEC_LANES) return type == SXT_ROW_F16 ? vec_load_f16(row + 2 * i) : vec_load_bf16(row + 2 * i);
    __m256i half = _mm256_maskz_loadu_epi16(there, row + 2 * i);
    return type == SXT_ROW_F16 ? _mm512_cvtph_ps(half)
                               : _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(half), 16));
}

/* One row rotated, dimensions from n_rot on as they are; returns the lanes of the sum of its squares. */
SXT_INLINE __m512 turn_row(sxt_row_type type, const char *row, const float *angles, bool interleaved,
                           int64_t n_rot, int64_t head_dim, float *y) {
    __m512 a_squares = _mm512_setzero_ps(), b_squares = _mm512_setzero_ps();
    int64_t half = n_rot / 2;
    for (int64_t p = 0; p < half; p += VEC_LANES) {
        int64_t n = half - p; /* pairs */
        __mmask16 there = rows_that_exist(n);
        __m512 a = row_16(type, row, interleaved ? 2 * p : p, interleaved ? 2 * n : n);
        __m512 b = row_16(type, row, interleaved ? 2 * p + 16 : p + half, interleaved ? 2 * n - 16 : n);
        if (interleaved) vec_split(a, b, &a, &b);
        __m512 c = _mm512_maskz_loadu_ps(there, angles + p),
               s = _mm512_maskz_loadu_ps(there, angles + half + p);
        __m512 ya = _mm512_fnmadd_ps(b, s, _mm512_mul_ps(a, c)),
               yb = _mm512_fmadd_ps(a, s, _mm512_mul_ps(b, c));
        _mm512_mask_storeu_ps(y + p, there, ya);
        _mm512_mask_storeu_ps(y + half + p, there, yb);
        a_squares = _mm512_fmadd_ps(ya, ya, a_squares);
        b_squares = _mm512_fmadd_ps(yb, yb, b_squares);
    }
    for (int64_t d = n_rot; d < head_dim; d += VEC_LANES) {
        __m512 x = row_16(type, row, d, head_dim - d);
        _mm512_mask_storeu_ps(y + d, rows_that_exist(head_dim - d), x);
        a_squares = _mm512_fmadd_ps(x, x, a_squares);
    }
    return _mm512_add_ps(a_squares, b_squares);
}

/* Rows past n repeat the first one. */
SXT_INLINE void turn_strip(sxt_row_type type, const sxt_strip *s, const sxt_turn *turn, bool interleaved,
                           int64_t n_rot, int64_t head_dim, __m512 *squares) {
    const char *ahead = s->ahead.at;
    int64_t share = s->ahead.n_bytes / SXT_TILE_STRIP;
    for (int j = 0; j < SXT_TILE_STRIP; j++) {
        int64_t from = j < s->n ? j : 0;
        fetch_lines(ahead + j * share, share);
        squares[j] =
            turn_row(type, (const char *)s->rows + from * s->row_bytes, turn->angles + turn->rows[from] * n_rot,
                     interleaved, n_rot, head_dim, s->f32 + j * s->ld);
    }
}

/* One row as f32; returns the lanes of its largest magnitude. */
SXT_INLINE __m512i measure_row(sxt_row_type type, const char *row, int64_t head_dim, float *y) {
    __m512i largest = _mm512_setzero_si512();
    for (int64_t d = 0; d < head_dim; d += VEC_LANES) {
        __m512 x = row_16(type, row, d, head_dim - d);
        _mm512_mask_storeu_ps(y + d, rows_that_exist(head_dim - d), x);
        largest = _mm512_max_epu32(largest, magnitude(x));
    }
    return largest;
}

SXT_INLINE void measure_strip(sxt_row_type type, const sxt_strip *s, int64_t head_dim, __m512i *largest) {
    const char *ahead = s->ahead.at;
    int64_t share = s->ahead.n_bytes / SXT_TILE_STRIP;
    for (int j = 0; j < SXT_TILE_STRIP; j++) {
        int64_t from = j < s->n ? j : 0;
        fetch_lines(ahead + j * share, share);
        largest[j] =
            measure_row(type, (const char *)s->rows + from * s->row_bytes, head_dim, s->f32 + j * s->ld);
    }
}

/* The usual head sizes as straight code. */
#define STRIPS_OF(name, type)                                                                                  \
    SXT_APART void turn_##name(const sxt_strip *s, const sxt_turn *turn, __m512 *squares) {                    \
        if (s->head_dim == 64 && turn->n_rot == 64 && turn->interleaved)                                       \
            turn_strip(type, s, turn, true, 64, 64, squares);                                                  \
        else if (s->head_dim == 64 && turn->n_rot == 64)                                                       \
            turn_strip(type, s, turn, false, 64, 64, squares);                                                 \
        else if (s->head_dim == 128 && turn->n_rot == 128 && turn->interleaved)                                \
            turn_strip(type, s, turn, true, 128, 128, squares);                                                \
        else if (s->head_dim == 128 && turn->n_rot == 128)                                                     \
            turn_strip(type, s, turn, false, 128, 128, squares);                                               \
        else if (turn->interleaved)                                                                            \
            turn_strip(type, s, turn, true, turn->n_rot, s->head_dim, squares);                                \
        else                                                                                                   \
            turn_strip(type, s, turn, false, turn->n_rot, s->head_dim, squares);                               \
    }                                                                                                          \
    SXT_APART void measure_##name(const sxt_strip *s, __m512i *largest) {                                      \
        if (s->head_dim == 64)                                                                                 \
            measure_strip(type, s, 64, largest);                                                               \
        else if (s->head_dim == 128)                                                                           \
            measure_strip(type, s, 128, largest);                                                              \
        else                                                                                                   \
            measure_strip(type, s, s->head_dim, largest);                                                      \
    }
STRIPS_OF(f32, SXT_ROW_F32)
STRIPS_OF(f16, SXT_ROW_F16)
STRIPS_OF(bf16, SXT_ROW_BF16)
STRIPS_OF(q4_0, SXT_ROW_Q4_0)
#undef STRIPS_OF

/* ---- The ways together ----------------------------------------------------------------------------------- */

static void int16_keys(const sxt_strip *s, const sxt_turn *turn, const float *inverses, uint32_t *tile) {
    if (turns_q8_0(s, turn))
        q8_0_keys(s, turn, tile);
    else
        int16_keys_of_f32(s, inverses, tile);
}

static void int16_values(const sxt_strip *s, const float *inverses, uint32_t *tile, int64_t ld_tile,
                         int64_t first) {
    if (takes_q8_0(s))
        q8_0_values(s, tile, ld_tile, first);
    else
        int16_values_of_f32(s, inverses, tile, ld_tile, first);
}

/* Blocks are read in halves: what turns together has to begin at one. */
static bool turns_in_place(const sxt_strip *s, const sxt_turn *turn) {
    if (s->type == SXT_ROW_Q8_0 || s->n == 0) return false;
    return s->type != SXT_ROW_Q4_0 ||
           (turn->n_rot == s->head_dim && (turn->interleaved || turn->n_rot % 32 == 0));
}

static bool int16_read_common_keys(const sxt_strip *s, const sxt_turn *turn, float *scales, float *inverses) {
    __m512 squares[SXT_TILE_STRIP];
    if (turns_q8_0(s, turn)) {
        q8_0_read_keys(s, turn, scales);
        return true;
    }
    if (!turns_in_place(s, turn)) return false;
    switch (s->type) {
    case SXT_ROW_F16: turn_f16(s, turn, squares); break;
    case SXT_ROW_BF16: turn_bf16(s, turn, squares); break;
    case SXT_ROW_Q4_0: turn_q4_0(s, turn, squares); break;
    default: turn_f32(s, turn, squares); break;
    }
    store_key_scales(_mm512_sqrt_ps(sums_of_16(squares)), s->n, scales, inverses);
    return true;
}

static bool int16_read_common_values(const sxt_strip *s, float *logs, float *inverses) {
    __m512i largest[SXT_TILE_STRIP];
    if (takes_q8_0(s)) {
        q8_0_read_values(s, logs, inverses);
        return true;
    }
    if (s->type == SXT_ROW_Q8_0 || s->n == 0) return false;
    switch (s->type) {
    case SXT_ROW_F16: measure_f16(s, largest); break;
    case SXT_ROW_BF16: measure_bf16(s, largest); break;
    case SXT_ROW_Q4_0: measure_q4_0(s, largest); break;
    default: measure_f32(s, largest); break;
    }
    value_scales_of_16(largest_of_16(largest), s->n, logs, inverses);
    return true;
}

#endif
