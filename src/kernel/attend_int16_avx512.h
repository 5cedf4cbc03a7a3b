/* Attention in 16-bit integers for AVX-512 VNNI: vpdpwssd does twice the multiply-adds of an f32 fma, and its
 * sums are exact. What each function means is said in kernel.h; attend_int16_plain.h has the same in plain C.
 */
#ifndef SXT_KERNEL_ATTEND_INT16_AVX512_H
#define SXT_KERNEL_ATTEND_INT16_AVX512_H

#include "kernel/attend_int16.h"
#include "kernel/tile_avx512.h"

enum {
    ATTENDS_INT16 = true,
    INT16_ROWS = 6, /* 6 rows x 4 vectors: 24 sums, 4 vectors of keys and 1 of queries in 32 registers */
    INT16_MOST_ROWS = 8,
    INT16_VECS = 4,
    INT16_MOST_VECS = SXT_TILE_KEYS / VEC_LANES
};

/* ---- Numbers to integers ----------------------------------------------------------------------------- */

/* n from 0 to more than 16. */
SXT_INLINE __mmask16 rows_that_exist(int64_t n) { return n >= VEC_LANES ? (__mmask16)0xffff : vec_first(n); }

/* The first n of 16 floats, n from 0 to more than 16. */
SXT_INLINE __m512 load_up_to(const float *x, int64_t n) {
    return _mm512_maskz_loadu_ps(n >= VEC_LANES ? (__mmask16)0xffff : vec_first(n > 0 ? n : 0), x);
}

/* Low halves of the lanes: low * low_scale; high halves: high * high_scale, rounded to nearest even. The magic
 * sum has the integer in its low bits. NaN gives 0. |value * scale| < 32768. */
SXT_INLINE __m512i int16_pairs(__m512 low, __m512 low_scale, __m512 high, __m512 high_scale) {
    const __m512 magic = _mm512_set1_ps(0x1.8p23f);
    __m512i a = _mm512_castps_si512(_mm512_fmadd_ps(low, low_scale, magic));
    __m512i b = _mm512_castps_si512(_mm512_fmadd_ps(high, high_scale, magic));
    return _mm512_mask_blend_epi16(0xAAAAAAAA, a, _mm512_slli_epi32(b, 16));
}

/* Sixteen vectors to one: lane i is the sum of the lanes of row i. */
SXT_INLINE __m512 sums_of_16(const __m512 *rows) {
    __m512 pairs[8], fours[4], halves[2];
    SXT_UNROLL for (int i = 0; i < 8; i++) pairs[i] = _mm512_add_ps(
        _mm512_unpacklo_ps(rows[2 * i], rows[2 * i + 1]), _mm512_unpackhi_ps(rows[2 * i], rows[2 * i + 1]));
    SXT_UNROLL for (int i = 0; i < 4; i++) {
        __m512d a = _mm512_castps_pd(pairs[2 * i]), b = _mm512_castps_pd(pairs[2 * i + 1]);
        fours[i] = _mm512_add_ps(_mm512_castpd_ps(_mm512_unpacklo_pd(a, b)),
                                 _mm512_castpd_ps(_mm512_unpackhi_pd(a, b)));
    }
    SXT_UNROLL for (int i = 0; i < 2; i++) halves[i] =
        _mm512_add_ps(_mm512_shuffle_f32x4(fours[2 * i], fours[2 * i + 1], 0x88),
                      _mm512_shuffle_f32x4(fours[2 * i], fours[2 * i + 1], 0xDD));
    return _mm512_add_ps(_mm512_shuffle_f32x4(halves[0], halves[1], 0x88),
                         _mm512_shuffle_f32x4(halves[0], halves[1], 0xDD));
}

