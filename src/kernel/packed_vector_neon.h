/* Small integers of the NEON levels. Meanings as in packed_vector_scalar.h. All weights below 8 bits fit int8,
 * and those of 8 bits are taken as such, so the dot product is the signed one with or without its instruction.
 */
#ifndef SXT_KERNEL_PACKED_VECTOR_NEON_H
#define SXT_KERNEL_PACKED_VECTOR_NEON_H

#define PACKED_UNROLL SXT_UNROLL

/* 6 x 2 registers of int32 and as many of f32, of 32. */
enum { TILE_X_ROWS = 3, TILE_FEWER_ROWS = 2, TILE_VECS = 2, SIGNED_BYTES = 1 };

typedef struct ivec {
    uint8x16_t low, high; /* of lanes 0..3 and 4..7 */
} ivec;

SXT_INLINE ivec ivec_load(const void *at) {
    return (ivec){vld1q_u8((const uint8_t *)at), vld1q_u8((const uint8_t *)at + 16)};
}
SXT_INLINE void ivec_store(void *at, ivec a) {
    vst1q_u8((uint8_t *)at, a.low);
    vst1q_u8((uint8_t *)at + 16, a.high);
}
SXT_INLINE ivec ivec_set(int32_t value) {
    uint8x16_t all = vreinterpretq_u8_s32(vdupq_n_s32(value));
    return (ivec){all, all};
}
SXT_INLINE ivec ivec_and(ivec a, int mask) {
    uint8x16_t all = vdupq_n_u8((uint8_t)mask);
    return (ivec){vandq_u8(a.low, all), vandq_u8(a.high, all)};
}
SXT_INLINE ivec ivec_or_and(ivec a, ivec b, int mask) {
    ivec masked = ivec_and(b, mask);
    return (ivec){vorrq_u8(a.low, masked.low), vorrq_u8(a.high, masked.high)};
}
SXT_INLINE ivec ivec_xor(ivec a, int mask) {
    uint8x16_t all = vdupq_n_u8((uint8_t)mask);
    return (ivec){veorq_u8(a.low, all), veorq_u8(a.high, all)};
}
/* A negative count shifts to the right. */
SXT_INLINE ivec ivec_shift_left(ivec a, int n) {
    int8x16_t count = vdupq_n_s8((int8_t)n);
    return (ivec){vshlq_u8(a.low, count), vshlq_u8(a.high, count)};
}
SXT_INLINE ivec ivec_shift_right(ivec a, int n) { return ivec_shift_left(a, -n); }
SXT_INLINE ivec ivec_lookup(const uint8_t *table, ivec index) {
    uint8x16_t all = vld1q_u8(table);
    return (ivec){vqtbl1q_u8(all, index.low), vqtbl1q_u8(all, index.high)};
}

#if defined(__ARM_FEATURE_DOTPROD)
SXT_INLINE int32x4_t ivec_dot_four(int32x4_t sum, int8x16_t w, int8x16_t x) { return vdotq_s32(sum, w, x); }
#else
/* Two products in int16 are at most 2 * 128 * 127, below 2^15. */
SXT_INLINE int32x4_t ivec_dot_four(int32x4_t sum, int8x16_t w, int8x16_t x) {
    int16x8_t first = vmull_s8(vget_low_s8(w), vget_low_s8(x)), last = vmull_high_s8(w, x);
    return vpadalq_s16(sum, vpaddq_s16(first, last));
}
#endif

SXT_INLINE ivec ivec_dot_begin(ivec total) { return total; }
SXT_INLINE uint8x16_t ivec_dot_half(uint8x16_t sum, uint8x16_t w, uint8x16_t x) {
    return vreinterpretq_u8_s32(
        ivec_dot_four(vreinterpretq_s32_u8(sum), vreinterpretq_s8_u8(w), vreinterpretq_s8_u8(x)));
}
SXT_INLINE ivec ivec_dot(ivec part, ivec w, ivec x) {
    return (ivec){ivec_dot_half(part.low, w.low, x.low), ivec_dot_half(part.high, w.high, x.high)};
}
SXT_INLINE ivec ivec_dot_bytes(ivec part, ivec w, ivec x) { return ivec_dot(part, w, x); }
SXT_INLINE ivec ivec_dot_end(ivec total, ivec part) {
    (void)total;
    return part;
}

SXT_INLINE vec vec_from_ivec(ivec a) {
    return (vec){vcvtq_f32_s32(vreinterpretq_s32_u8(a.low)), vcvtq_f32_s32(vreinterpretq_s32_u8(a.high))};
}
SXT_INLINE vec vec_from_u8(uint8x8_t bytes) {
    uint16x8_t wide = vmovl_u8(bytes);
    return (vec){vcvtq_f32_u32(vmovl_u16(vget_low_u16(wide))), vcvtq_f32_u32(vmovl_high_u16(wide))};
}
SXT_INLINE vec vec_load_i8(const void *at) {
    int16x8_t wide = vmovl_s8(vld1_s8((const int8_t *)at));
    return (vec){vcvtq_f32_s32(vmovl_s16(vget_low_s16(wide))), vcvtq_f32_s32(vmovl_high_s16(wide))};
}
SXT_INLINE vec vec_load_u8(const void *at) { return vec_from_u8(vld1_u8((const uint8_t *)at)); }
SXT_INLINE vec vec_load_low_nibbles(const void *at) {
    return vec_from_u8(vand_u8(vld1_u8((const uint8_t *)at), vdup_n_u8(15)));
}
SXT_INLINE vec vec_load_high_nibbles(const void *at) {
    return vec_from_u8(vshr_n_u8(vld1_u8((const uint8_t *)at), 4));
}
SXT_INLINE void vec_store_low_bytes(void *at, vec a) {
    uint16x4_t low = vmovn_u32(vreinterpretq_u32_f32(a.low)), high = vmovn_u32(vreinterpretq_u32_f32(a.high));
    vst1_u8((uint8_t *)at, vmovn_u16(vcombine_u16(low, high)));
}

#endif
