/* Products in 16-bit integers for AVX-512 VNNI: vpdpwssd does twice the multiply-adds of an f32 fma. What each
 * function means is said in kernel.h, the numbers in matmul_int16.h; matmul_int16_plain.h has the same in plain
 * C, with the same bits. */
#ifndef SXT_KERNEL_MATMUL_INT16_AVX512_H
#define SXT_KERNEL_MATMUL_INT16_AVX512_H

#include "kernel/matmul_int16.h"
#include "kernel/vector_avx512.h"

#include <string.h>

enum {
    MULTIPLIES_INT16 = true,
    MATMUL16_VECS = MATMUL16_OUT / VEC_LANES,
    MATMUL16_ROWS = 6 /* 6 rows x 4 vectors of sums, the 4 vectors of weights and one of x: 29 registers */
};

/* ---- Numbers to integers ----------------------------------------------------------------------------- */

/* How a stored type becomes floats. The largest magnitude is found among the bits without their sign, 16 or 32
 * at a time: they order as the numbers do, and NaN is above all. */
typedef struct matmul16_access {
    int64_t element; /* bytes */
    vec (*load)(const void *at);
    __m512i (*largest)(const void *at); /* of MATMUL16_COLUMNS elements, bits in 32-bit lanes */
    vec (*value)(__m512i bits);
} matmul16_access;

SXT_INLINE __m512i matmul16_largest_of_halves(const void *at) {
    __m512i most = _mm512_setzero_si512();
    SXT_UNROLL for (int i = 0; i < MATMUL16_COLUMNS / 32; i++) {
        __m512i bits = _mm512_and_si512(_mm512_loadu_si512((const __m512i *)at + i), _mm512_set1_epi16(0x7FFF));
        most = _mm512_max_epu16(most, bits);
    }
    return _mm512_max_epu32(_mm512_srli_epi32(most, 16), _mm512_and_si512(most, _mm512_set1_epi32(0xFFFF)));
}
SXT_INLINE __m512i matmul16_largest_of_floats(const void *at) {
    __m512i most = _mm512_setzero_si512();
    SXT_UNROLL for (int i = 0; i < MATMUL16_COLUMNS / 16; i++) {
        __m512i bits = _mm512_loadu_si512((const __m512i *)at + i);
        most = _mm512_max_epu32(most, _mm512_and_si512(bits, _mm512_set1_epi32(0x7FFFFFFF)));
    }
    return most;
}
SXT_INLINE vec matmul16_value_f16(__m512i bits) { return _mm512_cvtph_ps(_mm512_cvtepi32_epi16(bits)); }
SXT_INLINE vec matmul16_value_bf16(__m512i bits) { return _mm512_castsi512_ps(_mm512_slli_epi32(bits, 16)); }
SXT_INLINE vec matmul16_value_f32(__m512i bits) { return _mm512_castsi512_ps(bits); }

/* The scale of numbers of which `largest` is the largest, and its inverse, which is 0 where all count as 0. */
SXT_INLINE vec matmul16_scale(vec largest, vec *inverse) {
    __mmask16 something = _mm512_cmp_ps_mask(largest, _mm512_set1_ps(MATMUL16_NOTHING), _CMP_NLT_UQ);
    *inverse = _mm512_maskz_div_ps(something, _mm512_set1_ps(MATMUL16_LARGEST), largest);
    return _mm512_maskz_div_ps(something, largest, _mm512_set1_ps(MATMUL16_LARGEST));
}

/* Sixteen pairs of integers, one of a in the low half of each lane, one of b in the high half. */
SXT_INLINE __m512i matmul16_pack(vec a, vec b, vec inverse) {
    const vec magic = _mm512_set1_ps(MATMUL16_MAGIC);
    __m512i low = _mm512_castps_si512(_mm512_fmadd_ps(a, inverse, magic));
    __m512i high = _mm512_castps_si512(_mm512_fmadd_ps(b, inverse, magic));
    return _mm512_mask_blend_epi16(0xAAAAAAAA, low, _mm512_slli_epi32(high, 16));
}

