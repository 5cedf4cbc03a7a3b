/* Every level that this CPU has, for loops over them, and values to feed them. */
#ifndef SXT_TESTS_EVERY_LEVEL_H
#define SXT_TESTS_EVERY_LEVEL_H

#include "base/rng.h"
#include "kernel/kernel.h"

enum { MAX_LEVELS = 8 };

/* The scalar one first, the best one last. */
static inline int levels(const sxt_kernels **found) {
    int n = 0;
    while (n < MAX_LEVELS && sxt_kernels_at(n)) n++;
    for (int i = 0; i < n; i++) found[i] = sxt_kernels_at(n - 1 - i);
    return n;
}

/* Roughly normal, now and then large or tiny. */
static inline float hostile_value(sxt_rng *rng) {
    double x = sxt_rng_unit(rng) + sxt_rng_unit(rng) + sxt_rng_unit(rng) - 1.5;
    uint32_t kind = sxt_rng_u32(rng) % 64;
    return (float)(kind == 0 ? x * 1000 : kind == 1 ? x * 1e-6 : kind == 2 ? 0 : x);
}

static inline void fill_values(sxt_rng *rng, float *x, int64_t n) {
    for (int64_t i = 0; i < n; i++) x[i] = hostile_value(rng);
}

#endif
