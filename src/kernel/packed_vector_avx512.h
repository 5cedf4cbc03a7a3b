/* Small integers of the avx512 level. Meanings as in packed_vector_scalar.h. */
#ifndef SXT_KERNEL_PACKED_VECTOR_AVX512_H
#define SXT_KERNEL_PACKED_VECTOR_AVX512_H

#define PACKED_UNROLL SXT_UNROLL

enum { TILE_X_ROWS = 6, TILE_FEWER_ROWS = 4, TILE_VECS = 2, SIGNED_BYTES = 0 };

typedef __m512i ivec;

SXT_INLINE ivec ivec_load(const void *at) { return _mm512_loadu_si512(at); }
SXT_INLINE void ivec_store(void *at, ivec a) { _mm512_storeu_si512(at, a); }
SXT_INLINE ivec ivec_set(int32_t value) { return _mm512_set1_epi32(value); }
SXT_INLINE ivec ivec_xor(ivec a, int mask) { return _mm512_xor_si512(a, _mm512_set1_epi8((char)mask)); }
SXT_INLINE ivec ivec_and(ivec a, int mask) { return _mm512_and_si512(a, _mm512_set1_epi8((char)mask)); }
SXT_INLINE ivec ivec_or_and(ivec a, ivec b, int mask) {
    return _mm512_ternarylogic_epi32(a, b, _mm512_set1_epi8((char)mask), 0xf8); /* a | (b & mask) */
}
SXT_INLINE ivec ivec_shift_right(ivec a, int n) { return _mm512_srli_epi16(a, (unsigned)n); }
SXT_INLINE ivec ivec_shift_left(ivec a, int n) { return _mm512_slli_epi16(a, (unsigned)n); }
SXT_INLINE ivec ivec_lookup(const uint8_t *table, ivec index) {
    __m128i four = _mm_loadu_si128((const __m128i *)table);
    return _mm512_shuffle_epi8(_mm512_broadcast_i32x4(four), index);
}

SXT_INLINE ivec ivec_dot_begin(ivec total) { return total; }
SXT_INLINE ivec ivec_dot(ivec part, ivec w, ivec x) { return _mm512_dpbusd_epi32(part, w, x); }
SXT_INLINE ivec ivec_dot_bytes(ivec part, ivec w, ivec x) { return _mm512_dpbusd_epi32(part, w, x); }
SXT_INLINE ivec ivec_dot_end(ivec total, ivec part) {
    (void)total;
    return part;
}

SXT_INLINE vec vec_from_ivec(ivec a) { return _mm512_cvtepi32_ps(a); }
SXT_INLINE vec vec_load_i8(const void *at) {
    return _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(_mm_loadu_si128((const __m128i *)at)));
}
SXT_INLINE vec vec_load_u8(const void *at) {
    return _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i *)at)));
}
SXT_INLINE vec vec_load_low_nibbles(const void *at) {
    __m512i bytes = _mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i *)at));
    return _mm512_cvtepi32_ps(_mm512_and_si512(bytes, _mm512_set1_epi32(15)));
}
SXT_INLINE vec vec_load_high_nibbles(const void *at) {
    __m512i bytes = _mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i *)at));
    return _mm512_cvtepi32_ps(_mm512_srli_epi32(bytes, 4));
}
SXT_INLINE void vec_store_low_bytes(void *at, vec a) {
    _mm_storeu_si128((__m128i *)at, _mm512_cvtepi32_epi8(_mm512_castps_si512(a)));
}

#endif