/* Sixteen vectors to one: lane i is made of all lanes of row i. */
#define MATMUL16_TREE(name, op)                                                                                \
    SXT_INLINE __m512i name(const __m512i *row) {                                                              \
        __m512i pair[8], four[4], half[2];                                                                     \
        SXT_UNROLL for (int i = 0; i < 8; i++) pair[i] =                                                       \
            op(_mm512_unpacklo_epi32(row[2 * i], row[2 * i + 1]),                                              \
               _mm512_unpackhi_epi32(row[2 * i], row[2 * i + 1]));                                             \
        SXT_UNROLL for (int i = 0; i < 4; i++) four[i] =                                                       \
            op(_mm512_unpacklo_epi64(pair[2 * i], pair[2 * i + 1]),                                            \
               _mm512_unpackhi_epi64(pair[2 * i], pair[2 * i + 1]));                                           \
        SXT_UNROLL for (int i = 0; i < 2; i++) half[i] =                                                       \
            op(_mm512_shuffle_i32x4(four[2 * i], four[2 * i + 1], 0x88),                                       \
               _mm512_shuffle_i32x4(four[2 * i], four[2 * i + 1], 0xDD));                                      \
        return op(_mm512_shuffle_i32x4(half[0], half[1], 0x88), _mm512_shuffle_i32x4(half[0], half[1], 0xDD)); \
    }
MATMUL16_TREE(matmul16_largest_of_16, _mm512_max_epu32)
MATMUL16_TREE(matmul16_sums_of_16, _mm512_add_epi32)
#undef MATMUL16_TREE

/* ---- Rows of x --------------------------------------------------------------------------------------- */

/* A sub-block of 64. */
SXT_INLINE float matmul16_row_sub(const float *x, int16_t *q) {
    vec value[4], inverse;
    __m512i most = _mm512_setzero_si512();
    SXT_UNROLL for (int i = 0; i < 4; i++) {
        value[i] = vec_load(x + VEC_LANES * i);
        __m512i bits = _mm512_and_si512(_mm512_castps_si512(value[i]), _mm512_set1_epi32(0x7FFFFFFF));
        most = _mm512_max_epu32(most, bits);
    }
    vec largest = _mm512_castsi512_ps(_mm512_set1_epi32((int32_t)_mm512_reduce_max_epu32(most)));
    float scale = _mm512_cvtss_f32(matmul16_scale(largest, &inverse));
    _mm512_storeu_si512(q, matmul16_pack(value[0], value[1], inverse));
    _mm512_storeu_si512(q + MATMUL16_GROUP, matmul16_pack(value[2], value[3], inverse));
    return scale;
}

static void matmul16_row(const float *x, int64_t n_k, int64_t q_stride, int16_t *q, int64_t scale_stride,
                         float *scales) {
    for (int64_t k = 0; k < n_k; k += MATMUL16_SUB) {
        int64_t block = k / MATMUL16_COLUMNS, sub = k % MATMUL16_COLUMNS;
        const float *from = x + k;
        float padded[MATMUL16_SUB] = {0};
        if (k + MATMUL16_SUB > n_k) from = memcpy(padded, from, (size_t)(n_k - k) * sizeof(float));
        scales[block * scale_stride + sub / MATMUL16_SUB] = matmul16_row_sub(from, q + block * q_stride + sub);
    }
}

/* ---- Sixteen rows of weights --------------------------------------------------------------------------- */

/* A block of columns of 16 stored rows; those past the last output repeat it. */
typedef struct matmul16_rows {
    const uint8_t *row[VEC_LANES];
} matmul16_rows;

SXT_INLINE matmul16_rows matmul16_rows_at(const uint8_t *w, size_t row_bytes, int64_t n_out) {
    matmul16_rows rows;
    for (int64_t r = 0; r < VEC_LANES; r++) rows.row[r] = w + (size_t)sxt_min_i64(r, n_out - 1) * row_bytes;
    return rows;
}

/* The last block of a row that is not whole: copied, with zeros after it. padded: 16 x MATMUL16_COLUMNS x 4
 * bytes. */
static void matmul16_pad(int64_t element, int64_t n_k, matmul16_rows *rows, uint8_t *padded) {
    size_t whole = (size_t)(MATMUL16_COLUMNS * element), part = (size_t)(n_k * element);
    for (int r = 0; r < VEC_LANES; r++, padded += whole) {
        memcpy(padded, rows->row[r], part);
        memset(padded + part, 0, whole - part);
        rows->row[r] = padded;
    }
}

/* Scales of 16 rows, and their inverses one by one. */
SXT_INLINE vec matmul16_rows_scales(matmul16_access access, const matmul16_rows *rows, float *inverse) {
    __m512i most[VEC_LANES];
    SXT_UNROLL for (int r = 0; r < VEC_LANES; r++) most[r] = access.largest(rows->row[r]);
    vec inverses, scales = matmul16_scale(access.value(matmul16_largest_of_16(most)), &inverses);
    vec_store(inverse, inverses);
    return scales;
}

SXT_INLINE __m512i matmul16_load_group(matmul16_access access, const uint8_t *at, float inverse) {
    return matmul16_pack(access.load(at), access.load(at + MATMUL16_PAIRS * access.element), vec_set(inverse));
}

