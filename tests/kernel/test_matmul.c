/* Products: right against double precision, the same bits however the work is cut, no byte outside. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "kernel/fenced.h"
#include "kernel/half.h"
#include "kernel/every_level.h"

#include <math.h>
#include <stdlib.h>

typedef struct product {
    int64_t n_rows, n_out, n_k, lda, ldb, ldc;
    fenced a, b, c;
} product;

static product product_new(sxt_rng *rng, int64_t n_rows, int64_t n_out, int64_t n_k, int64_t pad) {
    product p = {n_rows, n_out, n_k, n_k + pad, n_k + 2 * pad, n_out + pad, {0}, {0}, {0}};
    p.a = fenced_new(sizeof(float) * (size_t)((n_rows - 1) * p.lda + n_k));
    p.b = fenced_new(sizeof(float) * (size_t)((n_out - 1) * p.ldb + n_k));
    p.c = fenced_new(sizeof(float) * (size_t)((n_rows - 1) * p.ldc + n_out));
    for (int64_t r = 0; r < n_rows; r++) fill_values(rng, (float *)p.a.data + r * p.lda, n_k);
    for (int64_t o = 0; o < n_out; o++) fill_values(rng, (float *)p.b.data + o * p.ldb, n_k);
    return p;
}

static void product_free(product *p) {
    fenced_free(&p->a);
    fenced_free(&p->b);
    fenced_free(&p->c);
}

static void run(const sxt_kernels *kernels, product *p, int64_t row, int64_t rows, int64_t out, int64_t outs) {
    kernels->gemm_f32((const float *)p->a.data + row * p->lda, p->lda, (const float *)p->b.data + out * p->ldb,
                      p->ldb, (float *)p->c.data + row * p->ldc + out, p->ldc, rows, outs, p->n_k);
}

/* Each of VEC_LANES chains is n_k / 8 + 1 roundings long, the tree 3 more, of at most the sum of magnitudes. */
static void assert_close(const product *p) {
    for (int64_t r = 0; r < p->n_rows; r++) {
        for (int64_t o = 0; o < p->n_out; o++) {
            const float *a = (const float *)p->a.data + r * p->lda, *b = (const float *)p->b.data + o * p->ldb;
            double sum = 0, size = 0;
            for (int64_t k = 0; k < p->n_k; k++) {
                sum += (double)a[k] * b[k];
                size += fabs((double)a[k] * b[k]);
            }
            double bound = ((double)p->n_k / 8 + 5) * 0x1p-23 * size;
            double found = ((const float *)p->c.data)[r * p->ldc + o];
            if (!(fabs(found - sum) <= bound))
                fail_msg("(%lld, %lld) of %lld x %lld x %lld: %.9g, should be %.9g", (long long)r, (long long)o,
                         (long long)p->n_rows, (long long)p->n_out, (long long)p->n_k, found, sum);
        }
    }
}

static const int64_t shapes[][3] = {
    {1, 1, 1},    {1, 1, 7},     {2, 3, 8},    {3, 4, 9},     {4, 5, 31},   {5, 16, 64},   {7, 17, 255},
    {3, 33, 256}, {25, 18, 257}, {26, 3, 300}, {49, 37, 520}, {6, 1, 1031}, {1, 50, 2048}, {13, 20, 777},
};
enum { N_SHAPES = sizeof shapes / sizeof shapes[0] };

static void test_right_on_every_shape(void **state) {
    (void)state;
    const sxt_kernels *level[MAX_LEVELS];
    sxt_rng rng = sxt_rng_make(1);
    for (int i = 0, n = levels(level); i < n; i++) {
        for (int s = 0; s < N_SHAPES; s++) {
            for (int64_t pad = 0; pad <= 5; pad += 5) {
                product p = product_new(&rng, shapes[s][0], shapes[s][1], shapes[s][2], pad);
                run(level[i], &p, 0, p.n_rows, 0, p.n_out);
                assert_close(&p);
                assert_true(fenced_whole(&p.c));
                product_free(&p);
            }
        }
    }
}

