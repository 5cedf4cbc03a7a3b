/* y = x . W^T with packed weights: within the stated bound of double precision, far closer on average, and the
 * same bits for any number of rows and threads. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/memory.h"
#include "kernel/every_level.h"
#include "kernel/fenced.h"
#include "kernel/half.h"
#include "op/linear_packed.h"

#include <math.h>

static const uint32_t types[] = {SXT_TYPE_Q8_0, SXT_TYPE_Q4_0, SXT_TYPE_Q4_1,   SXT_TYPE_Q5_0,
                                 SXT_TYPE_Q5_1, SXT_TYPE_Q2_K, SXT_TYPE_Q3_K,   SXT_TYPE_Q4_K,
                                 SXT_TYPE_Q5_K, SXT_TYPE_Q6_K, SXT_TYPE_IQ4_NL, SXT_TYPE_IQ4_XS};
enum { N_TYPES = sizeof types / sizeof types[0] };

typedef struct matrix {
    sxt_tensor tensor;
    sxt_packed packed;
    uint8_t *stored, *groups;
    float *values; /* (n_out, n_in) */
} matrix;

/* Random blocks whose every f16 field is positive and at most 0.12: no byte is above 0x2f. All bits of values
 * and scales are for tensor/packed. */
static void matrix_make(matrix *m, uint32_t type, sxt_rng *rng, int64_t n_out, int64_t n_in) {
    const sxt_type_traits *traits = sxt_type_find(type);
    memset(m, 0, sizeof *m);
    m->tensor = (sxt_tensor){.name = "w", .traits = traits, .n_dims = 2, .dims = {n_out, n_in}};
    assert_true(sxt_type_bytes(traits, (uint64_t)n_out, (uint64_t)n_in, &m->tensor.n_bytes));
    m->stored = sxt_alloc((size_t)m->tensor.n_bytes, 1);
    m->values = sxt_alloc((size_t)(n_out * n_in), sizeof(float));
    assert_true(m->stored && m->values);
    for (size_t i = 0; i < m->tensor.n_bytes; i++) m->stored[i] = (uint8_t)(sxt_rng_u32(rng) & 0x2f);
    m->tensor.data = m->stored;
    traits->unpack(m->stored, m->values, n_out * n_in);
    m->packed.kind = sxt_packed_kind_of(&m->tensor);
    size_t bytes = (size_t)sxt_packed_n_groups(&m->tensor) * sxt_packed_tensor_group_bytes(&m->tensor);
    m->groups = sxt_alloc_pages(bytes);
    assert_non_null(m->groups);
    sxt_packed_fill(&m->tensor, 0, sxt_packed_n_groups(&m->tensor), m->groups);
    m->packed.groups = m->groups;
    m->tensor.packed = &m->packed;
}

static void matrix_free(matrix *m) {
    sxt_free_pages(m->groups,
                   (size_t)sxt_packed_n_groups(&m->tensor) * sxt_packed_tensor_group_bytes(&m->tensor));
    sxt_free(m->stored);
    sxt_free(m->values);
}

static void run(const matrix *m, const float *x, int64_t n_rows, float *y, int n_threads) {
    sxt_pool *pool;
    assert_int_equal(sxt_pool_new(n_threads, &pool, NULL), SXT_OK);
    size_t rows_bytes = sxt_linear_packed_rows_bytes(n_rows, m->tensor.dims[1]);
    size_t bytes = (size_t)SXT_PACKED_SCRATCH * (size_t)n_threads;
    void *scratch = sxt_alloc_pages(bytes), *rows = sxt_alloc_pages(rows_bytes);
    assert_true(scratch && rows);
    sxt_linear_packed(pool, &m->tensor, x, n_rows, y, scratch, SXT_PACKED_SCRATCH, rows);
    sxt_free_pages(scratch, bytes);
    sxt_free_pages(rows, rows_bytes);
    sxt_pool_free(pool);
}

/* The bound that linear_packed.h states, and an eighth of it for the mean error. */
static void assert_close(const matrix *m, const float *x, int64_t n_rows, const float *y) {
    int64_t n_out = m->tensor.dims[0], n_in = m->tensor.dims[1];
    const int span = sxt_packed_layout_of(m->packed.kind).span;
    double errors = 0, bounds = 0;
    for (int64_t r = 0; r < n_rows; r++) {
        for (int64_t o = 0; o < n_out; o++) {
            const float *w = m->values + o * n_in, *in = x + r * n_in;
            double sum = 0, bound = 0;
            for (int64_t k = 0; k < n_in; k += span) {
                double largest = 0, weights = 0;
                for (int64_t i = k; i < k + span; i++) {
                    sum += (double)in[i] * w[i];
                    largest = fmax(largest, fabs(in[i]));
                    weights += fabs(w[i]);
                }
                bound += largest / 254 * weights;
            }
            double error = fabs(y[r * n_out + o] - sum);
            assert_true(error <= bound * 1.01);
            errors += error;
            bounds += bound;
        }
    }
    assert_true(errors <= bounds / 8);
}

