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

/* Blocks are read in quarters: what turns together has to begin at one. */
static bool turns_q8_0(const sxt_strip *s, const sxt_turn *turn) {
    return takes_q8_0(s) && turn->n_rot == s->head_dim && (turn->interleaved || s->head_dim % 16 == 0);
}

static int64_t n_blocks(const sxt_strip *s) { return (s->head_dim + 31) / 32; }

/* The bytes of block `block` of all rows ahead. */
SXT_INLINE void fetch_block(const sxt_strip *s, int64_t block) {
    const char *ahead = s->ahead.at;
    int64_t share = s->ahead.n_bytes / n_blocks(s);
    fetch_lines(ahead + block * share, share);
}

/* ---- Scales ---------------------------------------------------------------------------------------------- */

/* Where 16 rows begin, in bytes. Rows past n repeat the first one. */
SXT_INLINE __m512i rows_of_16(const sxt_strip *s) {
    __m512i i = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    i = _mm512_maskz_mov_epi32(rows_that_exist(s->n), i);
    return _mm512_mullo_epi32(i, _mm512_set1_epi32((int)s->row_bytes));
}

/* The f16 scales of 16 rows' block `block`, one in the low half of each lane. */
SXT_INLINE __m512i block_scales_of_16(const sxt_strip *s, __m512i rows, int64_t block) {
    return _mm512_i32gather_epi32(rows, (const char *)s->rows + block * 34, 1);
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

/* Multipliers of 16 rows: a block's scales times their row's factor. */
SXT_INLINE __m512i multipliers_of_16(__m512i scales, __m512 factor) {
    return _mm512_cvtps_epi32(_mm512_mul_ps(f16_lanes(scales), factor));
}

static void q8_0_read_keys(const sxt_strip *s, const sxt_turn *turn, float *scales) {
    const float most = s->head_dim <= 64 ? KEY_MULTIPLIER_64 : KEY_MULTIPLIER_256;
    __mmask16 real = rows_that_exist(s->n);
    __m512i found[MOST_BLOCKS], bits = scales_of_blocks(s, found);
    __mmask16 finite = _mm512_cmp_epu32_mask(bits, _mm512_set1_epi32(0x7c00), _MM_CMPINT_LT);
    __mmask16 usable = finite & _mm512_test_epi32_mask(bits, bits);
    __m512 largest = f16_lanes(bits);
    /* What one unit of a turned key is worth. */
    __m512 back = _mm512_mul_ps(largest, _mm512_set1_ps(4 * turn->mscale * 0x1p7f / most));
    back = _mm512_mask_blend_ps(finite, _mm512_set1_ps(NAN), back);
    _mm512_storeu_ps(scales, _mm512_maskz_mov_ps(real, back));
    if (n_blocks(s) == 1) { /* what the division would come to, without the wait */
        const int up = (int)((uint32_t)most * 0x10001u), down = (int)((0x10000u - (uint32_t)most) * 0x10001u);
        __mmask16 negative = _mm512_test_epi32_mask(found[0], _mm512_set1_epi32(0x8000));
        __m512i m = _mm512_mask_mov_epi32(_mm512_set1_epi32(up), negative, _mm512_set1_epi32(down));
        _mm512_storeu_si512(s->f32, _mm512_maskz_mov_epi32(usable & real, m));
        return;
    }
    __m512 factor = _mm512_maskz_div_ps(usable & real, _mm512_set1_ps(most), largest);
    for (int64_t b = 0; b < n_blocks(s); b++) { /* (blocks, 16 rows), each as two equal int16 */
        __m512i m = multipliers_of_16(found[b], factor);
        m = _mm512_mask_blend_epi16(0xAAAAAAAA, m, _mm512_slli_epi32(m, 16));
        _mm512_storeu_si512(s->f32 + 16 * b, m);
    }
}

static void q8_0_read_values(const sxt_strip *s, float *logs, float *inverses) {
    __m512i found[MOST_BLOCKS], bits = scales_of_blocks(s, found);
    __m512 largest = _mm512_mul_ps(f16_lanes(bits), _mm512_set1_ps(127));
    value_scales_of_16(_mm512_castps_si512(largest), s->n, logs, inverses);
    __m512 factor = _mm512_mul_ps(_mm512_loadu_ps(inverses), _mm512_set1_ps(0x1p7f));
    for (int64_t b = 0; b < n_blocks(s); b++) { /* (blocks, 16 rows), as int16 */
        __m256i m = _mm512_cvtepi32_epi16(multipliers_of_16(found[b], factor));
        _mm256_storeu_si256((__m256i *)(void *)(s->f32 + 8 * b), m);
    }
}

/* ---- Keys ------------------------------------------------------------------------------------------------ */

/* Sixteen pairs turned by (cos, sin), and divided by 4. (a, -b) and (b, a) meet what is turned by. */
SXT_INLINE __m512i turn_pairs(__m512i x, __m512i by) {
    const __m512i half = _mm512_set1_epi32(1 << 15);
    __m512i conjugate = _mm512_mask_sub_epi16(x, 0xAAAAAAAA, _mm512_setzero_si512(), x);
    __m512i low = vec_dot_pairs(half, conjugate, by);
    __m512i high = vec_dot_pairs(half, _mm512_rol_epi32(x, 16), by);
    return _mm512_mask_blend_epi16(0xAAAAAAAA, _mm512_srli_epi32(low, 16), high);
}

SXT_INLINE __m512i multiplier_at(const float *multipliers, int64_t i) {
    return _mm512_castps_si512(_mm512_set1_ps(multipliers[i / 32 * 16]));
}

SXT_INLINE const char *q8_0_at(const char *row, int64_t i) { return row + i / 32 * 34 + 2 + i % 32; }

/* Elements [i, i + 16) beside [j, j + 16) of a row at the row's scale; i, j: multiples of 16. */
SXT_INLINE __m512i q8_0_halves(const char *row, int64_t i, int64_t j, const float *multipliers) {
    __m128i first = _mm_loadu_si128((const __m128i *)(const void *)q8_0_at(row, i));
    __m128i second = _mm_loadu_si128((const __m128i *)(const void *)q8_0_at(row, j));
    __m512i q = _mm512_cvtepi8_epi16(
        _mm256_set_m128i(_mm_unpackhi_epi8(first, second), _mm_unpacklo_epi8(first, second)));
    __m512i by =
        _mm512_mask_blend_epi16(0xAAAAAAAA, multiplier_at(multipliers, i), multiplier_at(multipliers, j));
    return _mm512_mulhrs_epi16(_mm512_slli_epi16(q, 8), by);
}

/* Pairs [t, t + 16) of a row at the row's scale. */
SXT_INLINE __m512i q8_0_pairs(const char *row, int64_t t, int64_t half, bool interleaved,
                              const float *multipliers) {
    if (!interleaved) return q8_0_halves(row, t, t + half, multipliers);
    __m256i q = _mm256_loadu_si256((const __m256i *)(const void *)q8_0_at(row, 2 * t));
    __m512i x = _mm512_slli_epi16(_mm512_cvtepi8_epi16(q), 8);
    return _mm512_mulhrs_epi16(x, multiplier_at(multipliers, 2 * t));
}

SXT_INLINE const char *row_at(const sxt_strip *s, int j) { return (const char *)s->rows + j * s->row_bytes; }

SXT_INLINE const uint32_t *turn_at(const sxt_strip *s, const sxt_turn *turn, int j) {
    return turn->pairs + turn->rows[j] * (s->head_dim / 2);
}

/* Pairs [t, t + 16) of 16 keys, as many as there are. */
SXT_INLINE void q8_0_key_block(const sxt_strip *s, const sxt_turn *turn, int64_t t, bool interleaved,
                               uint32_t *tile) {
    int64_t half = s->head_dim / 2;
    __m512i r[16];
    SXT_UNROLL for (int j = 0; j < 16; j++) r[j] =
        turn_pairs(q8_0_pairs(row_at(s, j), t, half, interleaved, s->f32 + j),
                   _mm512_loadu_si512(turn_at(s, turn, j) + t));
    transpose_16(r);
    SXT_UNROLL for (int p = 0; p < 16; p++) {
        if (t + p < half) _mm512_storeu_si512(tile + (t + p) * SXT_TILE_KEYS, r[p]);
    }
}

SXT_APART void q8_0_neighbours_block(const sxt_strip *s, const sxt_turn *turn, int64_t t, uint32_t *tile) {
    q8_0_key_block(s, turn, t, true, tile);
}

SXT_APART void q8_0_halves_block(const sxt_strip *s, const sxt_turn *turn, int64_t t, uint32_t *tile) {
    q8_0_key_block(s, turn, t, false, tile);
}

/* What pairs [t, t + 8) of a row are made of. */
SXT_INLINE __m128i bytes_of_8_pairs(const char *row, int64_t t, int64_t half, bool interleaved) {
    if (interleaved) return _mm_loadu_si128((const __m128i *)(const void *)q8_0_at(row, 2 * t));
    return _mm_unpacklo_epi8(_mm_loadl_epi64((const __m128i *)(const void *)q8_0_at(row, t)),
                             _mm_loadl_epi64((const __m128i *)(const void *)q8_0_at(row, t + half)));
}

/* The multipliers of element at of keys i and j, in eight lanes each. */
SXT_INLINE __m512i multipliers_of_two(const sxt_strip *s, int i, int j, int64_t at) {
    return _mm512_mask_blend_epi32(0xff00, multiplier_at(s->f32 + i, at), multiplier_at(s->f32 + j, at));
}

/* Pairs [t, t + 8) of keys i and j. */
SXT_INLINE __m512i q8_0_two_keys(const sxt_strip *s, const sxt_turn *turn, int i, int j, int64_t t,
                                 bool interleaved) {
    int64_t half = s->head_dim / 2;
    __m256i q = _mm256_set_m128i(bytes_of_8_pairs(row_at(s, j), t, half, interleaved),
                                 bytes_of_8_pairs(row_at(s, i), t, half, interleaved));
    __m512i m = multipliers_of_two(s, i, j, interleaved ? 2 * t : t);
    if (!interleaved) m = _mm512_mask_blend_epi16(0xAAAAAAAA, m, multipliers_of_two(s, i, j, t + half));
    __m256i by_i = _mm256_loadu_si256((const __m256i *)(const void *)(turn_at(s, turn, i) + t));
    __m256i by_j = _mm256_loadu_si256((const __m256i *)(const void *)(turn_at(s, turn, j) + t));
    return turn_pairs(_mm512_mulhrs_epi16(_mm512_slli_epi16(_mm512_cvtepi8_epi16(q), 8), m),
                      _mm512_inserti64x4(_mm512_castsi256_si512(by_i), by_j, 1));
}

/* Pairs [t, t + 8) of 16 keys, as many as there are: keys j and j + 4 share a vector until four and four keys
 * are side by side. */
SXT_INLINE void q8_0_key_half_block(const sxt_strip *s, const sxt_turn *turn, int64_t t, bool interleaved,
                                    uint32_t *tile) {
    int64_t half = s->head_dim / 2;
    __m512i r[8], fours[8];
    SXT_UNROLL for (int j = 0; j < 8; j++) r[j] =
        q8_0_two_keys(s, turn, j / 4 * 8 + j % 4, j / 4 * 8 + j % 4 + 4, t, interleaved);
    SXT_UNROLL for (int i = 0; i < 8; i += 4) {
        __m512i a = _mm512_unpacklo_epi32(r[i], r[i + 1]), b = _mm512_unpacklo_epi32(r[i + 2], r[i + 3]);
        __m512i c = _mm512_unpackhi_epi32(r[i], r[i + 1]), d = _mm512_unpackhi_epi32(r[i + 2], r[i + 3]);
        fours[i] = _mm512_unpacklo_epi64(a, b);
        fours[i + 1] = _mm512_unpackhi_epi64(a, b);
        fours[i + 2] = _mm512_unpacklo_epi64(c, d);
        fours[i + 3] = _mm512_unpackhi_epi64(c, d);
    }
    SXT_UNROLL for (int p = 0; p < 4; p++) {
        int64_t low = t + p, high = low + 4;
        if (low < half)
            _mm512_storeu_si512(tile + low * SXT_TILE_KEYS, _mm512_shuffle_i32x4(fours[p], fours[p + 4], 0x88));
        if (high < half)
            _mm512_storeu_si512(tile + high * SXT_TILE_KEYS,
                                _mm512_shuffle_i32x4(fours[p], fours[p + 4], 0xDD));
    }
}

SXT_APART void q8_0_neighbours_half_block(const sxt_strip *s, const sxt_turn *turn, int64_t t, uint32_t *tile) {
    q8_0_key_half_block(s, turn, t, true, tile);
}

SXT_APART void q8_0_halves_half_block(const sxt_strip *s, const sxt_turn *turn, int64_t t, uint32_t *tile) {
    q8_0_key_half_block(s, turn, t, false, tile);
}

/* The last keys of a cache are fewer: those that miss repeat the first one. */
static void fill_up(sxt_strip *s, sxt_turn *turn) {
    char *rows = memcpy(s->spare, s->rows, (size_t)(s->n * s->row_bytes));
    for (int64_t j = s->n; j < SXT_TILE_STRIP; j++) {
        memcpy(rows + j * s->row_bytes, rows, (size_t)s->row_bytes);
        turn->rows[j] = turn->rows[0];
    }
    s->rows = rows;
    s->n = SXT_TILE_STRIP;
}

static void q8_0_whole_keys(const sxt_strip *s, const sxt_turn *turn, uint32_t *tile) {
    int64_t half = s->head_dim / 2, step = turn->interleaved || half % 16 == 0 ? 16 : 8;
    for (int64_t t = 0; t < half; t += step) {
        if (t % 16 == 0) fetch_block(s, t / 16);
        if (turn->interleaved && half - t > 8)
            q8_0_neighbours_block(s, turn, t, tile);
        else if (turn->interleaved)
            q8_0_neighbours_half_block(s, turn, t, tile);
        else if (step == 16)
            q8_0_halves_block(s, turn, t, tile);
        else
            q8_0_halves_half_block(s, turn, t, tile);
    }
}

static void q8_0_keys(const sxt_strip *s, const sxt_turn *turn, uint32_t *tile) {
    if (s->n == SXT_TILE_STRIP) {
        q8_0_whole_keys(s, turn, tile);
        return;
    }
    sxt_strip whole = *s;
    sxt_turn all = *turn;
    fill_up(&whole, &all);
    q8_0_whole_keys(&whole, &all, tile);
}

/* ---- Values ---------------------------------------------------------------------------------------------- */

/* A block of two rows at their scales, by: their multipliers in turns. Pairs (even[i], odd[i]): first for i in
 * [0, 16), second for the rest. A byte goes to the high half of its int16. */
SXT_INLINE void pair_up_rows(const char *even, const char *odd, __m512i by, __m512i *first, __m512i *second) {
    const __m512i fours = _mm512_setr_epi32(0, 8, 4, 12, 1, 9, 5, 13, 2, 10, 6, 14, 3, 11, 7, 15);
    const __m512i low =
        _mm512_broadcast_i32x4(_mm_setr_epi8(-1, 0, -1, 4, -1, 1, -1, 5, -1, 2, -1, 6, -1, 3, -1, 7));
    const __m512i high =
        _mm512_broadcast_i32x4(_mm_setr_epi8(-1, 8, -1, 12, -1, 9, -1, 13, -1, 10, -1, 14, -1, 11, -1, 15));
    __m256i a = _mm256_loadu_si256((const __m256i *)(const void *)even);
    __m256i b = _mm256_loadu_si256((const __m256i *)(const void *)odd);
    __m512i both = _mm512_permutexvar_epi32(fours, _mm512_inserti64x4(_mm512_castsi256_si512(a), b, 1));
    *first = _mm512_mulhrs_epi16(_mm512_shuffle_epi8(both, low), by);
    *second = _mm512_mulhrs_epi16(_mm512_shuffle_epi8(both, high), by);
}

/* Elements [d, d + 32) of 16 values, of which n exist, or no more than 16 elements. */
SXT_INLINE void q8_0_value_block(const sxt_strip *s, int64_t n, int64_t d, bool both, uint32_t *to,
                                 int64_t ld_tile) {
    const char *rows = (const char *)s->rows + d / 32 * 34 + 2;
    const float *multipliers = s->f32 + d / 32 * 8;
    SXT_UNROLL for (int64_t pair = 0; pair < 8; pair++) {
        int64_t even = 2 * pair < n ? 2 * pair : 0, odd = 2 * pair + 1 < n ? 2 * pair + 1 : 0;
        uint32_t *at = to + d + pair_place(0, pair) * ld_tile;
        __m512i low, high, by = _mm512_castps_si512(_mm512_set1_ps(multipliers[pair]));
        pair_up_rows(rows + even * s->row_bytes, rows + odd * s->row_bytes, by, &low, &high);
        _mm512_storeu_si512(at, low);
        if (both) _mm512_storeu_si512(at + 16, high);
    }
}

static void q8_0_values(const sxt_strip *s, uint32_t *tile, int64_t ld_tile, int64_t first) {
    uint32_t *to = tile + pair_place(first, 0) * ld_tile;
    int64_t d = 0;
    for (; d + 16 < s->head_dim; d += 32) {
        fetch_block(s, d / 32);
        if (s->n == SXT_TILE_STRIP)
            q8_0_value_block(s, SXT_TILE_STRIP, d, true, to, ld_tile);
        else
            q8_0_value_block(s, s->n, d, true, to, ld_tile);
    }
    if (d >= s->head_dim) return;
    fetch_block(s, d / 32);
    q8_0_value_block(s, s->n, d, false, to, ld_tile);
}

#endif