/* The columns between the rows of c are not c's. */
static void test_writes_only_its_elements(void **state) {
    (void)state;
    const sxt_kernels *level[MAX_LEVELS];
    sxt_rng rng = sxt_rng_make(2);
    for (int i = 0, n = levels(level); i < n; i++) {
        product p = product_new(&rng, 8, 18, 70, 3);
        run(level[i], &p, 0, p.n_rows, 0, p.n_out);
        for (int64_t r = 0; r + 1 < p.n_rows; r++)
            for (int64_t o = p.n_out; o < p.ldc; o++) {
                uint32_t bits = sxt_f32_bits(((const float *)p.c.data)[r * p.ldc + o]);
                assert_int_equal(bits, 0xa5a5a5a5u);
            }
        product_free(&p);
    }
}

static void test_same_bits_for_any_cut(void **state) {
    (void)state;
    const sxt_kernels *level[MAX_LEVELS];
    sxt_rng rng = sxt_rng_make(3);
    for (int i = 0, n = levels(level); i < n; i++) {
        for (int s = 0; s < N_SHAPES; s++) {
            product p = product_new(&rng, shapes[s][0], shapes[s][1], shapes[s][2], 1);
            size_t bytes = sizeof(float) * (size_t)((p.n_rows - 1) * p.ldc + p.n_out);
            run(level[i], &p, 0, p.n_rows, 0, p.n_out);
            float *whole = malloc(bytes);
            assert_non_null(whole);
            memcpy(whole, p.c.data, bytes);
            for (int cut = 0; cut < 4; cut++) {
                memset(p.c.data, 0xa5, bytes);
                int64_t row_step = cut == 0 ? 1 : 1 + sxt_rng_u32(&rng) % 7;
                int64_t out_step = cut == 0 ? 1 : 1 + sxt_rng_u32(&rng) % 19;
                for (int64_t r = 0; r < p.n_rows; r += row_step)
                    for (int64_t o = 0; o < p.n_out; o += out_step)
                        run(level[i], &p, r, p.n_rows - r < row_step ? p.n_rows - r : row_step, o,
                            p.n_out - o < out_step ? p.n_out - o : out_step);
                assert_memory_equal(whole, p.c.data, bytes);
            }
            free(whole);
            product_free(&p);
        }
    }
}

/* ---- Weights as stored
 * --------------------------------------------------------------------------------------- */

typedef struct storage {
    int64_t block, block_bytes;
    void (*gemv)(const void *w, size_t row_bytes, const float *x, float *y, int64_t n_out, int64_t n_k);
} storage;

static storage storage_of(const sxt_kernels *kernels, int i) {
    storage all[4] = {{1, 2, kernels->gemv_f16},
                      {1, 2, kernels->gemv_bf16},
                      {32, 34, kernels->gemv_q8_0},
                      {32, 18, kernels->gemv_q4_0}};
    return all[i];
}

static void unpack(const sxt_kernels *kernels, int i, const void *from, float *to, int64_t n) {
    switch (i) {
    case 0: kernels->f16_to_f32(from, to, n); break;
    case 1: kernels->bf16_to_f32(from, to, n); break;
    case 2: kernels->q8_0_to_f32(from, to, n); break;
    default: kernels->q4_0_to_f32(from, to, n); break;
    }
}

/* Random bytes whose f16 scales and elements are finite and of ordinary size. */
static void fill_stored(sxt_rng *rng, const storage *s, int i, uint8_t *w, size_t bytes) {
    for (size_t b = 0; b < bytes; b++) w[b] = (uint8_t)sxt_rng_u32(rng);
    for (size_t b = 0; b + (size_t)s->block_bytes <= bytes; b += (size_t)s->block_bytes) {
        float value = hostile_value(rng);
        uint16_t half = i == 1 ? sxt_bf16_bits(value) : sxt_f16_bits(value);
        memcpy(w + b, &half, sizeof half);
    }
}

