/* Conversions of whole runs. Pointers may have any alignment: they often lie in a mapped file. */
#ifndef SXT_KERNEL_LEVEL_CONVERT_H
#define SXT_KERNEL_LEVEL_CONVERT_H

#include "kernel/level_matmul.h" /* the sizes of blocks */

static void f16_to_f32(const uint16_t *from, float *to, int64_t n) {
    const uint8_t *at = (const uint8_t *)from;
    int64_t i = 0;
    for (; i + VEC_LANES <= n; i += VEC_LANES) vec_store(to + i, vec_load_f16(at + 2 * i));
    for (; i < n; i++) to[i] = sxt_f16_value(sxt_load_u16(at + 2 * i));
}

static void f32_to_f16(const float *from, uint16_t *to, int64_t n) {
    uint8_t *at = (uint8_t *)to;
    int64_t i = 0;
    for (; i + VEC_LANES <= n; i += VEC_LANES) vec_store_f16(at + 2 * i, vec_load(from + i));
    for (; i < n; i++) {
        uint16_t half = sxt_f16_bits(from[i]);
        memcpy(at + 2 * i, &half, sizeof half);
    }
}

static void bf16_to_f32(const uint16_t *from, float *to, int64_t n) {
    const uint8_t *at = (const uint8_t *)from;
    int64_t i = 0;
    for (; i + VEC_LANES <= n; i += VEC_LANES) vec_store(to + i, vec_load_bf16(at + 2 * i));
    for (; i < n; i++) to[i] = sxt_bf16_value(sxt_load_u16(at + 2 * i));
}

SXT_INLINE void unpack_blocks(void (*load)(const void *, vec *), size_t block_bytes, const uint8_t *from,
                              float *to, int64_t n) {
    for (int64_t i = 0; i + QUANT_BLOCK <= n; i += QUANT_BLOCK, from += block_bytes) {
        vec w[QUANT_VECS];
        load(from, w);
        SXT_UNROLL for (int v = 0; v < QUANT_VECS; v++) vec_store(to + i + v * VEC_LANES, w[v]);
    }
}

static void q8_0_to_f32(const void *from, float *to, int64_t n) {
    unpack_blocks(vec_load_q8_0, Q8_0_BYTES, from, to, n);
}

static void q4_0_to_f32(const void *from, float *to, int64_t n) {
    unpack_blocks(vec_load_q4_0, Q4_0_BYTES, from, to, n);
}

#endif
