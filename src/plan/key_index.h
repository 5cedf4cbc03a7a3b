/* The key map of most methods: key j stands at j. */
#ifndef SXT_PLAN_KEY_INDEX_H
#define SXT_PLAN_KEY_INDEX_H

#include <stdint.h>

/* Positions (n) of keys [first, first + n). */
static inline void sxt_keys_at_index(int64_t first, int64_t n, double *positions) {
    for (int64_t i = 0; i < n; i++) positions[i] = (double)(first + i);
}

/* All of them at 0. */
static inline void sxt_keys_at_zero(int64_t n, double *positions) {
    for (int64_t i = 0; i < n; i++) positions[i] = 0;
}

#endif
