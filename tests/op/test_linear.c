/* y = x . W^T from every storage type: right against double precision, and the same bits for any number of
 * rows and threads. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/memory.h"
#include "kernel/every_level.h"
#include "kernel/fenced.h"
#include "kernel/half.h"
#include "op/linear.h"

#include <math.h>

static const uint32_t types[] = {SXT_TYPE_F32,  SXT_TYPE_F16,  SXT_TYPE_BF16, SXT_TYPE_Q8_0,
                                 SXT_TYPE_Q4_0, SXT_TYPE_Q4_K, SXT_TYPE_Q5_K, SXT_TYPE_Q6_K};
enum { N_TYPES = sizeof types / sizeof types[0] };

typedef struct matrix {
    sxt_tensor tensor;
    fenced stored;
    float *values; /* (n_out, n_in) */
} matrix;

/* Types that are only read get random blocks with sane scales. */
static void fill_blocks(const sxt_type_traits *traits, sxt_rng *rng, uint8_t *blocks, size_t bytes) {
    for (size_t i = 0; i < bytes; i++) blocks[i] = (uint8_t)sxt_rng_u32(rng);
    uint16_t d = sxt_f16_bits(0.003f), d_min = sxt_f16_bits(0.02f);
    for (size_t b = 0; b < bytes; b += traits->block_bytes) {
        if (traits->type == SXT_TYPE_Q6_K) {
            memcpy(blocks + b + 208, &d, 2);
        } else {
            memcpy(blocks + b, &d, 2);
            memcpy(blocks + b + 2, &d_min, 2);
        }
    }
}

static matrix matrix_new(uint32_t type, sxt_rng *rng, int64_t n_out, int64_t n_in) {
    const sxt_type_traits *traits = sxt_type_find(type);
    matrix m = {.tensor = {.name = "w", .traits = traits, .n_dims = 2, .dims = {n_out, n_in}}};
    assert_true(sxt_type_bytes(traits, (uint64_t)n_out, (uint64_t)n_in, &m.tensor.n_bytes));
    m.stored = fenced_new((size_t)m.tensor.n_bytes);
    m.tensor.data = m.stored.data;
    m.values = sxt_alloc((size_t)(n_out * n_in), sizeof(float));
    assert_non_null(m.values);
    fill_values(rng, m.values, n_out * n_in);
    if (traits->pack)
        traits->pack(m.values, m.stored.data, n_out * n_in);
    else
        fill_blocks(traits, rng, m.stored.data, (size_t)m.tensor.n_bytes);
    for (int64_t o = 0; o < n_out; o++) sxt_tensor_row(&m.tensor, o, m.values + o * n_in);
    return m;
}

static void matrix_free(matrix *m) {
    fenced_free(&m->stored);
    sxt_free(m->values);
}

static void run(const matrix *m, const float *x, int64_t n_rows, float *y, int n_threads) {
    sxt_pool *pool;
    assert_int_equal(sxt_pool_new(n_threads, &pool, NULL), SXT_OK);
    size_t bytes = sxt_linear_scratch_bytes(m->tensor.dims[1]);
    void *scratch = sxt_alloc_pages(bytes * (size_t)n_threads);
    assert_non_null(scratch);
    sxt_linear(pool, &m->tensor, x, n_rows, y, scratch, bytes);
    sxt_free_pages(scratch, bytes * (size_t)n_threads);
    sxt_pool_free(pool);
}

static void assert_close(const matrix *m, const float *x, int64_t n_rows, const float *y) {
    int64_t n_out = m->tensor.dims[0], n_in = m->tensor.dims[1];
    for (int64_t r = 0; r < n_rows; r++) {
        for (int64_t o = 0; o < n_out; o++) {
            double sum = 0, size = 0;
            for (int64_t k = 0; k < n_in; k++) {
                double term = (double)x[r * n_in + k] * m->values[o * n_in + k];
                sum += term;
                size += fabs(term);
            }
            assert_true(fabs(y[r * n_out + o] - sum) <= ((double)n_in / 8 + 5) * 0x1p-23 * size);
        }
    }
}

static void check(uint32_t type, int64_t n_rows, int64_t n_out, int64_t n_in) {
    sxt_rng rng = sxt_rng_make(type + 100);
    matrix m = matrix_new(type, &rng, n_out, n_in);
    size_t y_bytes = sizeof(float) * (size_t)(n_rows * n_out);
    fenced x = fenced_new(sizeof(float) * (size_t)(n_rows * n_in)), y = fenced_new(y_bytes),
           again = fenced_new(y_bytes);
    fill_values(&rng, x.data, n_rows * n_in);
    run(&m, x.data, n_rows, y.data, 1);
    assert_close(&m, x.data, n_rows, y.data);
    assert_true(fenced_whole(&y));
    for (int n_threads = 2; n_threads <= 3; n_threads++) {
        memset(again.data, 0, y_bytes);
        run(&m, x.data, n_rows, again.data, n_threads);
        assert_memory_equal(y.data, again.data, y_bytes);
    }
    for (int64_t step = 1; step <= 4 && step < n_rows; step++) {
        memset(again.data, 0, y_bytes);
        for (int64_t r = 0; r < n_rows; r += step)
            run(&m, (const float *)x.data + r * n_in, n_rows - r < step ? n_rows - r : step,
                (float *)again.data + r * n_out, 2);
        assert_memory_equal(y.data, again.data, y_bytes);
    }
    fenced_free(&x);
    fenced_free(&y);
    fenced_free(&again);
    matrix_free(&m);
}

static void test_every_type(void **state) {
    (void)state;
    for (int i = 0; i < N_TYPES; i++) {
        check(types[i], 1, 5, 512);
        check(types[i], 11, 70, 768);
        check(types[i], 27, 33, 256);
    }
}

static void test_columns_that_fill_no_vector(void **state) {
    (void)state;
    for (int i = 0; i < 3; i++) {
        check(types[i], 1, 19, 77);
        check(types[i], 9, 3, 301);
        check(types[i], 5, 1, 3);
    }
}

/* More rows of x than one task takes. */
static void test_many_rows(void **state) {
    (void)state;
    check(SXT_TYPE_Q4_0, 513, 20, 64);
    check(SXT_TYPE_F32, 1030, 3, 40);
}

/* More outputs than tasks. */
static void test_many_outputs(void **state) {
    (void)state;
    check(SXT_TYPE_Q8_0, 1, 5000, 64);
    check(SXT_TYPE_BF16, 4, 3001, 24);
}

/* Weights in a file may start at any byte. */
static void test_unaligned_weights(void **state) {
    (void)state;
    sxt_rng rng = sxt_rng_make(12);
    matrix m = matrix_new(SXT_TYPE_F32, &rng, 7, 61);
    uint8_t moved[7 * 61 * 4 + 3];
    float x[4 * 61], y[4 * 7], again[4 * 7];
    fill_values(&rng, x, 4 * 61);
    for (int64_t n_rows = 1; n_rows <= 4; n_rows++) {
        run(&m, x, n_rows, y, 1);
        for (size_t shift = 1; shift <= 3; shift++) {
            matrix other = m;
            memcpy(moved + shift, m.tensor.data, 7 * 61 * 4);
            other.tensor.data = moved + shift;
            run(&other, x, n_rows, again, 1);
            assert_memory_equal(y, again, sizeof(float) * (size_t)(n_rows * 7));
        }
    }
    matrix_free(&m);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_type),        cmocka_unit_test(test_columns_that_fill_no_vector),
        cmocka_unit_test(test_many_rows),         cmocka_unit_test(test_many_outputs),
        cmocka_unit_test(test_unaligned_weights),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