/* Lane i of row j to lane j of row i. */
SXT_INLINE void matmul16_transpose(__m512i *row) {
    __m512i a[VEC_LANES], b[VEC_LANES];
    SXT_UNROLL for (int i = 0; i < 8; i++) {
        a[2 * i] = _mm512_unpacklo_epi32(row[2 * i], row[2 * i + 1]);
        a[2 * i + 1] = _mm512_unpackhi_epi32(row[2 * i], row[2 * i + 1]);
    }
    /* b[4 i + c]: in each quarter, column 4 quarter + c of rows 4 i ... 4 i + 3 */
    SXT_UNROLL for (int i = 0; i < 4; i++) {
        b[4 * i] = _mm512_unpacklo_epi64(a[4 * i], a[4 * i + 2]);
        b[4 * i + 1] = _mm512_unpackhi_epi64(a[4 * i], a[4 * i + 2]);
        b[4 * i + 2] = _mm512_unpacklo_epi64(a[4 * i + 1], a[4 * i + 3]);
        b[4 * i + 3] = _mm512_unpackhi_epi64(a[4 * i + 1], a[4 * i + 3]);
    }
    SXT_UNROLL for (int c = 0; c < 4; c++) {
        __m512i even01 = _mm512_shuffle_i32x4(b[c], b[4 + c], 0x88);
        __m512i odd01 = _mm512_shuffle_i32x4(b[c], b[4 + c], 0xDD);
        __m512i even23 = _mm512_shuffle_i32x4(b[8 + c], b[12 + c], 0x88);
        __m512i odd23 = _mm512_shuffle_i32x4(b[8 + c], b[12 + c], 0xDD);
        row[c] = _mm512_shuffle_i32x4(even01, even23, 0x88);
        row[4 + c] = _mm512_shuffle_i32x4(odd01, odd23, 0x88);
        row[8 + c] = _mm512_shuffle_i32x4(even01, even23, 0xDD);
        row[12 + c] = _mm512_shuffle_i32x4(odd01, odd23, 0xDD);
    }
}

/* panel: the 16 outputs' part of it. */
SXT_INLINE void matmul16_rows_to_panel(matmul16_access access, const matmul16_rows *rows, const float *inverse,
                                       int64_t n_columns, int16_t *panel) {
    for (int64_t k = 0; k < n_columns; k += MATMUL16_GROUP) {
        __m512i pairs[VEC_LANES];
        SXT_UNROLL for (int r = 0; r < VEC_LANES; r++) pairs[r] =
            matmul16_load_group(access, rows->row[r] + k * access.element, inverse[r]);
        matmul16_transpose(pairs);
        SXT_UNROLL for (int i = 0; i < MATMUL16_PAIRS; i++)
            _mm512_storeu_si512(panel + (k + 2 * i) * MATMUL16_OUT, pairs[i]);
    }
}

SXT_INLINE void matmul16_panel(matmul16_access access, const void *w, size_t row_bytes, int64_t n_out,
                               int64_t n_k, int16_t *panel, float *scales) {
    uint8_t padded[VEC_LANES * MATMUL16_COLUMNS * 4];
    for (int64_t o = 0; o < MATMUL16_OUT; o += VEC_LANES) {
        float inverse[VEC_LANES];
        int64_t here = sxt_max_i64(1, n_out - o); /* no outputs left: the last one again, never stored */
        const uint8_t *first = (const uint8_t *)w + (size_t)sxt_min_i64(o, n_out - 1) * row_bytes;
        matmul16_rows rows = matmul16_rows_at(first, row_bytes, here);
        if (n_k < MATMUL16_COLUMNS) matmul16_pad(access.element, n_k, &rows, padded);
        vec_store(scales + o, matmul16_rows_scales(access, &rows, inverse));
        matmul16_rows_to_panel(access, &rows, inverse, matmul16_whole_subs(n_k), panel + 2 * o);
    }
}

/* ---- Many rows ----------------------------------------------------------------------------------------- */

SXT_INLINE __m512i matmul16_pair(const int16_t *at) {
    int32_t both;
    memcpy(&both, at, sizeof both);
    return _mm512_set1_epi32(both);
}

/* What a tile needs: rows of x and the sums before, one block of columns of weights. */
typedef struct matmul16_block {
    const int16_t *panel;
    const float *scales, *before;
    float *y;
    int64_t ldy, n_out, n_columns;
} matmul16_block;

