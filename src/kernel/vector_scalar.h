/* The vector of the scalar level: eight floats, multiply and add rounded apart. */
#ifndef SXT_KERNEL_VECTOR_SCALAR_H
#define SXT_KERNEL_VECTOR_SCALAR_H

#include "kernel/half.h"
#include "kernel/unroll.h"

#include <stddef.h>

enum {
    VEC_LANES = 8,
    VEC_TILE_ROWS = 3 /* of products: level_matmul.h */
};

typedef struct vec {
    float lane[VEC_LANES];
} vec;

#define VEC_EACH(expression)                                                                                   \
    do {                                                                                                       \
        vec result;                                                                                            \
        for (int i = 0; i < VEC_LANES; i++) result.lane[i] = (expression);                                     \
        return result;                                                                                         \
    } while (0)

SXT_INLINE vec vec_set(float value) { VEC_EACH(value); }
SXT_INLINE vec vec_add(vec a, vec b) { VEC_EACH(a.lane[i] + b.lane[i]); }
SXT_INLINE vec vec_sub(vec a, vec b) { VEC_EACH(a.lane[i] - b.lane[i]); }
SXT_INLINE vec vec_mul(vec a, vec b) { VEC_EACH(a.lane[i] * b.lane[i]); }
SXT_INLINE vec vec_div(vec a, vec b) { VEC_EACH(a.lane[i] / b.lane[i]); }
/* a * b + c */
SXT_INLINE vec vec_fma(vec a, vec b, vec c) { VEC_EACH(a.lane[i] * b.lane[i] + c.lane[i]); }
/* b where either is NaN */
SXT_INLINE vec vec_max(vec a, vec b) { VEC_EACH(a.lane[i] > b.lane[i] ? a.lane[i] : b.lane[i]); }
SXT_INLINE vec vec_min(vec a, vec b) { VEC_EACH(a.lane[i] < b.lane[i] ? a.lane[i] : b.lane[i]); }
/* a < b ? yes : no */
SXT_INLINE vec vec_where_less(vec a, vec b, vec yes, vec no) {
    VEC_EACH(a.lane[i] < b.lane[i] ? yes.lane[i] : no.lane[i]);
}
/* p * 2^n, where the low bits of z hold n (after adding 1.5 * 2^23); the result must be a normal number. */
SXT_INLINE vec vec_times_two_to(vec p, vec z) {
    VEC_EACH(sxt_f32_from_bits(sxt_f32_bits(p.lane[i]) + (sxt_f32_bits(z.lane[i]) << 23)));
}

/* The fixed tree: ((0+4) + (2+6)) + ((1+5) + (3+7)). */
SXT_INLINE float vec_sum(vec a) {
    const float *l = a.lane;
    return ((l[0] + l[4]) + (l[2] + l[6])) + ((l[1] + l[5]) + (l[3] + l[7]));
}
/* vec_sum() of four. */
SXT_INLINE void vec_sum4(const vec *a, float *sums) {
    for (int i = 0; i < 4; i++) sums[i] = vec_sum(a[i]);
}
SXT_INLINE float vec_largest(vec a) {
    float largest = a.lane[0];
    for (int i = 1; i < VEC_LANES; i++) largest = a.lane[i] > largest ? a.lane[i] : largest;
    return largest;
}

SXT_INLINE vec vec_load(const void *at) {
    vec result;
    memcpy(result.lane, at, sizeof result.lane);
    return result;
}
SXT_INLINE void vec_store(void *at, vec a) { memcpy(at, a.lane, sizeof a.lane); }
/* The first n lanes; the rest are zero, and are not read. */
SXT_INLINE vec vec_load_part(const void *at, int64_t n) {
    vec result = vec_set(0);
    memcpy(result.lane, at, (size_t)n * sizeof(float));
    return result;
}
SXT_INLINE void vec_store_part(void *at, vec a, int64_t n) { memcpy(at, a.lane, (size_t)n * sizeof(float)); }

SXT_INLINE vec vec_load_f16(const void *at) {
    VEC_EACH(sxt_f16_value(sxt_load_u16((const uint8_t *)at + 2 * i)));
}
SXT_INLINE vec vec_load_bf16(const void *at) {
    VEC_EACH(sxt_bf16_value(sxt_load_u16((const uint8_t *)at + 2 * i)));
}
SXT_INLINE void vec_store_f16(void *at, vec a) {
    uint16_t half[VEC_LANES];
    for (int i = 0; i < VEC_LANES; i++) half[i] = sxt_f16_bits(a.lane[i]);
    memcpy(at, half, sizeof half);
}

/* The 32 elements of a Q8_0 block: d (f16), 32 x int8. */
SXT_INLINE void vec_load_q8_0(const void *block, vec *w) {
    float d = sxt_f16_value(sxt_load_u16(block));
    const int8_t *q = (const int8_t *)block + 2;
    for (int i = 0; i < 32; i++) w[i / VEC_LANES].lane[i % VEC_LANES] = d * (float)q[i];
}
/* The 32 elements of a Q4_0 block: d (f16), 16 bytes; low nibbles are elements 0..15, high ones 16..31.
 * d * q - 8 * d has no rounding, so it is d * (q - 8). */
SXT_INLINE void vec_load_q4_0(const void *block, vec *w) {
    float d = sxt_f16_value(sxt_load_u16(block)), d8 = d * 8;
    const uint8_t *q = (const uint8_t *)block + 2;
    for (int i = 0; i < 32; i++) {
        int nibble = i < 16 ? q[i] & 15 : q[i - 16] >> 4;
        w[i / VEC_LANES].lane[i % VEC_LANES] = d * (float)nibble - d8;
    }
}

#undef VEC_EACH
#endif