/* The same tree for the largest of unsigned integers. */
SXT_INLINE __m512i largest_of_16(const __m512i *rows) {
    __m512i pairs[8], fours[4], halves[2];
    SXT_UNROLL for (int i = 0; i < 8; i++) pairs[i] =
        _mm512_max_epu32(_mm512_unpacklo_epi32(rows[2 * i], rows[2 * i + 1]),
                         _mm512_unpackhi_epi32(rows[2 * i], rows[2 * i + 1]));
    SXT_UNROLL for (int i = 0; i < 4; i++) fours[i] =
        _mm512_max_epu32(_mm512_unpacklo_epi64(pairs[2 * i], pairs[2 * i + 1]),
                         _mm512_unpackhi_epi64(pairs[2 * i], pairs[2 * i + 1]));
    SXT_UNROLL for (int i = 0; i < 2; i++) halves[i] =
        _mm512_max_epu32(_mm512_shuffle_i32x4(fours[2 * i], fours[2 * i + 1], 0x88),
                         _mm512_shuffle_i32x4(fours[2 * i], fours[2 * i + 1], 0xDD));
    return _mm512_max_epu32(_mm512_shuffle_i32x4(halves[0], halves[1], 0x88),
                            _mm512_shuffle_i32x4(halves[0], halves[1], 0xDD));
}

/* Lengths of 16 rows. Rows past n repeat the first one. */
SXT_INLINE __m512 lengths_of_16(const float *x, int64_t ldx, int64_t n, int64_t head_dim) {
    __m512 squares[16];
    for (int j = 0; j < 16; j++) {
        const float *row = x + (j < n ? j : 0) * ldx;
        __m512 sum = _mm512_setzero_ps();
        for (int64_t d = 0; d < head_dim; d += VEC_LANES) {
            __m512 v = load_up_to(row + d, head_dim - d);
            sum = _mm512_fmadd_ps(v, v, sum);
        }
        squares[j] = sum;
    }
    return _mm512_sqrt_ps(sums_of_16(squares));
}

/* Scales that bring 16 rows to the length ATTEND_INT16_LENGTH; *back undoes them, NaN for a row that is not
 * finite. */
SXT_INLINE __m512 scales_of_16(__m512 lengths, __m512 *back) {
    __mmask16 finite = _mm512_cmp_ps_mask(lengths, _mm512_set1_ps(FLT_MAX), _CMP_LE_OQ);
    __mmask16 usable = finite & _mm512_cmp_ps_mask(lengths, _mm512_set1_ps(FLT_MIN), _CMP_GE_OQ);
    *back = _mm512_div_ps(_mm512_maskz_mov_ps(usable, lengths), _mm512_set1_ps(ATTEND_INT16_LENGTH));
    *back = _mm512_mask_blend_ps(finite, _mm512_set1_ps(NAN), *back);
    return _mm512_maskz_div_ps(usable, _mm512_set1_ps(ATTEND_INT16_LENGTH), lengths);
}

static void int16_queries(const float *x, int64_t ldx, float factor, uint32_t *pairs, int64_t ld_pairs,
                          float *scales, int64_t n_rows, int64_t head_dim) {
    int64_t half = head_dim / 2;
    for (int64_t i = 0; i < n_rows; i += 16) {
        int64_t n = n_rows - i < 16 ? n_rows - i : 16;
        __m512 back;
        float scale[16];
        _mm512_storeu_ps(scale, scales_of_16(lengths_of_16(x + i * ldx, ldx, n, head_dim), &back));
        _mm512_mask_storeu_ps(scales + i, n == 16 ? (__mmask16)0xffff : vec_first(n),
                              _mm512_mul_ps(back, _mm512_set1_ps(factor)));
        for (int64_t j = 0; j < n; j++) {
            const float *row = x + (i + j) * ldx;
            __m512 by = _mm512_set1_ps(scale[j]);
            for (int64_t t = 0; t < half; t += VEC_LANES) {
                __mmask16 part = half - t >= VEC_LANES ? (__mmask16)0xffff : vec_first(half - t);
                __m512i both = int16_pairs(_mm512_maskz_loadu_ps(part, row + t), by,
                                           _mm512_maskz_loadu_ps(part, row + half + t), by);
                _mm512_mask_storeu_epi32(pairs + (i + j) * ld_pairs + t, part, both);
            }
        }
    }
}

