/* Checks of test_levels.c: products with packed weights. */
#ifndef SXT_TESTS_LEVEL_CHECKS_PACKED_H
#define SXT_TESTS_LEVEL_CHECKS_PACKED_H

#include "kernel/level_trial.h"

static sxt_packed_kind any_kind(trial *t) {
    return (sxt_packed_kind)(SXT_PACKED_NONE + 1 + below(t, SXT_PACKED_KINDS - SXT_PACKED_NONE - 1));
}

static int64_t any_n_in(trial *t, sxt_packed_layout l) { return l.span * size_up_to(t, l.span == 32 ? 40 : 5); }

/* Maxima and integers: the same bits in every level, also where x is not finite. */
static void check_packed_quantize(trial *t) {
    sxt_packed_kind kind = any_kind(t);
    sxt_packed_layout l = sxt_packed_layout_of(kind);
    int64_t rows = size_up_to(t, 5), n_in = any_n_in(t, l);
    size_t n_bytes = (size_t)rows * sxt_packed_row_bytes(l, n_in);
    const float *x = numbers(t, rows * n_in, any_mood(t));
    uint8_t *expected = bytes(t, n_bytes), *found = copy_of(t, expected, n_bytes);
    t->scalar->packed_quantize(kind, x, rows, n_in, expected);
    t->level->packed_quantize(kind, x, rows, n_in, found);
    for (int64_t r = 0; r < rows; r++) {
        const uint8_t *a = expected + (size_t)r * sxt_packed_row_bytes(l, n_in), *b = found + (a - expected);
        const float *scale_a = (const float *)(const void *)(a + n_in),
                    *scale_b = (const float *)(const void *)(b + n_in);
        expect_same(t, scale_a, scale_b, n_in / l.span);
        for (int64_t i = 0; i < n_in / l.span; i++)
            if (!isnan(scale_a[i])) expect_bytes(t, a + i * l.span, b + i * l.span, (size_t)l.span);
    }
}

/* Groups of random integers; f16 scales of ordinary size, at most 1/64. */
static uint8_t *some_groups(trial *t, sxt_packed_layout l, int64_t n_groups, int64_t n_in) {
    size_t group_bytes = sxt_packed_group_bytes(l, n_in);
    bool all_halves = l.scales == SXT_SCALES_F16 || l.scales == SXT_SCALES_F16_MIN;
    uint8_t *groups = bytes(t, (size_t)n_groups * group_bytes);
    for (int64_t g = 0; g < n_groups; g++)
        for (int64_t k = 0; k < n_in; k += SXT_PACKED_RECORD) {
            uint8_t *record = groups + (size_t)g * group_bytes + sxt_packed_group_bytes(l, k);
            for (int at = 0; at < (all_halves ? l.scale_bytes : SXT_PACKED_SUB); at += 2) {
                uint16_t half = sxt_f16_bits(((float)below(t, 1000) - 500) * 0x1p-15f);
                memcpy(record + at, &half, 2);
            }
        }
    return groups;
}

/* The level of this CPU above scalar that is compared bit by bit: all that fuse multiply and add agree. */
static const sxt_kernels *first_fused(void) {
    const sxt_kernels *level[MAX_LEVELS];
    return levels(level) > 1 ? level[1] : NULL;
}

/* A weight is at most 255 (sub-scale) * 255 / 64, or 255 / 64; each of the chain's steps rounds once or twice.
 */
static void check_packed_gemm(trial *t) {
    sxt_packed_kind kind = any_kind(t);
    sxt_packed_layout l = sxt_packed_layout_of(kind);
    int64_t rows = size_up_to(t, 20), out = size_up_to(t, 70), n_in = any_n_in(t, l), ldy = out + below(t, 3);
    int64_t n_groups = (out + SXT_PACKED_ROWS - 1) / SXT_PACKED_ROWS;
    const uint8_t *groups = some_groups(t, l, n_groups, n_in);
    const float *x = numbers(t, rows * n_in, any_mood(t));
    void *packed = bytes(t, (size_t)rows * sxt_packed_row_bytes(l, n_in));
    t->scalar->packed_quantize(kind, x, rows, n_in, packed);
    size_t y_bytes = (size_t)((rows - 1) * ldy + out) * 4;
    float *expected = bytes(t, y_bytes), *found = copy_of(t, expected, y_bytes),
          *fused = copy_of(t, expected, y_bytes);
    void *scratch = bytes(t, SXT_PACKED_SCRATCH);
    t->scalar->packed_gemm(kind, groups, packed, expected, ldy, rows, out, n_in, scratch);
    t->level->packed_gemm(kind, groups, packed, found, ldy, rows, out, n_in, scratch);
    double most = (l.scales == SXT_SCALES_F16 || l.scales == SXT_SCALES_F16_MIN ? 1 : 255) * 255 / 64.0;
    for (int64_t r = 0; r < rows; r++) {
        double size = 0;
        for (int64_t k = 0; k < n_in; k++) size += fabs((double)x[r * n_in + k]);
        for (int64_t o = 0; o < out; o++)
            expect_near(t, expected[r * ldy + o], found[r * ldy + o], sum_bound(n_in / 16, size * most));
        if (r + 1 < rows)
            expect_bytes(t, expected + r * ldy + out, found + r * ldy + out, (size_t)(ldy - out) * 4);
    }
    if (t->level == t->scalar) return;
    first_fused()->packed_gemm(kind, groups, packed, fused, ldy, rows, out, n_in, scratch);
    for (int64_t r = 0; r < rows; r++) expect_same(t, fused + r * ldy, found + r * ldy, out);
}

#endif
