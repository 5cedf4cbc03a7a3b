/* Keys and values to the types that a cache stores. Loops of a fixed length, which compilers make vectors of;
 * no lane depends on another, so every level gives the same bits. */
#ifndef SXT_KERNEL_LEVEL_STORE_H
#define SXT_KERNEL_LEVEL_STORE_H

#include "kernel/level_matmul.h" /* the sizes of blocks */

#include <math.h>

/* Round to nearest even; NaN keeps its sign and stays NaN. */
static void f32_to_bf16(const float *from, uint16_t *to, int64_t n) {
    for (int64_t i = 0; i < n; i++) {
        uint32_t bits = sxt_f32_bits(from[i]);
        uint32_t rounded = (bits + 0x7fffu + (bits >> 16 & 1)) >> 16, nan = bits >> 16 | 0x40;
        to[i] = (uint16_t)((bits & 0x7fffffffu) > 0x7f800000u ? nan : rounded);
    }
}

/* Integers nearest to x[i] * scale, ties to even, in the low bits of floats; |x * scale| < 2^21. */
SXT_INLINE void block_integers(const float *x, float scale, int32_t *q) {
    for (int i = 0; i < QUANT_BLOCK; i++)
        q[i] = (int32_t)(sxt_f32_bits(x[i] * scale + 0x1.8p23f) - sxt_f32_bits(0x1.8p23f));
}

/* The smallest and largest element; false when one is not finite. */
SXT_INLINE bool block_range(const float *x, float *low, float *high) {
    float least = 0, most = 0, finite = 0;
    for (int i = 0; i < QUANT_BLOCK; i++) {
        least = x[i] < least ? x[i] : least;
        most = x[i] > most ? x[i] : most;
        finite += x[i] * 0;
    }
    *low = least;
    *high = most;
    return finite == 0;
}

/* A block with a value that is not finite gets a NaN scale: a fault stays visible. */
SXT_INLINE void store_block_scale(float d, bool finite, uint8_t *block) {
    uint16_t stored = sxt_f16_bits(finite ? d : NAN);
    memcpy(block, &stored, sizeof stored);
}

static void f32_to_q8_0(const float *from, void *to, int64_t n) {
    uint8_t *block = to;
    for (int64_t at = 0; at + QUANT_BLOCK <= n; at += QUANT_BLOCK, block += Q8_0_BYTES) {
        float low, high;
        int32_t q[QUANT_BLOCK];
        bool finite = block_range(from + at, &low, &high);
        float d = (high > -low ? high : -low) / 127;
        store_block_scale(d, finite, block);
        block_integers(from + at, finite && d >= FLT_MIN ? 1 / d : 0, q);
        for (int i = 0; i < QUANT_BLOCK; i++) block[2 + i] = (uint8_t)(finite ? q[i] : 0);
    }
}

/* The element of largest magnitude becomes exactly -8 * d; of two alike, the positive one. */
static void f32_to_q4_0(const float *from, void *to, int64_t n) {
    uint8_t *block = to;
    for (int64_t at = 0; at + QUANT_BLOCK <= n; at += QUANT_BLOCK, block += Q4_0_BYTES) {
        float low, high;
        int32_t q[QUANT_BLOCK];
        bool finite = block_range(from + at, &low, &high);
        float d = (high >= -low ? high : low) / -8;
        store_block_scale(d, finite, block);
        block_integers(from + at, finite && fabsf(d) >= FLT_MIN ? 1 / d : 0, q);
        for (int i = 0; i < QUANT_BLOCK; i++) q[i] = !finite ? 8 : q[i] > 7 ? 15 : q[i] + 8;
        for (int i = 0; i < QUANT_BLOCK / 2; i++) block[2 + i] = (uint8_t)(q[i] | q[i + QUANT_BLOCK / 2] << 4);
    }
}

#endif
