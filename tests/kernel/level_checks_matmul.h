/* Checks of test_levels.c: products and conversions. */
#ifndef SXT_TESTS_LEVEL_CHECKS_MATMUL_H
#define SXT_TESTS_LEVEL_CHECKS_MATMUL_H

#include "kernel/level_trial.h"

/* ---- Products ------------------------------------------------------------------------------------------- */

static void check_gemm_f32(trial *t) {
    int64_t rows = size_up_to(t, 20), out = size_up_to(t, 40), k = size_up_to(t, 600), pad = below(t, 4);
    int64_t lda = k + pad, ldb = k + below(t, 3), ldc = out + pad;
    const float *a = numbers(t, (rows - 1) * lda + k, any_mood(t)),
                *b = numbers(t, (out - 1) * ldb + k, any_mood(t));
    size_t c_bytes = (size_t)((rows - 1) * ldc + out) * sizeof(float);
    float *expected = bytes(t, c_bytes), *found = copy_of(t, expected, c_bytes);
    t->scalar->gemm_f32(a, lda, b, ldb, expected, ldc, rows, out, k);
    t->level->gemm_f32(a, lda, b, ldb, found, ldc, rows, out, k);
    for (int64_t r = 0; r < rows; r++) {
        for (int64_t o = 0; o < out; o++)
            expect_near(t, expected[r * ldc + o], found[r * ldc + o],
                        sum_bound(k, magnitude_of(a + r * lda, 1, b + o * ldb, 1, k)));
        if (r + 1 < rows) /* between the rows: untouched */
            expect_bytes(t, expected + r * ldc + out, found + r * ldc + out,
                         (size_t)(ldc - out) * sizeof(float));
    }
}

typedef void stored_product(const void *w, size_t row_bytes, const float *x, float *y, int64_t n_out,
                            int64_t n_k);

/* Weights of random bytes; every scale and float of them by its mood. Rows are at any address. */
static void check_gemv(trial *t, stored_product *scalar, stored_product *level, int64_t block,
                       size_t block_bytes, bool brain) {
    int64_t out = size_up_to(t, 30), k = block > 1 ? block * size_up_to(t, 20) : size_up_to(t, 600);
    size_t row_bytes = (size_t)(k / block) * block_bytes + below(t, 3), n_bytes = row_bytes * (size_t)out;
    mood m = any_mood(t);
    uint8_t *w = bytes(t, n_bytes);
    for (int64_t o = 0; o < out; o++)
        for (int64_t i = 0; i < k / block; i++) {
            float value = number(t, m);
            uint16_t half = brain ? sxt_bf16_bits(value) : sxt_f16_bits(value);
            memcpy(w + (size_t)o * row_bytes + (size_t)i * block_bytes, &half, sizeof half);
        }
    const float *x = numbers(t, k, any_mood(t));
    float *expected = bytes(t, (size_t)out * sizeof *expected), *found = bytes(t, (size_t)out * sizeof *found);
    scalar(w, row_bytes, x, expected, out, k);
    level(w, row_bytes, x, found, out, k);
    for (int64_t o = 0; o < out; o++) {
        const uint8_t *row = w + (size_t)o * row_bytes;
        double magnitude = 0;
        for (int64_t i = 0; i < k; i++) { /* |q| <= 128: the scale times that is bound enough for blocks */
            uint16_t half = sxt_load_u16(row + (size_t)(i / block) * block_bytes);
            double scale = brain ? sxt_bf16_value(half) : sxt_f16_value(half);
            magnitude += fabs(scale * x[i]) * (block > 1 ? 128 : 1);
        }
        expect_near(t, expected[o], found[o], sum_bound(k, magnitude));
    }
}

static void check_gemv_f16(trial *t) { check_gemv(t, t->scalar->gemv_f16, t->level->gemv_f16, 1, 2, false); }
static void check_gemv_bf16(trial *t) { check_gemv(t, t->scalar->gemv_bf16, t->level->gemv_bf16, 1, 2, true); }
static void check_gemv_q8_0(trial *t) {
    check_gemv(t, t->scalar->gemv_q8_0, t->level->gemv_q8_0, 32, 34, false);
}
static void check_gemv_q4_0(trial *t) {
    check_gemv(t, t->scalar->gemv_q4_0, t->level->gemv_q4_0, 32, 18, false);
}

/* ---- Conversions ---------------------------------------------------------------------------------------- */

static void check_f16_to_f32(trial *t) {
    int64_t n = size_up_to(t, 300);
    const uint16_t *from = bytes(t, (size_t)n * 2); /* any bits: numbers of all kinds */
    float *expected = bytes(t, (size_t)n * 4), *found = bytes(t, (size_t)n * 4);
    t->scalar->f16_to_f32(from, expected, n);
    t->level->f16_to_f32(from, found, n);
    expect_bytes(t, expected, found, (size_t)n * 4);
}

static void check_bf16_to_f32(trial *t) {
    int64_t n = size_up_to(t, 300);
    const uint16_t *from = bytes(t, (size_t)n * 2);
    float *expected = bytes(t, (size_t)n * 4), *found = bytes(t, (size_t)n * 4);
    t->scalar->bf16_to_f32(from, expected, n);
    t->level->bf16_to_f32(from, found, n);
    expect_bytes(t, expected, found, (size_t)n * 4);
}

static void check_f32_to_f16(trial *t) {
    int64_t n = size_up_to(t, 300);
    const float *from = below(t, 2) ? bytes(t, (size_t)n * 4) : numbers(t, n, any_mood(t));
    uint16_t *expected = bytes(t, (size_t)n * 2), *found = bytes(t, (size_t)n * 2);
    t->scalar->f32_to_f16(from, expected, n);
    t->level->f32_to_f16(from, found, n);
    expect_bytes(t, expected, found, (size_t)n * 2);
}

typedef void unpacker(const void *from, float *to, int64_t n);

static void check_blocks(trial *t, unpacker *scalar, unpacker *level, size_t block_bytes) {
    int64_t blocks = size_up_to(t, 40), n = 32 * blocks;
    const void *from = bytes(t, (size_t)blocks * block_bytes);
    float *expected = bytes(t, (size_t)n * 4), *found = bytes(t, (size_t)n * 4);
    scalar(from, expected, n);
    level(from, found, n);
    expect_same(t, expected, found, n);
}

static void check_q8_0_to_f32(trial *t) { check_blocks(t, t->scalar->q8_0_to_f32, t->level->q8_0_to_f32, 34); }
static void check_q4_0_to_f32(trial *t) { check_blocks(t, t->scalar->q4_0_to_f32, t->level->q4_0_to_f32, 18); }

#endif
