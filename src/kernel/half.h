/* Half-precision numbers one at a time, in integer arithmetic: the same bits on every machine. */
#ifndef SXT_KERNEL_HALF_H
#define SXT_KERNEL_HALF_H

#include <stdint.h>
#include <string.h>

static inline float sxt_f32_from_bits(uint32_t bits) {
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static inline uint32_t sxt_f32_bits(float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

static inline uint16_t sxt_load_u16(const void *at) {
    uint16_t bits;
    memcpy(&bits, at, sizeof bits);
    return bits;
}

static inline float sxt_f16_value(uint16_t half) {
    uint32_t sign = (uint32_t)(half & 0x8000u) << 16, exponent = (half >> 10) & 31u, fraction = half & 0x3ffu;
    if (exponent == 31) { /* infinity, or a NaN that becomes quiet */
        return sxt_f32_from_bits(sign | 0x7f800000u | fraction << 13 | (fraction ? 0x400000u : 0));
    }
    if (exponent == 0) { /* fraction * 2^-24 is exact */
        float value = (float)fraction * 0x1p-24f;
        return sign ? -value : value;
    }
    return sxt_f32_from_bits(sign | (exponent + 112) << 23 | fraction << 13);
}

/* Round to nearest, ties to even. */
static inline uint16_t sxt_f16_bits(float value) {
    uint32_t bits = sxt_f32_bits(value), sign = (bits >> 16) & 0x8000u, size = bits & 0x7fffffffu;
    if (size > 0x7f800000u) return (uint16_t)(sign | 0x7e00u | ((size >> 13) & 0x3ffu)); /* NaN */
    if (size >= 0x477ff000u) return (uint16_t)(sign | 0x7c00u); /* 65520 and above round to infinity */
    if (size < 0x38800000u) { /* subnormal: adding 0.5 leaves multiples of 2^-24 in the last bits */
        float shifted = sxt_f32_from_bits(size) + 0.5f;
        return (uint16_t)(sign | (sxt_f32_bits(shifted) - 0x3f000000u));
    }
    uint32_t odd = (size >> 13) & 1u;
    return (uint16_t)(sign | ((size - 0x38000000u + 0xfffu + odd) >> 13));
}

static inline float sxt_bf16_value(uint16_t half) { return sxt_f32_from_bits((uint32_t)half << 16); }

/* Round to nearest, ties to even. */
static inline uint16_t sxt_bf16_bits(float value) {
    uint32_t bits = sxt_f32_bits(value);
    if ((bits & 0x7fffffffu) > 0x7f800000u) return (uint16_t)(bits >> 16 | 0x40u); /* a NaN stays one */
    return (uint16_t)((bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16);
}

#endif
