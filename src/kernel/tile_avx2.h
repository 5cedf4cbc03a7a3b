/* What level_tile.h needs beyond the vector, for AVX2. Meanings as in tile_scalar.h. */
#ifndef SXT_KERNEL_TILE_AVX2_H
#define SXT_KERNEL_TILE_AVX2_H

#include "kernel/vector_avx2.h"

SXT_INLINE vec vec_minus_product(vec a, vec b, vec c) { return _mm256_fnmadd_ps(a, b, c); }

SXT_INLINE void vec_split(vec first, vec last, vec *even, vec *odd) {
    vec low = _mm256_permute2f128_ps(first, last, 0x20), high = _mm256_permute2f128_ps(first, last, 0x31);
    *even = _mm256_shuffle_ps(low, high, 0x88);
    *odd = _mm256_shuffle_ps(low, high, 0xDD);
}

SXT_INLINE void vec_transpose(vec *r) {
    vec t[8];
    SXT_UNROLL for (int i = 0; i < 8; i += 2) {
        t[i] = _mm256_unpacklo_ps(r[i], r[i + 1]);
        t[i + 1] = _mm256_unpackhi_ps(r[i], r[i + 1]);
    }
    SXT_UNROLL for (int i = 0; i < 8; i += 4) SXT_UNROLL for (int h = 0; h < 2; h++) {
        r[i + 2 * h] = _mm256_shuffle_ps(t[i + h], t[i + 2 + h], 0x44);
        r[i + 2 * h + 1] = _mm256_shuffle_ps(t[i + h], t[i + 2 + h], 0xEE);
    }
    SXT_UNROLL for (int c = 0; c < 4; c++) {
        vec low = r[c], high = r[4 + c];
        t[c] = _mm256_permute2f128_ps(low, high, 0x20);
        t[4 + c] = _mm256_permute2f128_ps(low, high, 0x31);
    }
    SXT_UNROLL for (int i = 0; i < 8; i++) r[i] = t[i];
}

#endif