/* Pairs [t, t + 16) of 16 keys. part: how many of these pairs exist. */
SXT_INLINE void int16_key_block(const float *x, int64_t ldx, const float *inverses, uint32_t *tile, int64_t n,
                                int64_t t, int64_t half, int64_t part) {
    __mmask16 mask = part >= VEC_LANES ? (__mmask16)0xffff : vec_first(part);
    __m512i r[16];
    SXT_UNROLL for (int j = 0; j < 16; j++) {
        const float *row = x + (j < n ? j : 0) * ldx + t;
        __m512 low = part >= VEC_LANES ? _mm512_loadu_ps(row) : _mm512_maskz_loadu_ps(mask, row);
        __m512 high = part >= VEC_LANES ? _mm512_loadu_ps(row + half) : _mm512_maskz_loadu_ps(mask, row + half);
        __m512 by = _mm512_set1_ps(inverses[j]);
        r[j] = int16_pairs(low, by, high, by);
    }
    transpose_16(r);
    SXT_UNROLL for (int p = 0; p < 16; p++) {
        if (p < part) _mm512_storeu_si512(tile + (t + p) * SXT_TILE_KEYS, r[p]);
    }
}

static void int16_keys_of_f32(const sxt_strip *s, const float *inverses, uint32_t *tile) {
    int64_t half = s->head_dim / 2, t = 0;
    for (; t + VEC_LANES <= half; t += VEC_LANES)
        if (s->n == SXT_TILE_STRIP)
            int16_key_block(s->f32, s->ld, inverses, tile, SXT_TILE_STRIP, t, half, VEC_LANES);
        else
            int16_key_block(s->f32, s->ld, inverses, tile, s->n, t, half, VEC_LANES);
    if (t < half) int16_key_block(s->f32, s->ld, inverses, tile, s->n, t, half, half - t);
}

SXT_INLINE __m512i magnitude(__m512 x) {
    return _mm512_and_si512(_mm512_castps_si512(x), _mm512_set1_epi32(0x7fffffff));
}

/* |x| of the largest of 16 rows as the bits of a float; NaN is larger than all. */
SXT_INLINE __m512i largest_bits_of_16(const float *x, int64_t ldx, int64_t n, int64_t head_dim) {
    __m512i largest[16];
    for (int j = 0; j < 16; j++) {
        const float *row = x + (j < n ? j : 0) * ldx;
        largest[j] = _mm512_setzero_si512();
        for (int64_t d = 0; d < head_dim; d += VEC_LANES)
            largest[j] = _mm512_max_epu32(largest[j], magnitude(load_up_to(row + d, head_dim - d)));
    }
    return largest_of_16(largest);
}

/* log2 of a float of three bits after its leading one. */
SXT_INLINE __m512 log2_of_steps(__m512i bits) {
    static const float steps[16] = {ATTEND_INT16_LOG2_STEPS, ATTEND_INT16_LOG2_STEPS};
    __m512 exponent = _mm512_cvtepi32_ps(_mm512_sub_epi32(_mm512_srli_epi32(bits, 23), _mm512_set1_epi32(127)));
    __m512 step = _mm512_permutexvar_ps(_mm512_srli_epi32(bits, 20), _mm512_loadu_ps(steps));
    return _mm512_add_ps(exponent, step);
}

/* Where pair `pair` (of 0..7) of a strip lies: as packs_epi32 orders the weights of two strips. */
SXT_INLINE int64_t pair_place(int64_t first, int64_t pair) {
    return first / 32 * 16 + pair / 2 * 4 + first / 16 % 2 * 2 + pair % 2;
}

/* From the bits of the largest elements of 16 rows, of which n exist. */
SXT_INLINE void value_scales_of_16(__m512i largest, int64_t n, float *logs, float *inverses) {
    const __m512i rounding = _mm512_set1_epi32(0xfffff), smallest = _mm512_set1_epi32(ATTEND_INT16_SMALLEST);
    __mmask16 real = rows_that_exist(n);
    __m512i bits = _mm512_max_epu32(largest, smallest);
    bits = _mm512_andnot_si512(rounding, _mm512_add_epi32(bits, rounding));
    __mmask16 usable = _mm512_cmp_epu32_mask(bits, _mm512_set1_epi32(ATTEND_INT16_LARGEST), _MM_CMPINT_LE);
    __m512 inverse =
        _mm512_maskz_div_ps(usable & real, _mm512_set1_ps(ATTEND_INT16_VALUE), _mm512_castsi512_ps(bits));
    __m512 log = _mm512_mask_blend_ps(usable, _mm512_set1_ps(NAN), log2_of_steps(bits));
    _mm512_storeu_ps(logs, _mm512_maskz_mov_ps(real, log));
    _mm512_storeu_ps(inverses, inverse);
}

