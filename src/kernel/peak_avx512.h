/* The integer peaks of the avx512 level: VNNI's dot products. */
#ifndef SXT_KERNEL_PEAK_AVX512_H
#define SXT_KERNEL_PEAK_AVX512_H

#include "kernel/kernel_avx512_bf16.h"
#include "kernel/peak.h"

SXT_INLINE __m512i peak_start_integers(int i) { return _mm512_set1_epi32(0x01020304 * (i + 1)); }

SXT_INLINE __m512i peak_dot_int16(__m512i x) {
    return _mm512_dpwssd_epi32(x, _mm512_set1_epi16(5), _mm512_set1_epi16(3));
}
SXT_INLINE __m512i peak_dot_int8(__m512i x) {
    return _mm512_dpbusd_epi32(x, _mm512_set1_epi8(5), _mm512_set1_epi8(3));
}

PEAK_FUNCTION(peak_int16, __m512i, peak_start_integers, peak_dot_int16, 2 * 32)
PEAK_FUNCTION(peak_int8, __m512i, peak_start_integers, peak_dot_int8, 2 * 64)

/* The level does not need BF16; a CPU may have it nonetheless. */
static int64_t peak_bf16(int64_t n_rounds) {
    return __builtin_cpu_supports("avx512bf16") ? sxt_peak_avx512_bf16(n_rounds) : 0;
}

#endif
