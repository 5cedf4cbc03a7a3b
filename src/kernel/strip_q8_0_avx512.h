/* Strips of a cache in Q8_0 to pairs of int16 for AVX-512, in integers throughout: half of the work of the way
 * over f32. Elements are brought to one scale for the row by a multiplier for each block: element * 2^8 *
 * multiplier / 2^15. Keys leave their rotation divided by 4. With the multipliers below a row of nothing but
 * largest elements is at most twice as long as ATTEND_INT16_LENGTH, so no sum of products passes 2^31. */
#ifndef SXT_KERNEL_STRIP_Q8_0_AVX512_H
#define SXT_KERNEL_STRIP_Q8_0_AVX512_H

#include "kernel/attend_int16_avx512.h"

enum { MOST_BLOCKS = 8 }; /* of a row */

/* Of the block with the largest scale, for head sizes up to 64 and up to 256. */
#define KEY_MULTIPLIER_64 32767.0f
#define KEY_MULTIPLIER_256 16384.0f

static bool takes_q8_0(const sxt_strip *s) {
    return s->type == SXT_ROW_Q8_0 && s->n > 0 && s->head_dim <= 32 * MOST_BLOCKS;
}

/* Blocks are read in halves: what turns together has to begin at one. */
static bool turns_q8_0(const sxt_strip *s, const sxt_turn *turn) {
    return takes_q8_0(s) && turn->n_rot == s->head_dim && (turn->interleaved || s->head_dim % 32 == 0);
}

static int64_t n_blocks(const sxt_strip *s) { return (s->head_dim + 31) / 32; }

/* ---- Scales ---------------------------------------------------------------------------------------------- */

/* Where 16 rows begin, in bytes. Rows past n repeat the first one. */
SXT_INLINE __m512i rows_of_16(const sxt_strip *s) {
    __m512i i = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    i = _mm512_maskz_mov_epi32(rows_that_exist(s->n), i);
    return _mm512_mullo_epi32(i, _mm512_set1_epi32((int)s->row_bytes));
}

/* The f16 scales of 16 rows' block `block`, one in each lane. */
SXT_INLINE __m512i block_scales_of_16(const sxt_strip *s, __m512i rows, int64_t block) {
    __m512i found = _mm512_i32gather_epi32(rows, (const char *)s->rows + block * 34, 1);
    return _mm512_and_si512(found, _mm512_set1_epi32(0xffff));
}

SXT_INLINE __m512 f16_lanes(__m512i bits) { return _mm512_cvtph_ps(_mm512_cvtepi32_epi16(bits)); }

/* Scales (blocks) of 16 rows; returns the largest magnitude in each row, as the bits of an f16. */
SXT_INLINE __m512i scales_of_blocks(const sxt_strip *s, __m512i *scales) {
    const __m512i no_sign = _mm512_set1_epi32(0x7fff);
    __m512i rows = rows_of_16(s), largest = _mm512_setzero_si512();
    for (int64_t b = 0; b < n_blocks(s); b++) {
        scales[b] = block_scales_of_16(s, rows, b);
        largest = _mm512_max_epu32(largest, _mm512_and_si512(scales[b], no_sign));
    }
    return largest;
}

/* Multipliers (blocks, 16 rows), each as two equal int16: the blocks' scales times their row's factor. */
SXT_INLINE void store_multipliers(const sxt_strip *s, const __m512i *scales, __m512 factor) {
    for (int64_t b = 0; b < n_blocks(s); b++) {
        __m512i m = _mm512_cvtps_epi32(_mm512_mul_ps(f16_lanes(scales[b]), factor));
        m = _mm512_mask_blend_epi16(0xAAAAAAAA, m, _mm512_slli_epi32(m, 16));
        _mm512_storeu_si512(s->f32 + 16 * b, m);
    }
}

static void q8_0_read_keys(const sxt_strip *s, const sxt_turn *turn, float *scales) {
    float most = s->head_dim <= 64 ? KEY_MULTIPLIER_64 : KEY_MULTIPLIER_256;
    __mmask16 real = rows_that_exist(s->n);
    __m512i found[MOST_BLOCKS], bits = scales_of_blocks(s, found);
    __mmask16 finite = _mm512_cmp_epu32_mask(bits, _mm512_set1_epi32(0x7c00), _MM_CMPINT_LT);
    __mmask16 usable = finite & _mm512_test_epi32_mask(bits, bits);
    __m512 largest = f16_lanes(bits);
    /* What one unit of a turned key is worth. */
    __m512 back = _mm512_mul_ps(largest, _mm512_set1_ps(4 * turn->mscale * 0x1p7f / most));
    back = _mm512_mask_blend_ps(finite, _mm512_set1_ps(NAN), back);
    _mm512_storeu_ps(scales, _mm512_maskz_mov_ps(real, back));
    store_multipliers(s, found, _mm512_maskz_div_ps(usable & real, _mm512_set1_ps(most), largest));
}