static void check(uint32_t type, int64_t n_rows, int64_t n_out, int64_t n_in) {
    sxt_rng rng = sxt_rng_make(type + 5);
    matrix m;
    matrix_make(&m, type, &rng, n_out, n_in);
    size_t y_bytes = sizeof(float) * (size_t)(n_rows * n_out);
    fenced x = fenced_new(sizeof(float) * (size_t)(n_rows * n_in)), y = fenced_new(y_bytes),
           again = fenced_new(y_bytes);
    fill_values(&rng, x.data, n_rows * n_in);
    run(&m, x.data, n_rows, y.data, 1);
    assert_close(&m, x.data, n_rows, y.data);
    for (int n_threads = 2; n_threads <= 8; n_threads += 3) {
        memset(again.data, 0, y_bytes);
        run(&m, x.data, n_rows, again.data, n_threads);
        assert_memory_equal(y.data, again.data, y_bytes);
    }
    for (int64_t step = 1; step < n_rows && step < 300; step = step * 3 + 1) {
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
        check(types[i], 13, 150, 768);
        check(types[i], 27, 33, 256);
    }
}

static void run_together(const sxt_product *products, int n, const float *x, int64_t n_rows, int n_threads) {
    sxt_pool *pool;
    assert_int_equal(sxt_pool_new(n_threads, &pool, NULL), SXT_OK);
    size_t bytes = (size_t)SXT_PACKED_SCRATCH * (size_t)n_threads;
    size_t rows_bytes = sxt_linear_packed_rows_bytes(n_rows, products[0].w->dims[1]);
    void *scratch = sxt_alloc_pages(bytes), *rows = sxt_alloc_pages(rows_bytes);
    assert_true(scratch && rows);
    sxt_linear_packed_many(pool, products, n, x, n_rows, scratch, SXT_PACKED_SCRATCH, rows);
    sxt_free_pages(scratch, bytes);
    sxt_free_pages(rows, rows_bytes);
    sxt_pool_free(pool);
}

/* Products that read the same x in one call: kinds that share its integers, and kinds that cannot; alike and
 * different numbers of outputs. */
static void test_products_together(void **state) {
    (void)state;
    enum { MOST_ROWS = 600, OUT = 200, IN = 512 };
    static const uint32_t of[][3] = {{SXT_TYPE_Q4_0, SXT_TYPE_Q4_0, SXT_TYPE_Q4_0},
                                     {SXT_TYPE_Q4_K, SXT_TYPE_Q4_K, SXT_TYPE_Q6_K},
                                     {SXT_TYPE_Q6_K, SXT_TYPE_Q4_K, SXT_TYPE_Q4_K},
                                     {SXT_TYPE_Q8_0, SXT_TYPE_Q5_1, SXT_TYPE_Q8_0}};
    static const int64_t outs[] = {OUT, 1, 40}, counts[] = {1, 4, 9, 130, MOST_ROWS};
    static float x[MOST_ROWS * IN], alone[MOST_ROWS * OUT], together[3][MOST_ROWS * OUT];
    sxt_rng rng = sxt_rng_make(3);
    fill_values(&rng, x, MOST_ROWS * IN);
    for (size_t i = 0; i < sizeof of / sizeof of[0]; i++) {
        matrix m[3];
        sxt_product products[3];
        for (int j = 0; j < 3; j++) {
            matrix_make(&m[j], of[i][j], &rng, outs[((size_t)j + i) % 3], IN);
            products[j] = (sxt_product){&m[j].tensor, together[j]};
        }
        for (size_t c = 0; c < sizeof counts / sizeof counts[0]; c++) {
            run_together(products, 3, x, counts[c], 1 + (int)c);
            for (int j = 0; j < 3; j++) {
                run(&m[j], x, counts[c], alone, 2);
                assert_memory_equal(alone, together[j],
                                    sizeof(float) * (size_t)(counts[c] * m[j].tensor.dims[0]));
            }
        }
        for (int j = 0; j < 3; j++) matrix_free(&m[j]);
    }
}

static void test_no_rows(void **state) {
    (void)state;
    float x[64] = {0}, y[3] = {7, 7, 7};
    sxt_rng rng = sxt_rng_make(4);
    matrix m;
    matrix_make(&m, SXT_TYPE_Q4_0, &rng, 3, 64);
    run(&m, x, 0, y, 2);
    for (int i = 0; i < 3; i++) assert_true(y[i] == 7);
    matrix_free(&m);
}

/* More rows of x than one task takes, more outputs than one task has, and both. */
static void test_many(void **state) {
    (void)state;
    check(SXT_TYPE_Q4_0, 1030, 40, 64);
    check(SXT_TYPE_Q8_0, 1, 5000, 64);
    check(SXT_TYPE_Q6_K, 140, 300, 256);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_every_type),
                                       cmocka_unit_test(test_products_together), cmocka_unit_test(test_many),
                                       cmocka_unit_test(test_no_rows)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
