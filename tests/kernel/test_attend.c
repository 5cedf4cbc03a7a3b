/* Attention's products: right against double precision, one row the same alone and among others, no byte
 * outside, at every head size that models have. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "kernel/fenced.h"
#include "kernel/every_level.h"

#include <math.h>

typedef struct operands {
    int64_t n_rows, n_k, n_columns, lda, ldb, ldc;
    fenced a, b, c, start;
} operands;

static operands operands_new(sxt_rng *rng, int64_t n_rows, int64_t n_k, int64_t n_columns, int64_t pad) {
    operands p = {n_rows, n_k, n_columns, n_k + pad, n_columns + pad, n_columns + 2 * pad, {0}, {0}, {0}, {0}};
    size_t c_bytes = sizeof(float) * (size_t)((n_rows - 1) * p.ldc + n_columns);
    p.a = fenced_new(sizeof(float) * (size_t)((n_rows - 1) * p.lda + n_k));
    p.b = fenced_new(sizeof(float) * (size_t)((n_k - 1) * p.ldb + n_columns));
    p.c = fenced_new(c_bytes);
    p.start = fenced_new(c_bytes);
    fill_values(rng, p.a.data, (n_rows - 1) * p.lda + n_k);
    fill_values(rng, p.b.data, (n_k - 1) * p.ldb + n_columns);
    fill_values(rng, p.start.data, (n_rows - 1) * p.ldc + n_columns);
    memcpy(p.c.data, p.start.data, c_bytes);
    return p;
}

static void operands_free(operands *p) {
    fenced_free(&p->a);
    fenced_free(&p->b);
    fenced_free(&p->c);
    fenced_free(&p->start);
}

static void run(const sxt_kernels *kernels, bool values, const operands *p, int64_t row, int64_t rows,
                float *c) {
    const float *a = (const float *)p->a.data + row * p->lda;
    if (values)
        kernels->attend_values(a, p->lda, p->b.data, p->ldb, c, p->ldc, rows, p->n_k, p->n_columns);
    else
        kernels->attend_scores(a, p->lda, p->b.data, p->ldb, c, p->ldc, rows, p->n_columns, p->n_k);
}

static void assert_close(const operands *p, bool values) {
    for (int64_t r = 0; r < p->n_rows; r++) {
        for (int64_t j = 0; j < p->ldc; j++) {
            if (r == p->n_rows - 1 && j == p->n_columns) break;
            double start = ((const float *)p->start.data)[r * p->ldc + j], sum = values ? start : 0,
                   size = fabs(sum);
            double found = ((const float *)p->c.data)[r * p->ldc + j];
            if (j >= p->n_columns) { /* between the rows: not touched */
                assert_true(found == start);
                continue;
            }
            for (int64_t k = 0; k < p->n_k; k++) {
                double term = (double)((const float *)p->a.data)[r * p->lda + k] *
                              ((const float *)p->b.data)[k * p->ldb + j];
                sum += term;
                size += fabs(term);
            }
            if (!(fabs(found - sum) <= ((double)p->n_k + 1) * 0x1p-23 * size))
                fail_msg("(%lld, %lld): %.9g, should be %.9g", (long long)r, (long long)j, found, sum);
        }
    }
}

static void assert_rows_alone_equal(const sxt_kernels *kernels, bool values, const operands *p) {
    float one[256];
    for (int64_t r = 0; r < p->n_rows; r++) {
        memcpy(one, (const float *)p->start.data + r * p->ldc, sizeof(float) * (size_t)p->n_columns);
        run(kernels, values, p, r, 1, one);
        assert_memory_equal(one, (const float *)p->c.data + r * p->ldc, sizeof(float) * (size_t)p->n_columns);
    }
}

static const int64_t row_counts[] = {1, 2, 3, 4, 5, 6, 7, 8, 11, 13, 24};
static const int64_t head_sizes[] = {32, 34, 40, 48, 64, 78, 80, 96, 98, 112, 128, 250, 256};
static const int64_t key_counts[] = {16, 48, 112, 128};

static void check_all(bool values) {
    const sxt_kernels *level[MAX_LEVELS];
    sxt_rng rng = sxt_rng_make(6);
    for (int i = 0, n = levels(level); i < n; i++)
        for (size_t r = 0; r < sizeof row_counts / sizeof row_counts[0]; r++)
            for (size_t h = 0; h < sizeof head_sizes / sizeof head_sizes[0]; h++) {
                int64_t keys = key_counts[(r + h) % 4], head = head_sizes[h], pad = (int64_t)(h % 3);
                operands p = operands_new(&rng, row_counts[r], values ? keys : head, values ? head : keys, pad);
                run(level[i], values, &p, 0, p.n_rows, p.c.data);
                assert_close(&p, values);
                assert_true(fenced_whole(&p.c));
                assert_rows_alone_equal(level[i], values, &p);
                operands_free(&p);
            }
}

static void test_scores(void **state) {
    (void)state;
    check_all(false);
}

static void test_values(void **state) {
    (void)state;
    check_all(true);
}

/* Keys with weight zero change nothing, whatever the cut of the keys into calls. */
static void test_values_continue_over_calls(void **state) {
    (void)state;
    const sxt_kernels *level[MAX_LEVELS];
    sxt_rng rng = sxt_rng_make(7);
    for (int i = 0, n = levels(level); i < n; i++) {
        operands p = operands_new(&rng, 9, 96, 80, 0);
        run(level[i], true, &p, 0, p.n_rows, p.c.data);
        float *parts = p.start.data;
        for (int64_t j = 0; j < 96; j += 16)
            level[i]->attend_values((const float *)p.a.data + j, p.lda, (const float *)p.b.data + j * p.ldb,
                                    p.ldb, parts, p.ldc, p.n_rows, 16, p.n_columns);
        assert_memory_equal(parts, p.c.data, sizeof(float) * (size_t)(9 * 80));
        operands_free(&p);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_scores),
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_values_continue_over_calls),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
