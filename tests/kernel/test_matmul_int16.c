/* Products in 16-bit integers: the same bits on every level and however they are cut, close to double
 * precision, no byte outside, numbers that are not finite where they belong. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "kernel/every_level.h"
#include "kernel/fenced.h"
#include "kernel/half.h"

#include <math.h>
#include <stdlib.h>

enum { COLUMNS = SXT_MATMUL16_COLUMNS, SUBS = SXT_MATMUL16_SUBS, OUT = SXT_MATMUL16_OUT, N_TYPES = 3 };

static int64_t n_blocks(int64_t n_k) { return (n_k + COLUMNS - 1) / COLUMNS; }
static const int64_t element[N_TYPES] = {2, 2, 4}; /* f16, bf16, f32 */

typedef struct product {
    int type;
    int64_t n_rows, n_out, n_k;
    size_t row_bytes;
    fenced x, w;
} product;

static void store(int type, uint8_t *at, float value) {
    uint16_t half = type == 0 ? sxt_f16_bits(value) : sxt_bf16_bits(value);
    memcpy(at, type == 2 ? (const void *)&value : (const void *)&half, (size_t)element[type]);
}

static float stored(int type, const uint8_t *at) {
    float value;
    if (type < 2) return type == 0 ? sxt_f16_value(sxt_load_u16(at)) : sxt_bf16_value(sxt_load_u16(at));
    memcpy(&value, at, sizeof value);
    return value;
}

static product product_new(sxt_rng *rng, int type, int64_t n_rows, int64_t n_out, int64_t n_k) {
    product p = {.type = type, .n_rows = n_rows, .n_out = n_out, .n_k = n_k};
    p.row_bytes = (size_t)(n_k * element[type]);
    p.x = fenced_new(sizeof(float) * (size_t)(n_rows * n_k));
    p.w = fenced_new(p.row_bytes * (size_t)n_out);
    fill_values(rng, p.x.data, n_rows * n_k);
    for (int64_t i = 0; i < n_out * n_k; i++)
        store(type, (uint8_t *)p.w.data + i * element[type], hostile_value(rng));
    return p;
}

static void product_free(product *p) {
    fenced_free(&p->x);
    fenced_free(&p->w);
}

/* Rows [row, row + n) as integers, then the outputs panel by panel, y (n, n_out). */
static void run_gemm(const sxt_kernels *k, const product *p, int64_t row, int64_t n, float *y) {
    int64_t blocks = n_blocks(p->n_k);
    fenced q = fenced_new((size_t)(blocks * n * COLUMNS) * 2),
           scales = fenced_new((size_t)(blocks * n * SUBS) * 4);
    int16_t *panel = aligned_alloc(64, sizeof(int16_t) * COLUMNS * OUT);
    float *panel_scales = aligned_alloc(64, sizeof(float) * OUT);
    float *sums = malloc(sizeof(float) * (size_t)n * OUT);
    assert_true(panel && panel_scales && sums);
    for (int64_t r = 0; r < n; r++)
        k->matmul16_row((const float *)p->x.data + (row + r) * p->n_k, p->n_k, n * COLUMNS,
                        (int16_t *)q.data + r * COLUMNS, n * SUBS, (float *)scales.data + r * SUBS);
    for (int64_t o = 0; o < p->n_out; o += OUT) {
        int64_t n_out = p->n_out - o < OUT ? p->n_out - o : OUT;
        for (int64_t b = 0; b < blocks; b++) {
            int64_t n_k = p->n_k - b * COLUMNS < COLUMNS ? p->n_k - b * COLUMNS : COLUMNS;
            const uint8_t *w =
                (const uint8_t *)p->w.data + (size_t)o * p->row_bytes + b * COLUMNS * element[p->type];
            (p->type == 0   ? k->matmul16_panel_f16
             : p->type == 1 ? k->matmul16_panel_bf16
                            : k->matmul16_panel_f32)(w, p->row_bytes, n_out, n_k, panel, panel_scales);
            bool last = b + 1 == blocks;
            k->matmul16_gemm((int16_t *)q.data + b * n * COLUMNS, (float *)scales.data + b * n * SUBS, panel,
                             panel_scales, b == 0 ? NULL : sums, last ? y + o : sums, last ? p->n_out : OUT, n,
                             n_out, n_k);
        }
    }
    free(panel);
    free(panel_scales);
    free(sums);
    fenced_free(&q);
    fenced_free(&scales);
}

