/* Products of float weights in integers: close to the f32 ones, the same bits for any threads, rows and
 * company. On a level where they do not pay they are right all the same. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/memory.h"
#include "base/rng.h"
#include "kernel/half.h"
#include "op/linear.h"
#include "op/linear_float.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_THREADS = 8, MOST_IN = 600, MOST_ROWS = 530, MOST_OUT = 260 };

typedef struct fixture {
    sxt_pool *pool;
    float *x;      /* (MOST_ROWS, MOST_IN) */
    uint8_t *w[3]; /* f16, bf16, f32 (MOST_OUT, MOST_IN) */
    void *rows, *scratch;
    size_t scratch_bytes;
} fixture;

static const uint32_t types[3] = {SXT_TYPE_F16, SXT_TYPE_BF16, SXT_TYPE_F32};

static fixture fixture_new(int n_threads) {
    fixture f = {.scratch_bytes = sxt_linear_float_scratch_bytes()};
    size_t f32_bytes = sxt_linear_scratch_bytes(MOST_IN);
    if (f.scratch_bytes < f32_bytes) f.scratch_bytes = (f32_bytes + 63) / 64 * 64;
    assert_int_equal(sxt_pool_new(n_threads, &f.pool, NULL), SXT_OK);
    f.x = malloc(sizeof(float) * MOST_ROWS * MOST_IN);
    f.rows = aligned_alloc(64, (sxt_linear_float_rows_bytes(MOST_ROWS, MOST_IN) + 63) / 64 * 64);
    f.scratch = aligned_alloc(64, f.scratch_bytes * (size_t)n_threads);
    assert_true(f.x && f.rows && f.scratch);
    sxt_rng rng = sxt_rng_make(1);
    for (int64_t i = 0; i < MOST_ROWS * MOST_IN; i++) f.x[i] = (float)sxt_rng_unit(&rng) - 0.5f;
    for (int t = 0; t < 3; t++) {
        f.w[t] = malloc(sizeof(float) * MOST_OUT * MOST_IN);
        assert_non_null(f.w[t]);
        for (int64_t i = 0; i < MOST_OUT * MOST_IN; i++) {
            float value = (float)sxt_rng_unit(&rng) - 0.5f;
            uint16_t half = t == 0 ? sxt_f16_bits(value) : sxt_bf16_bits(value);
            if (t == 2)
                memcpy(f.w[t] + 4 * i, &value, 4);
            else
                memcpy(f.w[t] + 2 * i, &half, 2);
        }
    }
    return f;
}

static void fixture_free(fixture *f) {
    sxt_pool_free(f->pool);
    for (int t = 0; t < 3; t++) free(f->w[t]);
    free(f->x);
    free(f->rows);
    free(f->scratch);
}

static sxt_tensor matrix(const fixture *f, int type, int64_t n_out, int64_t n_in) {
    return (sxt_tensor){
        .traits = sxt_type_find(types[type]), .n_dims = 2, .dims = {n_out, n_in}, .data = f->w[type]};
}

static void run(const fixture *f, const sxt_tensor *w, int64_t first, int64_t n_rows, float *y) {
    const sxt_product one = {w, y + first * w->dims[0]};
    sxt_linear_float_many(f->pool, &one, 1, f->x + first * w->dims[1], n_rows, f->scratch, f->scratch_bytes,
                          f->rows);
}

static const int64_t shapes[][3] = {{1, 20, 64},   {2, 64, 77},   {5, 130, 256},  {13, 65, 300},
                                    {130, 9, 512}, {530, 70, 96}, {245, 260, 320}};
enum { N_SHAPES = sizeof shapes / sizeof shapes[0] };