SXT_INLINE void int16_value_strip(const sxt_strip *s, const float *inverses, uint32_t *tile, int64_t ld_tile,
                                  int64_t first, int64_t n, int64_t head_dim) {
    for (int64_t pair = 0; pair < 8; pair++) {
        const float *even = s->f32 + 2 * pair * s->ld, *odd = even + s->ld;
        uint32_t *to = tile + pair_place(first, pair) * ld_tile;
        __m512 even_scale = _mm512_set1_ps(inverses[2 * pair]);
        __m512 odd_scale = _mm512_set1_ps(inverses[2 * pair + 1]);
        int64_t n_even = 2 * pair < n ? head_dim : 0, n_odd = 2 * pair + 1 < n ? head_dim : 0;
        for (int64_t d = 0; d < head_dim; d += VEC_LANES) {
            __m512 low = load_up_to(even + d, n_even - d), high = load_up_to(odd + d, n_odd - d);
            _mm512_storeu_si512(to + d, int16_pairs(low, even_scale, high, odd_scale));
        }
    }
}

static void int16_values_of_f32(const sxt_strip *s, const float *inverses, uint32_t *tile, int64_t ld_tile,
                                int64_t first) {
    if (s->n == SXT_TILE_STRIP && s->head_dim == 64)
        int16_value_strip(s, inverses, tile, ld_tile, first, SXT_TILE_STRIP, 64);
    else if (s->n == SXT_TILE_STRIP && s->head_dim == 128)
        int16_value_strip(s, inverses, tile, ld_tile, first, SXT_TILE_STRIP, 128);
    else
        int16_value_strip(s, inverses, tile, ld_tile, first, s->n, s->head_dim);
}

/* ---- Products ------------------------------------------------------------------------------------------ */

SXT_INLINE void int16_products(int n_rows, int n_vecs, const uint32_t *a, int64_t lda, const uint32_t *b,
                               int64_t ldb, int64_t n_k, __m512i acc[INT16_MOST_ROWS][INT16_MOST_VECS]) {
    SXT_UNROLL for (int r = 0; r < n_rows; r++) SXT_UNROLL for (int v = 0; v < n_vecs; v++) acc[r][v] =
        _mm512_setzero_si512();
    for (int64_t k = 0; k < n_k; k++) {
        __m512i w[INT16_MOST_VECS];
        SXT_UNROLL for (int v = 0; v < n_vecs; v++) w[v] = _mm512_loadu_si512(b + k * ldb + v * VEC_LANES);
        SXT_UNROLL for (int r = 0; r < n_rows; r++) {
            __m512i x = _mm512_set1_epi32((int)a[r * lda + k]);
            SXT_UNROLL for (int v = 0; v < n_vecs; v++) acc[r][v] = vec_dot_pairs(acc[r][v], x, w[v]);
        }
    }
}

/* Scores of n_rows rows and n_vecs vectors of keys. */
SXT_INLINE void int16_score_tile(int n_rows, int n_vecs, const sxt_int16_scores *s, int64_t row, int64_t key) {
    __m512i acc[INT16_MOST_ROWS][INT16_MOST_VECS];
    int16_products(n_rows, n_vecs, s->q + row * s->ldq, s->ldq, s->tile + key, SXT_TILE_KEYS, s->n_pairs, acc);
    SXT_UNROLL for (int r = 0; r < n_rows; r++) {
        __m512 scale = _mm512_set1_ps(s->q_scales[row + r]);
        SXT_UNROLL for (int v = 0; v < n_vecs; v++) {
            __m512 k_scale = _mm512_loadu_ps(s->k_scales + key + v * VEC_LANES);
            __m512 log = _mm512_loadu_ps(s->v_logs + key + v * VEC_LANES);
            __m512 x = _mm512_mul_ps(_mm512_cvtepi32_ps(acc[r][v]), k_scale);
            _mm512_storeu_ps(s->scores + (row + r) * SXT_TILE_KEYS + key + v * VEC_LANES,
                             _mm512_fmadd_ps(x, scale, log));
        }
    }
}

