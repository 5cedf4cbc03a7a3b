/* The integer peaks of the scalar level: dot products in plain C, as fast as the compiler makes them. */
#ifndef SXT_KERNEL_PEAK_SCALAR_H
#define SXT_KERNEL_PEAK_SCALAR_H

#include "kernel/peak.h"

enum { PEAK_ELEMENTS = 256 };

/* Arrays that stay in the first cache; each round starts at another element. */
#define PEAK_DOTS(name, type)                                                                                  \
    static int64_t name(int64_t n_rounds) {                                                                    \
        type a[PEAK_ELEMENTS + 16], b[PEAK_ELEMENTS];                                                          \
        int32_t sum = 0;                                                                                       \
        for (int i = 0; i < PEAK_ELEMENTS + 16; i++) a[i] = (type)(i % 7 - 3);                                 \
        for (int i = 0; i < PEAK_ELEMENTS; i++) b[i] = (type)(i % 5 - 2);                                      \
        for (int64_t round = 0; round < n_rounds; round++) {                                                   \
            const type *from = a + (round & 15);                                                               \
            int32_t dot = 0;                                                                                   \
            for (int i = 0; i < PEAK_ELEMENTS; i++) dot += from[i] * b[i];                                     \
            sum ^= dot;                                                                                        \
        }                                                                                                      \
        PEAK_USE(sum);                                                                                         \
        return n_rounds * PEAK_ELEMENTS * 2;                                                                   \
    }

PEAK_DOTS(peak_int16, int16_t)
PEAK_DOTS(peak_int8, int8_t)
#undef PEAK_DOTS

/* No instruction for it. */
static int64_t peak_bf16(int64_t n_rounds) {
    (void)n_rounds;
    return 0;
}

#endif