static void test_close_to_f32(void **state) {
    (void)state;
    fixture f = fixture_new(2);
    float *y = malloc(sizeof(float) * MOST_ROWS * MOST_OUT),
          *exact = malloc(sizeof(float) * MOST_ROWS * MOST_OUT);
    assert_true(y && exact);
    for (int c = 0; c < N_SHAPES * 3; c++) {
        const int64_t *s = shapes[c / 3];
        sxt_tensor w = matrix(&f, c % 3, s[1], s[2]);
        double error = 0, size = 0;
        run(&f, &w, 0, s[0], y);
        sxt_linear(f.pool, &w, f.x, s[0], exact, f.scratch, f.scratch_bytes);
        for (int64_t i = 0; i < s[0] * s[1]; i++) {
            error += ((double)y[i] - exact[i]) * ((double)y[i] - exact[i]);
            size += (double)exact[i] * exact[i];
        }
        assert_true(sqrt(error / size) < 4e-4);
        assert_true(error > 0); /* else it was not integers that were measured */
    }
    free(y);
    free(exact);
    fixture_free(&f);
}

static void test_same_bits_for_any_threads_and_rows(void **state) {
    (void)state;
    static const int threads[] = {1, 2, 3, MOST_THREADS};
    float *first = malloc(sizeof(float) * MOST_ROWS * MOST_OUT),
          *y = malloc(sizeof(float) * MOST_ROWS * MOST_OUT);
    assert_true(first && y);
    for (int c = 0; c < N_SHAPES * 3; c++) {
        const int64_t *s = shapes[c / 3];
        size_t bytes = sizeof(float) * (size_t)(s[0] * s[1]);
        for (int t = 0; t < 4; t++) {
            fixture f = fixture_new(threads[t]);
            sxt_tensor w = matrix(&f, c % 3, s[1], s[2]);
            memset(y, 0xa5, bytes);
            run(&f, &w, 0, s[0], t == 0 ? first : y);
            if (t > 0) assert_memory_equal(y, first, bytes);
            for (int64_t r = 0, n; r < s[0]; r += n) {
                n = s[0] - r < 1 + r % 37 ? s[0] - r : 1 + r % 37;
                run(&f, &w, r, n, y);
            }
            assert_memory_equal(y, first, bytes);
            fixture_free(&f);
        }
    }
    free(first);
    free(y);
}

/* Three matrices at once, of any of the types. */
static void test_same_bits_in_company(void **state) {
    (void)state;
    fixture f = fixture_new(3);
    float *alone = malloc(sizeof(float) * MOST_ROWS * MOST_OUT), *y[3];
    assert_non_null(alone);
    for (int64_t n_rows = 1; n_rows <= 400; n_rows += 133) {
        sxt_tensor w[3] = {matrix(&f, 0, 200, 300), matrix(&f, 1, 7, 300), matrix(&f, 2, 64, 300)};
        sxt_product all[3];
        for (int i = 0; i < 3; i++) {
            y[i] = malloc(sizeof(float) * (size_t)(n_rows * w[i].dims[0]));
            assert_non_null(y[i]);
            all[i] = (sxt_product){&w[i], y[i]};
        }
        sxt_linear_float_many(f.pool, all, 3, f.x, n_rows, f.scratch, f.scratch_bytes, f.rows);
        for (int i = 0; i < 3; i++) {
            run(&f, &w[i], 0, n_rows, alone);
            assert_memory_equal(y[i], alone, sizeof(float) * (size_t)(n_rows * w[i].dims[0]));
            free(y[i]);
        }
    }
    free(alone);
    fixture_free(&f);
}

static void test_no_rows(void **state) {
    (void)state;
    fixture f = fixture_new(2);
    for (int type = 0; type < 3; type++) {
        sxt_tensor w = matrix(&f, type, 3, 64);
        float y[3] = {7, 7, 7};
        run(&f, &w, 0, 0, y);
        for (int i = 0; i < 3; i++) assert_true(y[i] == 7);
    }
    fixture_free(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_close_to_f32),
        cmocka_unit_test(test_same_bits_for_any_threads_and_rows),
        cmocka_unit_test(test_same_bits_in_company),
        cmocka_unit_test(test_no_rows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