/* out = out * keep + add * (weights times values) for n_rows rows; part: lanes of the last vector, 0: all. */
SXT_INLINE void int16_sum_tile(int n_rows, int n_vecs, const sxt_int16_sums *s, int64_t row, int64_t d,
                               int64_t part) {
    __m512i acc[INT16_MOST_ROWS][INT16_MOST_VECS];
    int16_products(n_rows, n_vecs, s->p + row * SXT_TILE_PAIRS, SXT_TILE_PAIRS, s->tile + d, s->ld_tile,
                   s->n_pairs, acc);
    SXT_UNROLL for (int r = 0; r < n_rows; r++) {
        __m512 keep = _mm512_set1_ps(s->keep[row + r]), add = _mm512_set1_ps(s->add[row + r]);
        SXT_UNROLL for (int v = 0; v < n_vecs; v++) {
            float *at = s->out + (row + r) * s->ldo + d + v * VEC_LANES;
            __m512 sum = _mm512_cvtepi32_ps(acc[r][v]);
            if (part && v == n_vecs - 1)
                vec_store_part(at, _mm512_fmadd_ps(sum, add, _mm512_mul_ps(vec_load_part(at, part), keep)),
                               part);
            else
                _mm512_storeu_ps(at, _mm512_fmadd_ps(sum, add, _mm512_mul_ps(_mm512_loadu_ps(at), keep)));
        }
    }
}

#define INT16_STRIP(name, type, eight, tile, ...)                                                              \
    SXT_APART void name(const type *s, int64_t column) {                                                       \
        int64_t r = 0;                                                                                         \
        if (s->n_rows == 8) { /* one query of many models: at once or 4 + 4 rows, not 6 + 2 */                 \
            tile(eight, __VA_ARGS__);                                                                          \
            r = eight;                                                                                         \
        }                                                                                                      \
        for (; r + INT16_ROWS <= s->n_rows; r += INT16_ROWS) tile(INT16_ROWS, __VA_ARGS__);                    \
        switch (s->n_rows - r) {                                                                               \
        case 5: tile(5, __VA_ARGS__); break;                                                                   \
        case 4: tile(4, __VA_ARGS__); break;                                                                   \
        case 3: tile(3, __VA_ARGS__); break;                                                                   \
        case 2: tile(2, __VA_ARGS__); break;                                                                   \
        case 1: tile(1, __VA_ARGS__); break;                                                                   \
        default: break;                                                                                        \
        }                                                                                                      \
    }
INT16_STRIP(int16_score_4, sxt_int16_scores, 4, int16_score_tile, 4, s, r, column)
INT16_STRIP(int16_score_2, sxt_int16_scores, 8, int16_score_tile, 2, s, r, column)
INT16_STRIP(int16_sum_4, sxt_int16_sums, 4, int16_sum_tile, 4, s, r, column, 0)
INT16_STRIP(int16_sum_3, sxt_int16_sums, 8, int16_sum_tile, 3, s, r, column, 0)
INT16_STRIP(int16_sum_2, sxt_int16_sums, 8, int16_sum_tile, 2, s, r, column, 0)
INT16_STRIP(int16_sum_1, sxt_int16_sums, 8, int16_sum_tile, 1, s, r, column, 0)
INT16_STRIP(int16_sum_part, sxt_int16_sums, 8, int16_sum_tile, 1, s, r, column, s->head_dim - column)
#undef INT16_STRIP

static void int16_scores(const sxt_int16_scores *s) {
    int64_t key = 0;
    for (; key + 4 * VEC_LANES <= s->n_keys; key += 4 * VEC_LANES) int16_score_4(s, key);
    for (; key < s->n_keys; key += 2 * VEC_LANES) int16_score_2(s, key);
}

/* 5 vectors are 3 + 2, not 4 + 1: one alone would wait for itself. */
static void int16_sums(const sxt_int16_sums *s) {
    int64_t d = 0, whole = s->head_dim / VEC_LANES;
    while (whole > 0) {
        int64_t n = whole <= 4 ? whole : whole == 5 || whole == 6 ? 3 : 4;
        switch (n) {
        case 4: int16_sum_4(s, d); break;
        case 3: int16_sum_3(s, d); break;
        case 2: int16_sum_2(s, d); break;
        default: int16_sum_1(s, d); break;
        }
        d += n * VEC_LANES;
        whole -= n;
    }
    if (d < s->head_dim) int16_sum_part(s, d);
}

