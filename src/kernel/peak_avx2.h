/* The integer peaks of the avx2 level, which has no dot-product instruction: products of neighbours are added
 * by one instruction (two, from 8 bits), and to the sum by another. */
#ifndef SXT_KERNEL_PEAK_AVX2_H
#define SXT_KERNEL_PEAK_AVX2_H

#include "kernel/peak.h"

SXT_INLINE __m256i peak_start_integers(int i) { return _mm256_set1_epi8((char)(3 * i + 1)); }

SXT_INLINE __m256i peak_dot_int16(__m256i x) {
    return _mm256_add_epi32(x, _mm256_madd_epi16(x, _mm256_set1_epi16(3)));
}

SXT_INLINE __m256i peak_dot_int8(__m256i x) {
    __m256i pairs = _mm256_maddubs_epi16(x, _mm256_set1_epi8(3));
    return _mm256_add_epi32(x, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
}

PEAK_FUNCTION(peak_int16, __m256i, peak_start_integers, peak_dot_int16, 2 * 16)
PEAK_FUNCTION(peak_int8, __m256i, peak_start_integers, peak_dot_int8, 2 * 32)

/* No instruction for it. */
static int64_t peak_bf16(int64_t n_rounds) {
    (void)n_rounds;
    return 0;
}

#endif
