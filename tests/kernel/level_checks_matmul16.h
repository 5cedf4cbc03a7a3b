/* Checks of test_levels.c: products of float weights in 16-bit integers, the same bits on every level. */
#ifndef SXT_TESTS_LEVEL_CHECKS_MATMUL16_H
#define SXT_TESTS_LEVEL_CHECKS_MATMUL16_H

#include "kernel/level_trial.h"

typedef void matmul16_panel(const void *w, size_t row_bytes, int64_t n_out, int64_t n_k, int16_t *panel,
                            float *scales);
typedef void matmul16_gemv(const void *w, size_t row_bytes, const int16_t *x, const float *x_scales, float *y,
                           int64_t n_out, int64_t n_k);

/* Columns of a block in whole sub-blocks. */
static int64_t whole_subs(int64_t n) {
    int64_t whole = (n + SXT_MATMUL16_SUB - 1) / SXT_MATMUL16_SUB * SXT_MATMUL16_SUB;
    return whole < SXT_MATMUL16_COLUMNS ? whole : SXT_MATMUL16_COLUMNS;
}

/* Integers count where their scale is a number. */
static void expect_same_integers(trial *t, const int16_t *expected, const int16_t *found, int64_t n,
                                 float scale) {
    if (isfinite(scale)) expect_bytes(t, expected, found, (size_t)n * sizeof *expected);
}

static void check_matmul16_row(trial *t) {
    int64_t n_k = size_up_to(t, 3 * SXT_MATMUL16_COLUMNS), q_stride = SXT_MATMUL16_COLUMNS + 2 * below(t, 5),
            scale_stride = SXT_MATMUL16_SUBS + below(t, 3);
    int64_t n_blocks = (n_k + SXT_MATMUL16_COLUMNS - 1) / SXT_MATMUL16_COLUMNS;
    size_t q_bytes = (size_t)(n_blocks * q_stride) * 2, scale_bytes = (size_t)(n_blocks * scale_stride) * 4;
    const float *x = numbers(t, n_k, any_mood(t));
    int16_t *expected = bytes(t, q_bytes), *found = copy_of(t, expected, q_bytes);
    float *scales = bytes(t, scale_bytes), *found_scales = copy_of(t, scales, scale_bytes);
    t->scalar->matmul16_row(x, n_k, q_stride, expected, scale_stride, scales);
    t->level->matmul16_row(x, n_k, q_stride, found, scale_stride, found_scales);
    for (int64_t b = 0; b < n_blocks; b++) {
        int64_t n = whole_subs(n_k - b * SXT_MATMUL16_COLUMNS) / SXT_MATMUL16_SUB;
        for (int64_t s = 0; s < n; s++) {
            int64_t at = b * q_stride + s * SXT_MATMUL16_SUB;
            float scale = scales[b * scale_stride + s];
            if (isfinite(scale))
                expect_same(t, &scale, &found_scales[b * scale_stride + s], 1);
            else
                assert_false(isfinite(found_scales[b * scale_stride + s]));
            expect_same_integers(t, expected + at, found + at, SXT_MATMUL16_SUB, scale);
        }
    }
}

/* Rows of stored weights, one number each, any alignment. bytes_each 2: f16, or bf16 if `brain`. */
static uint8_t *stored_rows(trial *t, int64_t n_out, int64_t n_k, size_t row_bytes, size_t bytes_each,
                            bool brain) {
    uint8_t *w = bytes(t, row_bytes * (size_t)n_out);
    mood m = any_mood(t);
    for (int64_t o = 0; o < n_out; o++)
        for (int64_t k = 0; k < n_k; k++) {
            float value = number(t, m);
            uint16_t half = brain ? sxt_bf16_bits(value) : sxt_f16_bits(value);
            uint8_t *at = w + (size_t)o * row_bytes + (size_t)k * bytes_each;
            memcpy(at, bytes_each == 4 ? (void *)&value : (void *)&half, bytes_each);
        }
    return w;
}

static void check_panel(trial *t, matmul16_panel *scalar, matmul16_panel *level, size_t bytes_each,
                        bool brain) {
    enum { OUT = SXT_MATMUL16_OUT, PANEL = SXT_MATMUL16_COLUMNS * OUT };
    int64_t n_out = 1 + below(t, OUT), n_k = size_up_to(t, SXT_MATMUL16_COLUMNS);
    size_t row_bytes = (size_t)n_k * bytes_each + below(t, 3);
    const uint8_t *w = stored_rows(t, n_out, n_k, row_bytes, bytes_each, brain);
    int16_t *expected = bytes(t, PANEL * 2), *found = bytes(t, PANEL * 2);
    float *scales = bytes(t, OUT * 4), *found_scales = bytes(t, OUT * 4);
    scalar(w, row_bytes, n_out, n_k, expected, scales);
    level(w, row_bytes, n_out, n_k, found, found_scales);
    for (int64_t o = 0; o < n_out; o++) {
        if (isfinite(scales[o]))
            expect_same(t, scales + o, found_scales + o, 1);
        else
            assert_false(isfinite(found_scales[o]));
        for (int64_t pair = 0; pair < whole_subs(n_k) / 2; pair++)
            expect_same_integers(t, expected + 2 * (pair * OUT + o), found + 2 * (pair * OUT + o), 2,
                                 scales[o]);
    }
}

