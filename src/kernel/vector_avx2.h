/* The vector of the avx2 level: AVX2, FMA and F16C. Meanings as in vector_scalar.h. */
#ifndef SXT_KERNEL_VECTOR_AVX2_H
#define SXT_KERNEL_VECTOR_AVX2_H

#include "kernel/half.h"
#include "kernel/unroll.h"

#include <immintrin.h>
#include <stddef.h>

enum {
    VEC_LANES = 8,
    VEC_TILE_ROWS = 3 /* of products: level_matmul.h */
};

typedef __m256 vec;

SXT_INLINE vec vec_set(float value) { return _mm256_set1_ps(value); }
SXT_INLINE vec vec_add(vec a, vec b) { return _mm256_add_ps(a, b); }
SXT_INLINE vec vec_sub(vec a, vec b) { return _mm256_sub_ps(a, b); }
SXT_INLINE vec vec_mul(vec a, vec b) { return _mm256_mul_ps(a, b); }
SXT_INLINE vec vec_div(vec a, vec b) { return _mm256_div_ps(a, b); }
SXT_INLINE vec vec_fma(vec a, vec b, vec c) { return _mm256_fmadd_ps(a, b, c); }
SXT_INLINE vec vec_max(vec a, vec b) { return _mm256_max_ps(a, b); }
SXT_INLINE vec vec_min(vec a, vec b) { return _mm256_min_ps(a, b); }
SXT_INLINE vec vec_where_less(vec a, vec b, vec yes, vec no) {
    return _mm256_blendv_ps(no, yes, _mm256_cmp_ps(a, b, _CMP_LT_OQ));
}
SXT_INLINE vec vec_times_two_to(vec p, vec z) {
    __m256i n = _mm256_slli_epi32(_mm256_castps_si256(z), 23);
    return _mm256_castsi256_ps(_mm256_add_epi32(_mm256_castps_si256(p), n));
}

/* Lanes 0..3 plus lanes 4..7. */
SXT_INLINE __m128 vec_halves(vec a) {
    return _mm_add_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
}
SXT_INLINE float vec_sum(vec a) {
    __m128 four = vec_halves(a);
    __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
}
/* The same additions, four sums side by side. */
SXT_INLINE void vec_sum4(const vec *a, float *sums) {
    __m128 s0 = vec_halves(a[0]), s1 = vec_halves(a[1]), s2 = vec_halves(a[2]), s3 = vec_halves(a[3]);
    __m128 t01 = _mm_add_ps(_mm_movelh_ps(s0, s1), _mm_movehl_ps(s1, s0)); /* pairs (0+2, 1+3) */
    __m128 t23 = _mm_add_ps(_mm_movelh_ps(s2, s3), _mm_movehl_ps(s3, s2));
    __m128 even = _mm_shuffle_ps(t01, t23, _MM_SHUFFLE(2, 0, 2, 0));
    __m128 odd = _mm_shuffle_ps(t01, t23, _MM_SHUFFLE(3, 1, 3, 1));
    _mm_storeu_ps(sums, _mm_add_ps(even, odd));
}
SXT_INLINE float vec_largest(vec a) {
    __m128 four = _mm_max_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
    __m128 two = _mm_max_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_max_ss(two, _mm_movehdup_ps(two)));
}

SXT_INLINE vec vec_load(const void *at) { return _mm256_loadu_ps((const float *)at); }
SXT_INLINE void vec_store(void *at, vec a) { _mm256_storeu_ps((float *)at, a); }
SXT_INLINE __m256i vec_first(int64_t n) {
    return _mm256_cmpgt_epi32(_mm256_set1_epi32((int)n), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}
SXT_INLINE vec vec_load_part(const void *at, int64_t n) {
    return _mm256_maskload_ps((const float *)at, vec_first(n));
}
SXT_INLINE void vec_store_part(void *at, vec a, int64_t n) {
    _mm256_maskstore_ps((float *)at, vec_first(n), a);
}

SXT_INLINE vec vec_load_f16(const void *at) { return _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)at)); }
SXT_INLINE vec vec_load_bf16(const void *at) {
    __m256i wide = _mm256_cvtepu16_epi32(_mm_loadu_si128((const __m128i *)at));
    return _mm256_castsi256_ps(_mm256_slli_epi32(wide, 16));
}
SXT_INLINE void vec_store_f16(void *at, vec a) {
    _mm_storeu_si128((__m128i *)at, _mm256_cvtps_ph(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
}

/* The f16 at the start of a block, in all lanes. */
SXT_INLINE vec vec_block_scale(const void *block) {
    return _mm256_cvtph_ps(_mm_set1_epi16((int16_t)sxt_load_u16(block)));
}
SXT_INLINE void vec_load_q8_0(const void *block, vec *w) {
    vec d = vec_block_scale(block);
    SXT_UNROLL for (int i = 0; i < 4; i++) {
        __m128i q = _mm_loadl_epi64((const __m128i *)((const uint8_t *)block + 2 + 8 * i));
        w[i] = _mm256_mul_ps(d, _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(q)));
    }
}
SXT_INLINE void vec_load_q4_0(const void *block, vec *w) {
    vec d = vec_block_scale(block), d8 = _mm256_mul_ps(d, _mm256_set1_ps(8));
    SXT_UNROLL for (int i = 0; i < 2; i++) {
        __m128i bytes = _mm_loadl_epi64((const __m128i *)((const uint8_t *)block + 2 + 8 * i));
        __m256i q = _mm256_cvtepu8_epi32(bytes);
        __m256i low = _mm256_and_si256(q, _mm256_set1_epi32(15)), high = _mm256_srli_epi32(q, 4);
        w[i] = _mm256_fmsub_ps(d, _mm256_cvtepi32_ps(low), d8);
        w[2 + i] = _mm256_fmsub_ps(d, _mm256_cvtepi32_ps(high), d8);
    }
}

#endif
