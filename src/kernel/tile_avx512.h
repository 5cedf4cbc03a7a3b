/* What level_tile.h needs beyond the vector, for AVX-512. Meanings as in tile_scalar.h. */
#ifndef SXT_KERNEL_TILE_AVX512_H
#define SXT_KERNEL_TILE_AVX512_H

#include "kernel/vector_avx512.h"

SXT_INLINE vec vec_minus_product(vec a, vec b, vec c) { return _mm512_fnmadd_ps(a, b, c); }

SXT_INLINE void vec_split(vec first, vec last, vec *even, vec *odd) {
    const __m512i evens = _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
    *even = _mm512_permutex2var_ps(first, evens, last);
    *odd = _mm512_permutex2var_ps(first, _mm512_add_epi32(evens, _mm512_set1_epi32(1)), last);
}

/* Sixteen rows of sixteen lanes become sixteen columns. */
SXT_INLINE void transpose_16(__m512i *r) {
    __m512i t[16];
    SXT_UNROLL for (int i = 0; i < 16; i += 2) {
        t[i] = _mm512_unpacklo_epi32(r[i], r[i + 1]);
        t[i + 1] = _mm512_unpackhi_epi32(r[i], r[i + 1]);
    }
    SXT_UNROLL for (int i = 0; i < 16; i += 4) SXT_UNROLL for (int h = 0; h < 2; h++) {
        r[i + 2 * h] = _mm512_unpacklo_epi64(t[i + h], t[i + 2 + h]);
        r[i + 2 * h + 1] = _mm512_unpackhi_epi64(t[i + h], t[i + 2 + h]);
    }
    /* r[4g + c]: quarter q of the lanes is column 4q + c of rows 4g .. 4g + 3. */
    SXT_UNROLL for (int c = 0; c < 4; c++) {
        t[c] = _mm512_shuffle_i32x4(r[c], r[4 + c], 0x88);
        t[4 + c] = _mm512_shuffle_i32x4(r[c], r[4 + c], 0xDD);
        t[8 + c] = _mm512_shuffle_i32x4(r[8 + c], r[12 + c], 0x88);
        t[12 + c] = _mm512_shuffle_i32x4(r[8 + c], r[12 + c], 0xDD);
    }
    SXT_UNROLL for (int c = 0; c < 4; c++) {
        r[c] = _mm512_shuffle_i32x4(t[c], t[8 + c], 0x88);
        r[8 + c] = _mm512_shuffle_i32x4(t[c], t[8 + c], 0xDD);
        r[4 + c] = _mm512_shuffle_i32x4(t[4 + c], t[12 + c], 0x88);
        r[12 + c] = _mm512_shuffle_i32x4(t[4 + c], t[12 + c], 0xDD);
    }
}

SXT_INLINE void vec_transpose(vec *rows) {
    __m512i r[16];
    SXT_UNROLL for (int i = 0; i < 16; i++) r[i] = _mm512_castps_si512(rows[i]);
    transpose_16(r);
    SXT_UNROLL for (int i = 0; i < 16; i++) rows[i] = _mm512_castsi512_ps(r[i]);
}

#endif