static void q8_0_read_values(const sxt_strip *s, float *logs, float *inverses) {
    __m512i found[MOST_BLOCKS], bits = scales_of_blocks(s, found);
    __m512 largest = _mm512_mul_ps(f16_lanes(bits), _mm512_set1_ps(127));
    value_scales_of_16(_mm512_castps_si512(largest), s->n, logs, inverses);
    store_multipliers(s, found, _mm512_mul_ps(_mm512_loadu_ps(inverses), _mm512_set1_ps(0x1p7f)));
}

/* ---- Elements -------------------------------------------------------------------------------------------- */

/* Elements [i, i + 32) of a row at the row's scale; multipliers: 16 floats' room from block to block. */
SXT_INLINE __m512i q8_0_elements(const char *row, int64_t i, const float *multipliers) {
    __m256i q = _mm256_loadu_si256((const __m256i *)(const void *)(row + i / 32 * 34 + 2));
    __m512i by = _mm512_castps_si512(_mm512_set1_ps(multipliers[i / 32 * 16]));
    return _mm512_mulhrs_epi16(_mm512_slli_epi16(_mm512_cvtepi8_epi16(q), 8), by);
}

/* Pairs (a[i], b[i]) for i in [0, 16), or in [16, 32). */
SXT_INLINE __m512i side_by_side(__m512i a, __m512i b, bool second) {
    const int first = second ? 16 : 0;
    __m512i lanes = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    lanes = _mm512_add_epi32(lanes, _mm512_set1_epi32(first));
    lanes = _mm512_or_si512(lanes, _mm512_slli_epi32(_mm512_add_epi32(lanes, _mm512_set1_epi32(32)), 16));
    return _mm512_permutex2var_epi16(a, lanes, b);
}

/* ---- Keys ------------------------------------------------------------------------------------------------ */

/* Sixteen pairs turned by (cos, sin), and divided by 4. (a, -b) and (b, a) meet what is turned by. */
SXT_INLINE __m512i turn_pairs(__m512i x, const uint32_t *by) {
    const __m512i half = _mm512_set1_epi32(1 << 15), turn = _mm512_loadu_si512(by);
    __m512i conjugate = _mm512_mask_sub_epi16(x, 0xAAAAAAAA, _mm512_setzero_si512(), x);
    __m512i low = vec_dot_pairs(half, conjugate, turn);
    __m512i high = vec_dot_pairs(half, _mm512_rol_epi32(x, 16), turn);
    return _mm512_mask_blend_epi16(0xAAAAAAAA, _mm512_srli_epi32(low, 16), high);
}

/* Elements [i, i + 16) and [j, j + 16) of a row at the row's scale, side by side; i, j: multiples of 16. */
SXT_INLINE __m512i q8_0_pairs(const char *row, int64_t i, int64_t j, const float *multipliers) {
    const char *a = row + i / 32 * 34 + 2 + i % 32, *b = row + j / 32 * 34 + 2 + j % 32;
    __m128i first = _mm_loadu_si128((const __m128i *)(const void *)a);
    __m128i second = _mm_loadu_si128((const __m128i *)(const void *)b);
    __m512i q = _mm512_cvtepi8_epi16(
        _mm256_set_m128i(_mm_unpackhi_epi8(first, second), _mm_unpacklo_epi8(first, second)));
    __m512i by =
        _mm512_mask_blend_epi16(0xAAAAAAAA, _mm512_castps_si512(_mm512_set1_ps(multipliers[i / 32 * 16])),
                                _mm512_castps_si512(_mm512_set1_ps(multipliers[j / 32 * 16])));
    return _mm512_mulhrs_epi16(_mm512_slli_epi16(q, 8), by);
}