/* ---- Softmax ------------------------------------------------------------------------------------------- */

/* c * 2^x for x <= 0, relative error below 4e-6; 0 for -inf, NaN stays NaN. */
SXT_INLINE __m512 exp2_times(__m512 x, float c) {
    __m512 r = _mm512_reduce_ps(x, _MM_FROUND_TO_NEG_INF); /* x - floor(x) */
    __m512 p = _mm512_fmadd_ps(_mm512_set1_ps(0x1.b7f738p-7f * c), r, _mm512_set1_ps(0x1.abf866p-5f * c));
    p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(0x1.ee2452p-3f * c));
    p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(0x1.62d6c6p-1f * c));
    p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(c));
    return _mm512_scalef_ps(p, x);
}

/* Four vectors to one: lanes 4q + i, for every q, hold the largest lane of row i. */
SXT_INLINE __m512 largest_of_4(const __m512 *rows) {
    __m512d a = _mm512_castps_pd(
        _mm512_max_ps(_mm512_unpacklo_ps(rows[0], rows[1]), _mm512_unpackhi_ps(rows[0], rows[1])));
    __m512d b = _mm512_castps_pd(
        _mm512_max_ps(_mm512_unpacklo_ps(rows[2], rows[3]), _mm512_unpackhi_ps(rows[2], rows[3])));
    __m512 all =
        _mm512_max_ps(_mm512_castpd_ps(_mm512_unpacklo_pd(a, b)), _mm512_castpd_ps(_mm512_unpackhi_pd(a, b)));
    all = _mm512_max_ps(all, _mm512_shuffle_f32x4(all, all, 0x4E));
    return _mm512_max_ps(all, _mm512_shuffle_f32x4(all, all, 0xB1));
}

/* The same with sums. */
SXT_INLINE __m512 sums_of_4(const __m512 *rows) {
    __m512d a = _mm512_castps_pd(
        _mm512_add_ps(_mm512_unpacklo_ps(rows[0], rows[1]), _mm512_unpackhi_ps(rows[0], rows[1])));
    __m512d b = _mm512_castps_pd(
        _mm512_add_ps(_mm512_unpacklo_ps(rows[2], rows[3]), _mm512_unpackhi_ps(rows[2], rows[3])));
    __m512 all =
        _mm512_add_ps(_mm512_castpd_ps(_mm512_unpacklo_pd(a, b)), _mm512_castpd_ps(_mm512_unpackhi_pd(a, b)));
    all = _mm512_add_ps(all, _mm512_shuffle_f32x4(all, all, 0x4E));
    return _mm512_add_ps(all, _mm512_shuffle_f32x4(all, all, 0xB1));
}

/* The largest lanes of n_vecs vectors (even). */
SXT_INLINE __m512 largest_lanes(int n_vecs, const float *scores) {
    __m512 most[INT16_MOST_VECS / 2];
    SXT_UNROLL for (int v = 0; v < n_vecs / 2; v++) most[v] = _mm512_max_ps(
        _mm512_loadu_ps(scores + v * VEC_LANES), _mm512_loadu_ps(scores + (v + n_vecs / 2) * VEC_LANES));
    SXT_UNROLL for (int v = 1; v < n_vecs / 2; v++) most[0] = _mm512_max_ps(most[0], most[v]);
    return most[0];
}

/* The weights of one row of n_vecs vectors relative to `from`; returns the lanes of their sum. */
SXT_INLINE __m512 weigh_row(int n_vecs, const float *scores, __m512 from, const float *inverses, uint32_t *p) {
    __m512 even = _mm512_setzero_ps(), odd = _mm512_setzero_ps();
    SXT_UNROLL for (int v = 0; v < n_vecs; v += 2) {
        const float *at = scores + v * VEC_LANES;
        __m512 a = exp2_times(_mm512_sub_ps(_mm512_loadu_ps(at), from), ATTEND_INT16_WEIGHT);
        __m512 b = exp2_times(_mm512_sub_ps(_mm512_loadu_ps(at + VEC_LANES), from), ATTEND_INT16_WEIGHT);
        even = _mm512_fmadd_ps(a, _mm512_loadu_ps(inverses + v * VEC_LANES), even);
        odd = _mm512_fmadd_ps(b, _mm512_loadu_ps(inverses + (v + 1) * VEC_LANES), odd);
        _mm512_storeu_si512(p + v * (VEC_LANES / 2),
                            _mm512_packs_epi32(_mm512_cvtps_epi32(a), _mm512_cvtps_epi32(b)));
    }
    return _mm512_add_ps(even, odd);
}

