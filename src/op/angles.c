#include "op/angles.h"

const float *sxt_angles(const sxt_rope *rope, double position, float *spare) {
    if (position >= 0) return sxt_rope_row(rope, position, spare);
    int32_t half = sxt_rope_n_rot(rope) / 2;
    const float *row = sxt_rope_row(rope, -position, spare);
    for (int32_t p = 0; p < half; p++) spare[p] = row[p];
    for (int32_t p = half; p < 2 * half; p++) spare[p] = -row[p];
    return spare;
}

void sxt_angles_of(const sxt_rope *rope, const double *positions, double base, int n, const float **rows,
                   float *spare) {
    int64_t n_rows, n_rot = sxt_rope_n_rot(rope);
    const float *table = sxt_rope_rows(rope, &n_rows);
    for (int i = 0; i < n; i++) {
        double position = positions[i] - base;
        bool inside = position >= 0 && position < (double)n_rows;
        int64_t row = inside ? (int64_t)position : 0;
        rows[i] = inside && (double)row == position ? table + row * n_rot
                                                    : sxt_angles(rope, position, spare + i * n_rot);
    }
}