/* Pairs past the last one come out as anything; `by` is readable for whole vectors. */
SXT_INLINE void q8_0_turn_row(const char *row, const float *multipliers, const uint32_t *by, bool interleaved,
                              int64_t half, float *pairs) {
    int64_t p = 0;
    if (interleaved) {
        for (; p < half; p += 16)
            _mm512_storeu_si512(pairs + p, turn_pairs(q8_0_elements(row, 2 * p, multipliers), by + p));
        return;
    }
    for (; half % 32 == 0 && p < half; p += 32) {
        __m512i x = q8_0_elements(row, p, multipliers), y = q8_0_elements(row, p + half, multipliers);
        _mm512_storeu_si512(pairs + p, turn_pairs(side_by_side(x, y, false), by + p));
        _mm512_storeu_si512(pairs + p + 16, turn_pairs(side_by_side(x, y, true), by + p + 16));
    }
    for (; p < half; p += 16)
        _mm512_storeu_si512(pairs + p, turn_pairs(q8_0_pairs(row, p, p + half, multipliers), by + p));
}

/* Rows of turned pairs to the workspace. */
SXT_INLINE void q8_0_turn_strip(const sxt_strip *s, const sxt_turn *turn, bool interleaved, int64_t head_dim) {
    const char *ahead = s->ahead.at;
    int64_t share = s->ahead.n_bytes / SXT_TILE_STRIP;
    for (int j = 0; j < SXT_TILE_STRIP; j++) {
        int64_t from = j < s->n ? j : 0;
        fetch_lines(ahead + j * share, share);
        q8_0_turn_row((const char *)s->rows + from * s->row_bytes, s->f32 + j,
                      turn->pairs + turn->rows[from] * (head_dim / 2), interleaved, head_dim / 2,
                      s->spare + j * s->ld);
    }
}

static void q8_0_keys(const sxt_strip *s, const sxt_turn *turn, uint32_t *tile) {
    if (s->head_dim == 64 && turn->interleaved)
        q8_0_turn_strip(s, turn, true, 64);
    else if (s->head_dim == 64)
        q8_0_turn_strip(s, turn, false, 64);
    else if (s->head_dim == 128 && turn->interleaved)
        q8_0_turn_strip(s, turn, true, 128);
    else if (s->head_dim == 128)
        q8_0_turn_strip(s, turn, false, 128);
    else
        q8_0_turn_strip(s, turn, turn->interleaved, s->head_dim);
    for (int64_t t = 0, half = s->head_dim / 2; t < half; t += VEC_LANES) {
        __m512i r[16];
        SXT_UNROLL for (int j = 0; j < 16; j++) r[j] = _mm512_loadu_si512(s->spare + j * s->ld + t);
        transpose_16(r);
        SXT_UNROLL for (int p = 0; p < 16; p++) {
            if (t + p < half) _mm512_storeu_si512(tile + (t + p) * SXT_TILE_KEYS, r[p]);
        }
    }
}

/* ---- Values ---------------------------------------------------------------------------------------------- */

SXT_INLINE void q8_0_value_strip(const sxt_strip *s, uint32_t *tile, int64_t ld_tile, int64_t first,
                                 int64_t head_dim) {
    const char *ahead = s->ahead.at;
    int64_t share = s->ahead.n_bytes / SXT_TILE_STRIP;
    for (int64_t pair = 0; pair < SXT_TILE_STRIP / 2; pair++) {
        int64_t i_even = 2 * pair < s->n ? 2 * pair : 0, i_odd = 2 * pair + 1 < s->n ? 2 * pair + 1 : 0;
        const char *even = (const char *)s->rows + i_even * s->row_bytes;
        const char *odd = (const char *)s->rows + i_odd * s->row_bytes;
        uint32_t *to = tile + pair_place(first, pair) * ld_tile;
        fetch_lines(ahead + 2 * pair * share, 2 * share);
        for (int64_t d = 0; d < head_dim; d += 32) {
            __m512i a = q8_0_elements(even, d, s->f32 + 2 * pair);
            __m512i b = q8_0_elements(odd, d, s->f32 + 2 * pair + 1);
            _mm512_storeu_si512(to + d, side_by_side(a, b, false));
            if (d + 16 < head_dim) _mm512_storeu_si512(to + d + 16, side_by_side(a, b, true));
        }
    }
}

static void q8_0_values(const sxt_strip *s, uint32_t *tile, int64_t ld_tile, int64_t first) {
    if (s->head_dim == 64)
        q8_0_value_strip(s, tile, ld_tile, first, 64);
    else if (s->head_dim == 128)
        q8_0_value_strip(s, tile, ld_tile, first, 128);
    else
        q8_0_value_strip(s, tile, ld_tile, first, s->head_dim);
}

#endif
