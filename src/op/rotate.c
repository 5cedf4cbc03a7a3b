#include "op/rotate.h"

#include <string.h>

/* Pairs per step: a fixed count, so that compilers make vectors of it without a remainder. */
enum { STEP = 8 };

static inline void turn_halves(const float *restrict a, const float *restrict b, const float *restrict c,
                               const float *restrict s, float *restrict ya, float *restrict yb, int n) {
    for (int p = 0; p < n; p++) {
        ya[p] = a[p] * c[p] - b[p] * s[p];
        yb[p] = b[p] * c[p] + a[p] * s[p];
    }
}

static inline void turn_pairs(const float *restrict ab, const float *restrict c, const float *restrict s,
                              float *restrict ya, float *restrict yb, int n) {
    for (int p = 0; p < n; p++) {
        ya[p] = ab[2 * p] * c[p] - ab[2 * p + 1] * s[p];
        yb[p] = ab[2 * p + 1] * c[p] + ab[2 * p] * s[p];
    }
}

void sxt_rotate(const float *x, const float *row, float *y, int32_t n_rot, int32_t head_dim, bool interleaved) {
    int32_t half = n_rot / 2, p = 0;
    const float *sin_row = row + half;
    if (interleaved) {
        for (; p + STEP <= half; p += STEP)
            turn_pairs(x + 2 * p, row + p, sin_row + p, y + p, y + half + p, STEP);
        turn_pairs(x + 2 * p, row + p, sin_row + p, y + p, y + half + p, half - p);
    } else {
        for (; p + STEP <= half; p += STEP)
            turn_halves(x + p, x + half + p, row + p, sin_row + p, y + p, y + half + p, STEP);
        turn_halves(x + p, x + half + p, row + p, sin_row + p, y + p, y + half + p, half - p);
    }
    memcpy(y + n_rot, x + n_rot, (size_t)(head_dim - n_rot) * sizeof(float));
}
