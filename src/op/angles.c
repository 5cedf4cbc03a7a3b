#include "op/angles.h"

/* Steps of another unit have a table of their own; outside it their angles are what it would hold. */
static const float *row_of(const sxt_rope *rope, double unit, double position, float *spare) {
    sxt_rope_table table = sxt_rope_rows(rope, unit);
    int64_t row = position < (double)table.n_rows ? (int64_t)position : -1;
    if (row >= 0 && (double)row == position) return table.rows + row * sxt_rope_n_rot(rope);
    return sxt_rope_row(rope, position * unit, spare);
}

const float *sxt_angles(const sxt_rope *rope, double unit, double position, float *spare) {
    if (position >= 0) return row_of(rope, unit, position, spare);
    int32_t half = sxt_rope_n_rot(rope) / 2;
    const float *row = row_of(rope, unit, -position, spare);
    for (int32_t p = 0; p < half; p++) spare[p] = row[p];
    for (int32_t p = half; p < 2 * half; p++) spare[p] = -row[p];
    return spare;
}

/* Rows that are not in the table: between its positions, before or past it. */
static void compute_rows(const sxt_rope *rope, double unit, const double *positions, double base, int n,
                         sxt_turn *turn, float *spare) {
    int64_t n_rot = turn->n_rot;
    uint32_t *pairs = (uint32_t *)(void *)(spare + SXT_TILE_STRIP * n_rot);
    for (int i = 0; i < n; i++) {
        sxt_rope_fill(rope, (positions[i] - base) * unit, spare + i * n_rot, pairs + i * (n_rot / 2));
        turn->rows[i] = i;
    }
    turn->angles = spare;
    turn->pairs = pairs;
}

void sxt_turn_of(const sxt_rope *rope, double unit, const double *positions, double base, int n, float *spare,
                 sxt_turn *turn) {
    sxt_rope_table table = sxt_rope_rows(rope, unit);
    turn->angles = table.rows;
    turn->pairs = table.pairs;
    turn->n_rot = sxt_rope_n_rot(rope);
    turn->interleaved = sxt_rope_interleaved(rope);
    turn->mscale = (float)sxt_rope_mscale(rope);
    if (!sxt_kernels_get()->table_rows(positions, base, table.n_rows, turn->rows))
        compute_rows(rope, unit, positions, base, n, turn, spare);
}
