/* Checked arithmetic: the only arithmetic for numbers that come from files or requests. */
#ifndef SXT_BASE_NUM_H
#define SXT_BASE_NUM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

static inline bool sxt_add_ok(uint64_t a, uint64_t b, uint64_t *sum) {
    return !__builtin_add_overflow(a, b, sum);
}

static inline bool sxt_mul_ok(uint64_t a, uint64_t b, uint64_t *product) {
    return !__builtin_mul_overflow(a, b, product);
}

/* True when [pos, pos + n) lies inside [0, size). */
static inline bool sxt_range_ok(uint64_t pos, uint64_t n, uint64_t size) {
    return n <= size && pos <= size - n;
}

static inline int64_t sxt_min_i64(int64_t a, int64_t b) { return a < b ? a : b; }
static inline int64_t sxt_max_i64(int64_t a, int64_t b) { return a > b ? a : b; }

/* Smallest multiple of `step` (a power of two) that is >= n. */
static inline size_t sxt_round_up(size_t n, size_t step) { return (n + step - 1) & ~(step - 1); }

#endif
