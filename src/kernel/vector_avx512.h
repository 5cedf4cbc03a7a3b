/* The vector of the avx512 level: AVX-512 F, BW, DQ, VL and VNNI. Meanings as in vector_scalar.h. */
#ifndef SXT_KERNEL_VECTOR_AVX512_H
#define SXT_KERNEL_VECTOR_AVX512_H

#include "kernel/half.h"
#include "kernel/unroll.h"

#include <immintrin.h>
#include <stddef.h>

enum {
    VEC_LANES = 16,
    VEC_TILE_ROWS = 6 /* 6 x 4 sums, 4 vectors of weights and 1 of x: 29 of 32 registers */
};

typedef __m512 vec;

SXT_INLINE vec vec_set(float value) { return _mm512_set1_ps(value); }
SXT_INLINE vec vec_add(vec a, vec b) { return _mm512_add_ps(a, b); }
SXT_INLINE vec vec_sub(vec a, vec b) { return _mm512_sub_ps(a, b); }
SXT_INLINE vec vec_mul(vec a, vec b) { return _mm512_mul_ps(a, b); }
SXT_INLINE vec vec_div(vec a, vec b) { return _mm512_div_ps(a, b); }
SXT_INLINE vec vec_fma(vec a, vec b, vec c) { return _mm512_fmadd_ps(a, b, c); }
SXT_INLINE vec vec_max(vec a, vec b) { return _mm512_max_ps(a, b); }
SXT_INLINE vec vec_min(vec a, vec b) { return _mm512_min_ps(a, b); }
SXT_INLINE vec vec_where_less(vec a, vec b, vec yes, vec no) {
    return _mm512_mask_blend_ps(_mm512_cmp_ps_mask(a, b, _CMP_LT_OQ), no, yes);
}
SXT_INLINE vec vec_times_two_to(vec p, vec z) {
    __m512i n = _mm512_slli_epi32(_mm512_castps_si512(z), 23);
    return _mm512_castsi512_ps(_mm512_add_epi32(_mm512_castps_si512(p), n));
}

/* Lanes i and i + 8, then the tree of eight lanes: ((0+4) + (2+6)) + ((1+5) + (3+7)). */
SXT_INLINE __m128 vec_quarters(vec a) {
    __m256 eight = _mm256_add_ps(_mm512_castps512_ps256(a), _mm512_extractf32x8_ps(a, 1));
    return _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
}
SXT_INLINE float vec_sum(vec a) {
    __m128 four = vec_quarters(a);
    __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
}
/* The same additions, four sums side by side: quarters hold one row each after the second. */
SXT_INLINE void vec_sum4(const vec *a, float *sums) {
    vec s01 = _mm512_add_ps(_mm512_shuffle_f32x4(a[0], a[1], 0x44), _mm512_shuffle_f32x4(a[0], a[1], 0xEE));
    vec s23 = _mm512_add_ps(_mm512_shuffle_f32x4(a[2], a[3], 0x44), _mm512_shuffle_f32x4(a[2], a[3], 0xEE));
    vec four = _mm512_add_ps(_mm512_shuffle_f32x4(s01, s23, 0x88), _mm512_shuffle_f32x4(s01, s23, 0xDD));
    vec two = _mm512_add_ps(four, _mm512_permute_ps(four, 0x4E));
    vec one = _mm512_add_ps(two, _mm512_permute_ps(two, 0xB1));
    _mm_storeu_ps(sums, _mm512_castps512_ps128(_mm512_maskz_compress_ps(0x1111, one)));
}
SXT_INLINE float vec_largest(vec a) { return _mm512_reduce_max_ps(a); }

SXT_INLINE vec vec_load(const void *at) { return _mm512_loadu_ps(at); }
SXT_INLINE void vec_store(void *at, vec a) { _mm512_storeu_ps(at, a); }
SXT_INLINE __mmask16 vec_first(int64_t n) { return (__mmask16)((1u << n) - 1); } /* n < 16 */
SXT_INLINE vec vec_load_part(const void *at, int64_t n) { return _mm512_maskz_loadu_ps(vec_first(n), at); }
SXT_INLINE void vec_store_part(void *at, vec a, int64_t n) { _mm512_mask_storeu_ps(at, vec_first(n), a); }

SXT_INLINE vec vec_load_f16(const void *at) { return _mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)at)); }
SXT_INLINE vec vec_load_bf16(const void *at) {
    __m512i wide = _mm512_cvtepu16_epi32(_mm256_loadu_si256((const __m256i *)at));
    return _mm512_castsi512_ps(_mm512_slli_epi32(wide, 16));
}
SXT_INLINE void vec_store_f16(void *at, vec a) {
    _mm256_storeu_si256((__m256i *)at, _mm512_cvtps_ph(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
}

/* sums[i] += x[2 i] * w[2 i] + x[2 i + 1] * w[2 i + 1] of int16. As an instruction, not the intrinsic: gcc 12
 * gives that one two copies of the sums in a loop, which costs a third of the speed. */
SXT_INLINE __m512i vec_dot_pairs(__m512i sums, __m512i x, __m512i w) {
    __asm__("vpdpwssd %2, %1, %0" : "+v"(sums) : "v"(x), "v"(w));
    return sums;
}

/* The f16 at the start of a block, in all lanes. */
SXT_INLINE vec vec_block_scale(const void *block) {
    return _mm512_cvtph_ps(_mm256_set1_epi16((int16_t)sxt_load_u16(block)));
}
SXT_INLINE void vec_load_q8_0(const void *block, vec *w) {
    vec d = vec_block_scale(block);
    SXT_UNROLL for (int i = 0; i < 2; i++) {
        __m128i q = _mm_loadu_si128((const __m128i *)((const uint8_t *)block + 2 + 16 * i));
        w[i] = _mm512_mul_ps(d, _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(q)));
    }
}
SXT_INLINE void vec_load_q4_0(const void *block, vec *w) {
    vec d = vec_block_scale(block), d8 = _mm512_mul_ps(d, _mm512_set1_ps(8));
    __m512i q = _mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i *)((const uint8_t *)block + 2)));
    __m512i low = _mm512_and_si512(q, _mm512_set1_epi32(15)), high = _mm512_srli_epi32(q, 4);
    w[0] = _mm512_fmsub_ps(d, _mm512_cvtepi32_ps(low), d8);
    w[1] = _mm512_fmsub_ps(d, _mm512_cvtepi32_ps(high), d8);
}

#endif
