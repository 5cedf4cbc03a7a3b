/* Small integers of the avx2 level. Meanings as in packed_vector_scalar.h. Products are collected in int16, two
 * columns each, and become int32 at the end: fewer instructions than widening every one. */
#ifndef SXT_KERNEL_PACKED_VECTOR_AVX2_H
#define SXT_KERNEL_PACKED_VECTOR_AVX2_H

#define PACKED_UNROLL SXT_UNROLL

enum { TILE_X_ROWS = 3, TILE_FEWER_ROWS = 2, TILE_VECS = 2, SIGNED_BYTES = 1 };

typedef __m256i ivec;

SXT_INLINE ivec ivec_load(const void *at) { return _mm256_loadu_si256((const __m256i *)at); }
SXT_INLINE void ivec_store(void *at, ivec a) { _mm256_storeu_si256((__m256i *)at, a); }
SXT_INLINE ivec ivec_set(int32_t value) { return _mm256_set1_epi32(value); }
SXT_INLINE ivec ivec_xor(ivec a, int mask) { return _mm256_xor_si256(a, _mm256_set1_epi8((char)mask)); }
SXT_INLINE ivec ivec_and(ivec a, int mask) { return _mm256_and_si256(a, _mm256_set1_epi8((char)mask)); }
SXT_INLINE ivec ivec_or_and(ivec a, ivec b, int mask) { return _mm256_or_si256(a, ivec_and(b, mask)); }
SXT_INLINE ivec ivec_shift_right(ivec a, int n) { return _mm256_srli_epi16(a, n); }
SXT_INLINE ivec ivec_shift_left(ivec a, int n) { return _mm256_slli_epi16(a, n); }
SXT_INLINE ivec ivec_lookup(const uint8_t *table, ivec index) {
    __m128i half = _mm_loadu_si128((const __m128i *)table);
    return _mm256_shuffle_epi8(_mm256_broadcastsi128_si256(half), index);
}

SXT_INLINE ivec ivec_dot_begin(ivec total) {
    (void)total;
    return _mm256_setzero_si256();
}
SXT_INLINE ivec ivec_dot(ivec part, ivec w, ivec x) {
    return _mm256_add_epi16(part, _mm256_maddubs_epi16(w, x));
}
/* |w| * (x with the sign of w): 2 * 128 * 127 is below 2^15, so nothing saturates. */
SXT_INLINE ivec ivec_dot_bytes(ivec part, ivec w, ivec x) {
    return _mm256_add_epi16(part, _mm256_maddubs_epi16(_mm256_abs_epi8(w), _mm256_sign_epi8(x, w)));
}
SXT_INLINE ivec ivec_dot_end(ivec total, ivec part) {
    return _mm256_add_epi32(total, _mm256_madd_epi16(part, _mm256_set1_epi16(1)));
}

SXT_INLINE vec vec_from_ivec(ivec a) { return _mm256_cvtepi32_ps(a); }
SXT_INLINE __m128i eight_bytes(const void *at) { return _mm_loadl_epi64((const __m128i *)at); }
SXT_INLINE vec vec_load_i8(const void *at) { return _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(eight_bytes(at))); }
SXT_INLINE vec vec_load_u8(const void *at) { return _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(eight_bytes(at))); }
SXT_INLINE vec vec_load_low_nibbles(const void *at) {
    __m256i bytes = _mm256_cvtepu8_epi32(eight_bytes(at));
    return _mm256_cvtepi32_ps(_mm256_and_si256(bytes, _mm256_set1_epi32(15)));
}
SXT_INLINE vec vec_load_high_nibbles(const void *at) {
    return _mm256_cvtepi32_ps(_mm256_srli_epi32(_mm256_cvtepu8_epi32(eight_bytes(at)), 4));
}
SXT_INLINE void vec_store_low_bytes(void *at, vec a) {
    __m256i low = _mm256_and_si256(_mm256_castps_si256(a), _mm256_set1_epi32(255));
    __m128i words = _mm_packus_epi32(_mm256_castsi256_si128(low), _mm256_extracti128_si256(low, 1));
    _mm_storel_epi64((__m128i *)at, _mm_packus_epi16(words, words));
}

#endif