static void run_gemv(const sxt_kernels *k, const product *p, int64_t row, int64_t out, int64_t n_out,
                     float *y) {
    int64_t blocks = n_blocks(p->n_k);
    fenced q = fenced_new((size_t)(blocks * COLUMNS) * 2), scales = fenced_new((size_t)(blocks * SUBS) * 4);
    k->matmul16_row((const float *)p->x.data + row * p->n_k, p->n_k, COLUMNS, q.data, SUBS, scales.data);
    (p->type == 0   ? k->matmul16_gemv_f16
     : p->type == 1 ? k->matmul16_gemv_bf16
                    : k->matmul16_gemv_f32)((const uint8_t *)p->w.data + (size_t)out * p->row_bytes,
                                            p->row_bytes, q.data, scales.data, y, n_out, p->n_k);
    fenced_free(&q);
    fenced_free(&scales);
}

static const int64_t shapes[][3] = {{1, 1, 1},   {1, 16, 32},   {2, 17, 64},   {3, 5, 63},
                                    {4, 64, 65}, {5, 65, 256},  {6, 33, 257},  {7, 70, 300},
                                    {8, 3, 512}, {13, 20, 777}, {25, 130, 96}, {1, 50, 1056}};
enum { N_SHAPES = sizeof shapes / sizeof shapes[0] };

/* Against scalar, all rows at once, two at a time and one by one, straight from the stored weights. */
static void test_same_bits_everywhere(void **state) {
    (void)state;
    const sxt_kernels *level[MAX_LEVELS];
    sxt_rng rng = sxt_rng_make(1);
    int n_levels = levels(level);
    for (int s = 0; s < N_SHAPES * N_TYPES; s++) {
        const int64_t *shape = shapes[s / N_TYPES];
        product p = product_new(&rng, s % N_TYPES, shape[0], shape[1], shape[2]);
        size_t bytes = sizeof(float) * (size_t)(p.n_rows * p.n_out);
        fenced expected = fenced_new(bytes), found = fenced_new(bytes);
        run_gemm(level[0], &p, 0, p.n_rows, expected.data);
        for (int i = 0; i < n_levels; i++) {
            memset(found.data, 0xa5, bytes);
            run_gemm(level[i], &p, 0, p.n_rows, found.data);
            assert_memory_equal(found.data, expected.data, bytes);
            assert_true(fenced_whole(&found));
            for (int64_t r = 0; r < p.n_rows; r += 2)
                run_gemm(level[i], &p, r, p.n_rows - r < 2 ? 1 : 2, (float *)found.data + r * p.n_out);
            assert_memory_equal(found.data, expected.data, bytes);
            memset(found.data, 0xa5, bytes);
            for (int64_t r = 0; r < p.n_rows; r++)
                for (int64_t o = 0; o < p.n_out; o += 19)
                    run_gemv(level[i], &p, r, o, p.n_out - o < 19 ? p.n_out - o : 19,
                             (float *)found.data + r * p.n_out + o);
            assert_memory_equal(found.data, expected.data, bytes);
        }
        fenced_free(&expected);
        fenced_free(&found);
        product_free(&p);
    }
}