/* Rows [row, row + 4): their largest scores, weights and sums. Rows past the end repeat the last one. */
SXT_INLINE void int16_soften_4(int n_vecs, const sxt_int16_soften *s, int64_t row, float *top, float *sum) {
    const float *scores[4];
    __m512 lanes[4];
    uint32_t *p[4];
    SXT_UNROLL for (int i = 0; i < 4; i++) {
        int64_t at = row + i < s->n_rows ? row + i : s->n_rows - 1;
        scores[i] = s->scores + at * SXT_TILE_KEYS;
        p[i] = s->p + at * SXT_TILE_PAIRS;
        lanes[i] = largest_lanes(n_vecs, scores[i]);
    }
    __m512 largest = largest_of_4(lanes);
    __m512 from =
        _mm512_maskz_mov_ps(_mm512_cmp_ps_mask(largest, _mm512_set1_ps(-INFINITY), _CMP_GT_OQ), largest);
    _mm_storeu_ps(top, _mm512_castps512_ps128(largest));
    SXT_UNROLL for (int i = 0; i < 4; i++) {
        __m512 mine = _mm512_permutexvar_ps(_mm512_set1_epi32(i), from);
        lanes[i] = weigh_row(n_vecs, scores[i], mine, s->inverses, p[i]);
    }
    _mm_storeu_ps(sum, _mm512_castps512_ps128(sums_of_4(lanes)));
}

/* Brings 16 rows' running maximum and sum on, from what they found in this tile. */
SXT_INLINE void int16_join(__mmask16 rows, const float *top, const float *sum, const sxt_int16_soften *s,
                           int64_t row) {
    const __m512 none = _mm512_set1_ps(-INFINITY);
    __m512 old = _mm512_mask_loadu_ps(none, rows, s->max + row), found = _mm512_maskz_loadu_ps(rows, top);
    __m512 next = _mm512_max_ps(old, found);
    __mmask16 seen = _mm512_cmp_ps_mask(next, none, _CMP_NEQ_UQ);
    __m512 keep = _mm512_maskz_mov_ps(seen, exp2_times(_mm512_sub_ps(old, next), 1));
    __m512 add = _mm512_maskz_mov_ps(seen, exp2_times(_mm512_sub_ps(found, next), 1));
    __m512 total = _mm512_mul_ps(_mm512_maskz_loadu_ps(rows, s->sum + row), keep);
    total = _mm512_fmadd_ps(_mm512_maskz_loadu_ps(rows, sum), add, total);
    _mm512_mask_storeu_ps(s->max + row, rows, next);
    _mm512_mask_storeu_ps(s->sum + row, rows, total);
    _mm512_mask_storeu_ps(s->keep + row, rows, keep);
    _mm512_mask_storeu_ps(s->add + row, rows, add);
}

SXT_APART void int16_soften_narrow(const sxt_int16_soften *s, int64_t row, float *top, float *sum) {
    switch (s->n_keys / 32) {
    case 1: int16_soften_4(2, s, row, top, sum); break;
    case 2: int16_soften_4(4, s, row, top, sum); break;
    default: int16_soften_4(6, s, row, top, sum); break;
    }
}

static void int16_soften(const sxt_int16_soften *s) {
    for (int64_t row = 0; row < s->n_rows; row += 16) {
        int64_t n = s->n_rows - row < 16 ? s->n_rows - row : 16;
        float top[16], sum[16];
        for (int64_t i = 0; i < n; i += 4)
            if (s->n_keys == SXT_TILE_KEYS)
                int16_soften_4(INT16_MOST_VECS, s, row + i, top + i, sum + i);
            else
                int16_soften_narrow(s, row + i, top + i, sum + i);
        int16_join(n == 16 ? (__mmask16)0xffff : vec_first(n), top, sum, s, row);
    }
}

#endif
