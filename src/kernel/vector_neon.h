/* The vector of the NEON levels: base AArch64. Meanings as in vector_scalar.h. Eight lanes in two registers, so
 * that lanes, trees and fused multiply-adds are those of avx2; the 32 registers hold the template's 12 chains.
 */
#ifndef SXT_KERNEL_VECTOR_NEON_H
#define SXT_KERNEL_VECTOR_NEON_H

#include "kernel/half.h"
#include "kernel/unroll.h"

#include <arm_neon.h>
#include <stddef.h>

enum {
    VEC_LANES = 8,
    VEC_TILE_ROWS = 3 /* of products: level_matmul.h */
};

typedef struct vec {
    float32x4_t low, high; /* lanes 0..3 and 4..7 */
} vec;

#define VEC_BOTH(operation)                                                                                    \
    (vec) { operation(a.low, b.low), operation(a.high, b.high) }

SXT_INLINE vec vec_set(float value) { return (vec){vdupq_n_f32(value), vdupq_n_f32(value)}; }
SXT_INLINE vec vec_add(vec a, vec b) { return VEC_BOTH(vaddq_f32); }
SXT_INLINE vec vec_sub(vec a, vec b) { return VEC_BOTH(vsubq_f32); }
SXT_INLINE vec vec_mul(vec a, vec b) { return VEC_BOTH(vmulq_f32); }
SXT_INLINE vec vec_div(vec a, vec b) { return VEC_BOTH(vdivq_f32); }
SXT_INLINE vec vec_fma(vec a, vec b, vec c) {
    return (vec){vfmaq_f32(c.low, a.low, b.low), vfmaq_f32(c.high, a.high, b.high)};
}
/* Not vmaxq_f32: that gives NaN where either is NaN, this gives b. */
SXT_INLINE float32x4_t vec_larger(float32x4_t a, float32x4_t b) { return vbslq_f32(vcgtq_f32(a, b), a, b); }
SXT_INLINE float32x4_t vec_smaller(float32x4_t a, float32x4_t b) { return vbslq_f32(vcltq_f32(a, b), a, b); }
SXT_INLINE vec vec_max(vec a, vec b) { return VEC_BOTH(vec_larger); }
SXT_INLINE vec vec_min(vec a, vec b) { return VEC_BOTH(vec_smaller); }
SXT_INLINE vec vec_where_less(vec a, vec b, vec yes, vec no) {
    return (vec){vbslq_f32(vcltq_f32(a.low, b.low), yes.low, no.low),
                 vbslq_f32(vcltq_f32(a.high, b.high), yes.high, no.high)};
}
SXT_INLINE float32x4_t vec_shift_exponent(float32x4_t p, float32x4_t z) {
    int32x4_t n = vshlq_n_s32(vreinterpretq_s32_f32(z), 23);
    return vreinterpretq_f32_s32(vaddq_s32(vreinterpretq_s32_f32(p), n));
}
SXT_INLINE vec vec_times_two_to(vec a, vec b) { return VEC_BOTH(vec_shift_exponent); }

#undef VEC_BOTH

/* Pairs of the tree: (0+4) + (2+6) and (1+5) + (3+7). */
SXT_INLINE float32x2_t vec_pairs(vec a) {
    float32x4_t four = vaddq_f32(a.low, a.high);
    return vadd_f32(vget_low_f32(four), vget_high_f32(four));
}
SXT_INLINE float vec_sum(vec a) { return vpadds_f32(vec_pairs(a)); }
/* The same additions, four sums side by side. */
SXT_INLINE void vec_sum4(const vec *a, float *sums) {
    float32x4_t first = vcombine_f32(vec_pairs(a[0]), vec_pairs(a[1]));
    float32x4_t last = vcombine_f32(vec_pairs(a[2]), vec_pairs(a[3]));
    vst1q_f32(sums, vpaddq_f32(first, last));
}
SXT_INLINE float vec_largest(vec a) {
    float32x4_t four = vec_larger(a.low, a.high);
    float32x4_t two = vec_larger(four, vextq_f32(four, four, 2));
    return vgetq_lane_f32(vec_larger(two, vextq_f32(two, two, 1)), 0);
}

