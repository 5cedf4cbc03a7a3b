/* How a peak is measured: the same instruction on independent chains that stay in registers. */
#ifndef SXT_KERNEL_PEAK_H
#define SXT_KERNEL_PEAK_H

#include "kernel/unroll.h"

#include <stdint.h>

/* Independent chains: two instructions per cycle of up to six cycles each, and still sixteen registers do. */
enum { PEAK_CHAINS = 12 };

/* Steps of each chain in a round: the loop's own instructions would take the place of others. */
enum { PEAK_STEPS = 8 };

/* Makes the compiler believe that the array is used. */
#define PEAK_USE(array) __asm__ volatile("" : : "m"(array))

/* A peak from one step: each chain is its own operand, so that no step can be left out or shared.
 * `operations`: of one step. */
#define PEAK_FUNCTION(name, type, start, step, operations)                                                     \
    static int64_t name(int64_t n_rounds) {                                                                    \
        type chain[PEAK_CHAINS];                                                                               \
        SXT_UNROLL for (int i = 0; i < PEAK_CHAINS; i++) chain[i] = start(i);                                  \
        for (int64_t round = 0; round < n_rounds; round++)                                                     \
            SXT_UNROLL for (int k = 0; k < PEAK_STEPS; k++) SXT_UNROLL for (int i = 0; i < PEAK_CHAINS; i++)   \
                chain[i] = step(chain[i]);                                                                     \
        PEAK_USE(chain);                                                                                       \
        return n_rounds * PEAK_STEPS * PEAK_CHAINS * (operations);                                             \
    }

/* Starts at different numbers in [0.5, 1). */
SXT_INLINE vec peak_start(int i) { return vec_set(0.5f + 0.03125f * (float)i); }

#endif