SXT_INLINE void matmul16_add(const matmul16_block *b, int64_t row, int n_rows, vec (*sums)[MATMUL16_VECS]) {
    SXT_UNROLL for (int v = 0; v < MATMUL16_VECS; v++) {
        int64_t column = VEC_LANES * v, here = sxt_min_i64(b->n_out - column, VEC_LANES);
        if (here <= 0) return;
        __mmask16 lanes = (__mmask16)((1u << here) - 1);
        vec scale = vec_load(b->scales + column);
        SXT_UNROLL for (int r = 0; r < n_rows; r++) {
            vec before = vec_set(0);
            if (b->before) before = _mm512_maskz_loadu_ps(lanes, b->before + (row + r) * MATMUL16_OUT + column);
            _mm512_mask_storeu_ps(b->y + (row + r) * b->ldy + column, lanes,
                                  vec_fma(sums[r][v], scale, before));
        }
    }
}

/* n_rows rows from `row` on. The sums of a sub-block stay in registers; floats go to the first-level cache in
 * between, which costs little at 768 products each time. What the next tile reads is fetched on the way. */
SXT_INLINE void matmul16_tile(int n_rows, const int16_t *x, const float *x_scales, const matmul16_block *b,
                              int64_t row) {
    vec sums[MATMUL16_ROWS][MATMUL16_VECS];
    SXT_UNROLL for (int r = 0; r < n_rows; r++) SXT_UNROLL for (int v = 0; v < MATMUL16_VECS; v++) sums[r][v] =
        vec_set(0);
    x += row * MATMUL16_COLUMNS;
    const char *next_x = (const char *)(x + n_rows * MATMUL16_COLUMNS);
    const char *next_sums = b->before ? (const char *)(b->before + (row + n_rows) * MATMUL16_OUT) : next_x;
    for (int64_t sub = 0; sub < b->n_columns; sub += MATMUL16_SUB) {
        __m512i acc[MATMUL16_ROWS][MATMUL16_VECS];
        SXT_UNROLL for (int r = 0; r < n_rows; r++) SXT_UNROLL for (int v = 0; v < MATMUL16_VECS; v++)
            acc[r][v] = _mm512_setzero_si512();
        for (int64_t k = sub; k < sub + MATMUL16_SUB; k += 2) {
            __m512i w[MATMUL16_VECS];
            __builtin_prefetch(next_x + k * 2 * n_rows);
            __builtin_prefetch(next_sums + k * n_rows);
            SXT_UNROLL for (int v = 0; v < MATMUL16_VECS; v++) w[v] =
                _mm512_loadu_si512(b->panel + k * MATMUL16_OUT + 2 * VEC_LANES * v);
            SXT_UNROLL for (int r = 0; r < n_rows; r++) {
                __m512i pair = matmul16_pair(x + r * MATMUL16_COLUMNS + k);
                SXT_UNROLL for (int v = 0; v < MATMUL16_VECS; v++) acc[r][v] =
                    vec_dot_pairs(acc[r][v], pair, w[v]);
            }
        }
        SXT_UNROLL for (int r = 0; r < n_rows; r++) {
            vec scale = vec_set(x_scales[(row + r) * MATMUL16_SUBS + sub / MATMUL16_SUB]);
            SXT_UNROLL for (int v = 0; v < MATMUL16_VECS; v++) sums[r][v] =
                vec_fma(_mm512_cvtepi32_ps(acc[r][v]), scale, sums[r][v]);
        }
    }
    matmul16_add(b, row, n_rows, sums);
}

#define MATMUL16_TILE(n)                                                                                       \
    SXT_APART void matmul16_tile_##n(const int16_t *x, const float *x_scales, const matmul16_block *b,         \
                                     int64_t row) {                                                            \
        matmul16_tile(n, x, x_scales, b, row);                                                                 \
    }
MATMUL16_TILE(1)
MATMUL16_TILE(2)
MATMUL16_TILE(4)
MATMUL16_TILE(6)
#undef MATMUL16_TILE

static void matmul16_gemm(const int16_t *x, const float *x_scales, const int16_t *panel, const float *scales,
                          const float *before, float *y, int64_t ldy, int64_t n_rows, int64_t n_out,
                          int64_t n_k) {
    const matmul16_block b = {panel, scales, before, y, ldy, n_out, matmul16_whole_subs(n_k)};
    int64_t r = 0;
    for (; r + 6 <= n_rows; r += 6) matmul16_tile_6(x, x_scales, &b, r);
    for (; r + 4 <= n_rows; r += 4) matmul16_tile_4(x, x_scales, &b, r);
    for (; r + 2 <= n_rows; r += 2) matmul16_tile_2(x, x_scales, &b, r);
    for (; r < n_rows; r++) matmul16_tile_1(x, x_scales, &b, r);
}