/* As bytes: pointers may have any alignment. */
SXT_INLINE float32x4_t vec_load_half(const uint8_t *at) { return vreinterpretq_f32_u8(vld1q_u8(at)); }
SXT_INLINE vec vec_load(const void *at) {
    return (vec){vec_load_half((const uint8_t *)at), vec_load_half((const uint8_t *)at + 16)};
}
SXT_INLINE void vec_store(void *at, vec a) {
    vst1q_u8((uint8_t *)at, vreinterpretq_u8_f32(a.low));
    vst1q_u8((uint8_t *)at + 16, vreinterpretq_u8_f32(a.high));
}
SXT_INLINE vec vec_load_part(const void *at, int64_t n) {
    float lane[VEC_LANES] = {0};
    memcpy(lane, at, (size_t)n * sizeof(float));
    return vec_load(lane);
}
SXT_INLINE void vec_store_part(void *at, vec a, int64_t n) {
    float lane[VEC_LANES];
    vec_store(lane, a);
    memcpy(at, lane, (size_t)n * sizeof(float));
}

SXT_INLINE vec vec_load_f16(const void *at) {
    float16x8_t half = vreinterpretq_f16_u8(vld1q_u8((const uint8_t *)at));
    return (vec){vcvt_f32_f16(vget_low_f16(half)), vcvt_high_f32_f16(half)};
}
SXT_INLINE vec vec_load_bf16(const void *at) {
    uint16x8_t half = vreinterpretq_u16_u8(vld1q_u8((const uint8_t *)at));
    return (vec){vreinterpretq_f32_u32(vshll_n_u16(vget_low_u16(half), 16)),
                 vreinterpretq_f32_u32(vshll_high_n_u16(half, 16))};
}
SXT_INLINE void vec_store_f16(void *at, vec a) {
    float16x8_t half = vcvt_high_f16_f32(vcvt_f16_f32(a.low), a.high);
    vst1q_u8((uint8_t *)at, vreinterpretq_u8_f16(half));
}

/* The f16 at the start of a block, in all lanes. */
SXT_INLINE float32x4_t vec_block_scale(const void *block) {
    return vcvt_f32_f16(vreinterpret_f16_u16(vdup_n_u16(sxt_load_u16(block))));
}
SXT_INLINE void vec_load_q8_0(const void *block, vec *w) {
    float32x4_t d = vec_block_scale(block);
    SXT_UNROLL for (int i = 0; i < 4; i++) {
        int16x8_t q = vmovl_s8(vld1_s8((const int8_t *)block + 2 + 8 * i));
        w[i].low = vmulq_f32(d, vcvtq_f32_s32(vmovl_s16(vget_low_s16(q))));
        w[i].high = vmulq_f32(d, vcvtq_f32_s32(vmovl_high_s16(q)));
    }
}
SXT_INLINE vec vec_scaled_nibbles(float32x4_t d, float32x4_t minus_d8, uint8x8_t nibbles) {
    uint16x8_t q = vmovl_u8(nibbles);
    return (vec){vfmaq_f32(minus_d8, d, vcvtq_f32_u32(vmovl_u16(vget_low_u16(q)))),
                 vfmaq_f32(minus_d8, d, vcvtq_f32_u32(vmovl_high_u16(q)))};
}
SXT_INLINE void vec_load_q4_0(const void *block, vec *w) {
    float32x4_t d = vec_block_scale(block), minus_d8 = vmulq_f32(d, vdupq_n_f32(-8));
    SXT_UNROLL for (int i = 0; i < 2; i++) {
        uint8x8_t bytes = vld1_u8((const uint8_t *)block + 2 + 8 * i);
        w[i] = vec_scaled_nibbles(d, minus_d8, vand_u8(bytes, vdup_n_u8(15)));
        w[2 + i] = vec_scaled_nibbles(d, minus_d8, vshr_n_u8(bytes, 4));
    }
}

#endif
