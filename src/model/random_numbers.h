/* Normally distributed numbers that depend on a seed and on their own index alone, so that any thread can make
 * any of them; integer arithmetic and one exact multiplication, so that every machine makes the same. */
#ifndef SXT_MODEL_RANDOM_NUMBERS_H
#define SXT_MODEL_RANDOM_NUMBERS_H

#include <stdint.h>

/* The finaliser of SplitMix64 (Steele, Lea, Flood, OOPSLA 2014): every input bit changes half of the output. */
static inline uint64_t sxt_random_mix(uint64_t x) {
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
    return x ^ (x >> 31);
}

static inline uint64_t sxt_random_bits(uint64_t stream, uint64_t index) {
    return sxt_random_mix(stream + index * 0x9E3779B97F4A7C15u);
}

/* The sum of eight bytes, less their mean: near to a normal distribution up to 4.8 deviations. */
static inline float sxt_random_normal(uint64_t stream, uint64_t index, float deviation) {
    const uint64_t bits = sxt_random_bits(stream, index), every_other = 0x00FF00FF00FF00FFu;
    uint64_t pairs = (bits & every_other) + (bits >> 8 & every_other);
    int32_t sum = (int32_t)(pairs * 0x0001000100010001u >> 48);
    return (float)(sum - 1020) * (deviation * (1.0f / 209.02153f)); /* sqrt(8 * (256^2 - 1) / 12) */
}

#endif