static void check_stored(const sxt_kernels *kernels, int i, sxt_rng *rng, int64_t n_out, int64_t n_k) {
    storage s = storage_of(kernels, i);
    size_t row_bytes = (size_t)(n_k / s.block * s.block_bytes), bytes = row_bytes * (size_t)n_out;
    fenced w = fenced_new(bytes), x = fenced_new(sizeof(float) * (size_t)n_k);
    fenced y = fenced_new(sizeof(float) * (size_t)n_out), from_f32 = fenced_new(sizeof(float) * (size_t)n_out);
    fenced plain = fenced_new(sizeof(float) * (size_t)(n_out * n_k));
    fill_stored(rng, &s, i, w.data, bytes);
    fill_values(rng, x.data, n_k);
    s.gemv(w.data, row_bytes, x.data, y.data, n_out, n_k);
    for (int64_t o = 0; o < n_out; o++)
        unpack(kernels, i, (const uint8_t *)w.data + (size_t)o * row_bytes, (float *)plain.data + o * n_k, n_k);
    kernels->gemm_f32(x.data, n_k, plain.data, n_k, from_f32.data, n_out, 1, n_out, n_k);
    assert_memory_equal(y.data, from_f32.data, sizeof(float) * (size_t)n_out);
    /* Any part of the outputs alone has the same bits. */
    for (int64_t o = 0; o < n_out; o += 3) {
        float alone;
        s.gemv((const uint8_t *)w.data + (size_t)o * row_bytes, row_bytes, x.data, &alone, 1, n_k);
        assert_memory_equal(&alone, (const float *)y.data + o, sizeof alone);
    }
    fenced *all[] = {&w, &x, &y, &from_f32, &plain};
    for (int f = 0; f < 5; f++) fenced_free(all[f]);
}

static void test_stored_weights_give_the_bits_of_f32(void **state) {
    (void)state;
    static const int64_t outs[] = {1, 2, 3, 4, 5, 16, 23};
    static const int64_t columns[] = {32, 64, 96, 288, 1024, 2080};
    static const int64_t odd_columns[] = {1, 5, 8, 15, 77, 1027};
    const sxt_kernels *level[MAX_LEVELS];
    sxt_rng rng = sxt_rng_make(4);
    for (int l = 0, n = levels(level); l < n; l++)
        for (int i = 0; i < 4; i++)
            for (int o = 0; o < 7; o++)
                for (int k = 0; k < 6; k++) {
                    check_stored(level[l], i, &rng, outs[o], columns[k]);
                    if (i < 2) check_stored(level[l], i, &rng, outs[o], odd_columns[k]);
                }
}

/* A NaN in the weights reaches the output of its row, and no other. */
static void test_nan_stays_in_its_row(void **state) {
    (void)state;
    const sxt_kernels *level[MAX_LEVELS];
    sxt_rng rng = sxt_rng_make(5);
    for (int i = 0, n = levels(level); i < n; i++) {
        product p = product_new(&rng, 7, 9, 45, 0);
        ((float *)p.b.data)[4 * p.ldb + 44] = NAN;
        run(level[i], &p, 0, p.n_rows, 0, p.n_out);
        for (int64_t r = 0; r < p.n_rows; r++)
            for (int64_t o = 0; o < p.n_out; o++)
                assert_int_equal(isnan(((const float *)p.c.data)[r * p.ldc + o]) != 0, o == 4);
        product_free(&p);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_right_on_every_shape),
        cmocka_unit_test(test_writes_only_its_elements),
        cmocka_unit_test(test_same_bits_for_any_cut),
        cmocka_unit_test(test_stored_weights_give_the_bits_of_f32),
        cmocka_unit_test(test_nan_stays_in_its_row),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