static void check_matmul16_panel_f16(trial *t) {
    check_panel(t, t->scalar->matmul16_panel_f16, t->level->matmul16_panel_f16, 2, false);
}
static void check_matmul16_panel_bf16(trial *t) {
    check_panel(t, t->scalar->matmul16_panel_bf16, t->level->matmul16_panel_bf16, 2, true);
}
static void check_matmul16_panel_f32(trial *t) {
    check_panel(t, t->scalar->matmul16_panel_f32, t->level->matmul16_panel_f32, 4, false);
}

/* Integers and scales of n_rows rows of one block, as the scalar level makes them. */
static void some_rows(trial *t, int64_t n_rows, int64_t n_k, int64_t n_blocks, int16_t **q, float **scales) {
    *q = bytes(t, (size_t)(n_rows * n_blocks * SXT_MATMUL16_COLUMNS) * 2);
    *scales = bytes(t, (size_t)(n_rows * n_blocks * SXT_MATMUL16_SUBS) * 4);
    const float *x = numbers(t, n_rows * n_k, any_mood(t));
    for (int64_t r = 0; r < n_rows; r++)
        t->scalar->matmul16_row(x + r * n_k, n_k, SXT_MATMUL16_COLUMNS,
                                *q + r * n_blocks * SXT_MATMUL16_COLUMNS, SXT_MATMUL16_SUBS,
                                *scales + r * n_blocks * SXT_MATMUL16_SUBS);
}

static void check_matmul16_gemm(trial *t) {
    enum { OUT = SXT_MATMUL16_OUT, PANEL = SXT_MATMUL16_COLUMNS * OUT };
    int64_t n_rows = size_up_to(t, 20), n_out = 1 + below(t, OUT), n_k = size_up_to(t, SXT_MATMUL16_COLUMNS),
            ldy = n_out + below(t, 3);
    int16_t *q, *panel = bytes(t, PANEL * 2);
    float *x_scales, *scales = bytes(t, OUT * 4);
    some_rows(t, n_rows, n_k, 1, &q, &x_scales);
    const uint8_t *w = stored_rows(t, n_out, n_k, (size_t)n_k * 4, 4, false);
    t->scalar->matmul16_panel_f32(w, (size_t)n_k * 4, n_out, n_k, panel, scales);
    const float *before = below(t, 2) ? numbers(t, n_rows * OUT, finite_mood(t)) : NULL;
    float *start = numbers(t, (n_rows - 1) * ldy + n_out, finite_mood(t));
    size_t y_bytes = (size_t)((n_rows - 1) * ldy + n_out) * 4;
    float *expected = copy_of(t, start, y_bytes), *found = copy_of(t, start, y_bytes);
    t->scalar->matmul16_gemm(q, x_scales, panel, scales, before, expected, ldy, n_rows, n_out, n_k);
    t->level->matmul16_gemm(q, x_scales, panel, scales, before, found, ldy, n_rows, n_out, n_k);
    expect_same(t, expected, found, (n_rows - 1) * ldy + n_out);
    for (int64_t r = 0; r + 1 < n_rows; r++)
        expect_bytes(t, start + r * ldy + n_out, found + r * ldy + n_out, (size_t)(ldy - n_out) * 4);
}

static void check_matmul16_gemv(trial *t, matmul16_gemv *scalar, matmul16_gemv *level, size_t bytes_each,
                                bool brain) {
    int64_t n_out = size_up_to(t, 20), n_k = size_up_to(t, 3 * SXT_MATMUL16_COLUMNS);
    int64_t n_blocks = (n_k + SXT_MATMUL16_COLUMNS - 1) / SXT_MATMUL16_COLUMNS;
    size_t row_bytes = (size_t)n_k * bytes_each + below(t, 3);
    int16_t *q;
    float *x_scales, *expected = bytes(t, (size_t)n_out * 4), *found = bytes(t, (size_t)n_out * 4);
    some_rows(t, 1, n_k, n_blocks, &q, &x_scales);
    const uint8_t *w = stored_rows(t, n_out, n_k, row_bytes, bytes_each, brain);
    scalar(w, row_bytes, q, x_scales, expected, n_out, n_k);
    level(w, row_bytes, q, x_scales, found, n_out, n_k);
    expect_same(t, expected, found, n_out);
}

static void check_matmul16_gemv_f16(trial *t) {
    check_matmul16_gemv(t, t->scalar->matmul16_gemv_f16, t->level->matmul16_gemv_f16, 2, false);
}
static void check_matmul16_gemv_bf16(trial *t) {
    check_matmul16_gemv(t, t->scalar->matmul16_gemv_bf16, t->level->matmul16_gemv_bf16, 2, true);
}
static void check_matmul16_gemv_f32(trial *t) {
    check_matmul16_gemv(t, t->scalar->matmul16_gemv_f32, t->level->matmul16_gemv_f32, 4, false);
}

#endif