/* x and w are each at most half a step from what is multiplied: a step is the largest of their block / 5792. */
static void test_within_the_bound(void **state) {
    (void)state;
    const sxt_kernels *level[MAX_LEVELS];
    sxt_rng rng = sxt_rng_make(2);
    for (int i = 0, n = levels(level); i < n; i++) {
        for (int type = 0; type < N_TYPES; type++) {
            product p = product_new(&rng, type, 7, 18, 845);
            float *y = malloc(sizeof(float) * 7 * 18);
            assert_non_null(y);
            run_gemm(level[i], &p, 0, 7, y);
            for (int64_t e = 0; e < 7 * 18; e++) {
                const float *x = (const float *)p.x.data + e / 18 * p.n_k;
                const uint8_t *w = (const uint8_t *)p.w.data + (size_t)(e % 18) * p.row_bytes;
                double sum = 0, bound = 0;
                for (int64_t k = 0; k < p.n_k; k++) {
                    double x_most = 0, w_most = 0, here = stored(type, w + k * element[type]);
                    for (int64_t j = k / 64 * 64; j < p.n_k && j < k / 64 * 64 + 64; j++)
                        x_most = fmax(x_most, fabs(x[j]));
                    for (int64_t j = k / COLUMNS * COLUMNS; j < p.n_k && j < (k / COLUMNS + 1) * COLUMNS; j++)
                        w_most = fmax(w_most, fabs(stored(type, w + j * element[type])));
                    double dx = x_most / 5792 / 2, dw = w_most / 5792 / 2;
                    sum += here * x[k];
                    bound += dx * fabs(here) + dw * fabs(x[k]) + dx * dw + 1e-6 * fabs(here * x[k]);
                }
                if (!(fabs(y[e] - sum) <= bound))
                    fail_msg("%.9g, should be %.9g within %.3g", y[e], sum, bound);
            }
            free(y);
            product_free(&p);
        }
    }
}

static float f32_bits(uint32_t bits) { return sxt_f32_from_bits(bits); }

/* One number that is not finite, in x or in w: its row of outputs, and no other, is NaN or infinite. */
static void test_not_finite_stays_in_its_row(void **state) {
    (void)state;
    const float bad[] = {NAN, INFINITY, -INFINITY, f32_bits(0x7fc0ffff), f32_bits(0xff818000)};
    const sxt_kernels *level[MAX_LEVELS];
    sxt_rng rng = sxt_rng_make(3);
    int n_levels = levels(level);
    for (int c = 0; c < n_levels * N_TYPES * 5 * 2; c++) {
        const sxt_kernels *k = level[c % n_levels];
        int type = c / n_levels % N_TYPES, in_x = c / n_levels / N_TYPES / 5;
        float value = bad[c / n_levels / N_TYPES % 5];
        product p = product_new(&rng, type, 5, 21, 301);
        float y[5 * 21], alone[21];
        if (in_x)
            ((float *)p.x.data)[3 * p.n_k + 299] = value;
        else
            store(type, (uint8_t *)p.w.data + 3 * p.row_bytes + (size_t)(299 * element[type]), value);
        run_gemm(k, &p, 0, 5, y);
        for (int64_t r = 0; r < 5; r++) {
            run_gemv(k, &p, r, 0, 21, alone);
            for (int64_t o = 0; o < 21; o++) {
                assert_int_equal(!isfinite(y[r * 21 + o]), in_x ? r == 3 : o == 3);
                assert_int_equal(!isfinite(alone[o]), in_x ? r == 3 : o == 3);
            }
        }
        product_free(&p);
    }
}

/* Zeros, numbers too small for a scale, and large ones. */
static void test_extremes(void **state) {
    (void)state;
    static const float sizes[] = {0, 0x1p-149f, 0x1p-101f, 0x1p-99f, 0x1p-20f, 0x1p100f};
    const sxt_kernels *level[MAX_LEVELS];
    sxt_rng rng = sxt_rng_make(4);
    for (int i = 0, n = levels(level); i < n; i++) {
        for (int s = 0; s < 6; s++) {
            product p = product_new(&rng, 2, 2, 3, 320);
            float y[6];
            double sum = 0;
            for (int64_t j = 0; j < 2 * p.n_k; j++) ((float *)p.x.data)[j] = j % 3 ? sizes[s] : -sizes[s];
            for (int64_t j = 0; j < 3 * p.n_k; j++) ((float *)p.w.data)[j] = j % 5 ? 1.0f : -0.5f;
            run_gemm(level[i], &p, 0, 2, y);
            for (int64_t j = 0; j < p.n_k; j++) sum += (double)((float *)p.x.data)[j] * ((float *)p.w.data)[j];
            double bound = sizes[s] < 0x1p-100f ? 320 * (double)sizes[s] : fabs(sum) * 1e-3;
            assert_true(fabs(y[0] - sum) <= bound);
            product_free(&p);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_bits_everywhere),
        cmocka_unit_test(test_within_the_bound),
        cmocka_unit_test(test_not_finite_stays_in_its_row),
        cmocka_unit_test(test_extremes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