/* ---- One row: integers made on the way from memory ----------------------------------------------------- */

/* Adds a block of columns of 16 outputs. ahead: bytes to what will be read next, fetched early, a line at a
 * time between the products. */
SXT_INLINE vec matmul16_rows_dot(matmul16_access access, const matmul16_rows *rows, int64_t ahead,
                                 int64_t n_columns, const int16_t *x, const float *x_scales, vec y) {
    float inverse[VEC_LANES];
    vec sum = vec_set(0), scales = matmul16_rows_scales(access, rows, inverse);
    for (int64_t sub = 0; sub < n_columns; sub += MATMUL16_SUB) {
        __m512i acc[VEC_LANES];
        __m512i x0 = _mm512_loadu_si512(x + sub), x1 = _mm512_loadu_si512(x + sub + MATMUL16_GROUP);
        SXT_UNROLL for (int r = 0; r < VEC_LANES; r++) {
            const uint8_t *at = rows->row[r] + sub * access.element;
            for (int64_t line = 0; line < MATMUL16_SUB * access.element; line += 64)
                __builtin_prefetch(at + ahead + line);
            __m512i w0 = matmul16_load_group(access, at, inverse[r]);
            __m512i w1 = matmul16_load_group(access, at + MATMUL16_GROUP * access.element, inverse[r]);
            acc[r] = vec_dot_pairs(vec_dot_pairs(_mm512_setzero_si512(), x0, w0), x1, w1);
        }
        sum = vec_fma(_mm512_cvtepi32_ps(matmul16_sums_of_16(acc)), vec_set(x_scales[sub / MATMUL16_SUB]), sum);
    }
    return vec_fma(sum, scales, y);
}

SXT_INLINE void matmul16_gemv(matmul16_access access, const void *w, size_t row_bytes, const int16_t *x,
                              const float *x_scales, float *y, int64_t n_out, int64_t n_k) {
    uint8_t padded[VEC_LANES * MATMUL16_COLUMNS * 4];
    const int64_t block_bytes = MATMUL16_COLUMNS * access.element;
    for (int64_t o = 0; o < n_out; o += VEC_LANES) {
        int64_t here = sxt_min_i64(n_out - o, VEC_LANES);
        matmul16_rows rows = matmul16_rows_at((const uint8_t *)w + (size_t)o * row_bytes, row_bytes, here);
        vec sums = vec_set(0);
        for (int64_t k = 0; k < n_k; k += MATMUL16_COLUMNS) {
            int64_t columns = sxt_min_i64(MATMUL16_COLUMNS, n_k - k);
            int64_t next = k + 2 * MATMUL16_COLUMNS; /* past the end of the row: in that of 16 rows later */
            int64_t ahead = 2 * block_bytes;
            if (next >= n_k) ahead += (int64_t)(VEC_LANES - 1) * (int64_t)row_bytes;
            if (columns < MATMUL16_COLUMNS) matmul16_pad(access.element, columns, &rows, padded);
            sums = matmul16_rows_dot(access, &rows, ahead, matmul16_whole_subs(columns), x + k,
                                     x_scales + k / MATMUL16_SUB, sums);
            for (int r = 0; r < VEC_LANES; r++) rows.row[r] += block_bytes;
        }
        _mm512_mask_storeu_ps(y + o, (__mmask16)((1u << here) - 1), sums);
    }
}

#define MATMUL16_STORED(type, element, load, largest)                                                          \
    static void matmul16_panel_##type(const void *w, size_t row_bytes, int64_t n_out, int64_t n_k,             \
                                      int16_t *panel, float *scales) {                                         \
        matmul16_panel((matmul16_access){element, load, largest, matmul16_value_##type}, w, row_bytes, n_out,  \
                       n_k, panel, scales);                                                                    \
    }                                                                                                          \
    static void matmul16_gemv_##type(const void *w, size_t row_bytes, const int16_t *x, const float *x_scales, \
                                     float *y, int64_t n_out, int64_t n_k) {                                   \
        matmul16_gemv((matmul16_access){element, load, largest, matmul16_value_##type}, w, row_bytes, x,       \
                      x_scales, y, n_out, n_k);                                                                \
    }
MATMUL16_STORED(f16, 2, vec_load_f16, matmul16_largest_of_halves)
MATMUL16_STORED(bf16, 2, vec_load_bf16, matmul16_largest_of_halves)
MATMUL16_STORED(f32, 4, vec_load, matmul16_largest_of_floats)
#undef MATMUL16_STORED

#endif
