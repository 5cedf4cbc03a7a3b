/* Functions of one row against double precision, at the edges of their range, next to a fence. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "kernel/fenced.h"
#include "kernel/every_level.h"

#include <float.h>
#include <math.h>

static const int64_t lengths[] = {1, 2, 7, 8, 9, 15, 16, 31, 100, 256, 2048, 2051};
enum { N_LENGTHS = sizeof lengths / sizeof lengths[0] };

static fenced floats(int64_t n) { return fenced_new(sizeof(float) * (size_t)n); }

static void test_exp_is_within_its_bound(void **state) {
    (void)state;
    enum { N = 1 << 16 };
    const sxt_kernels *level[MAX_LEVELS];
    for (int i = 0, n = levels(level); i < n; i++) {
        fenced x = floats(N);
        float *e = x.data;
        for (int j = 0; j < N; j++) e[j] = -87.3f * (float)j / N;
        float sum = level[i]->exp_sum(e, 0, N);
        double total = 0;
        for (int j = 0; j < N; j++) {
            double exact = exp((double)(-87.3f * (float)j / N));
            total += exact;
            if (!(fabs(e[j] - exact) < 2e-7 * exact))
                fail_msg("exp: %.9g, should be %.9g", (double)e[j], exact);
        }
        assert_true(fabs(sum - total) < 1e-5 * total);
        fenced_free(&x);
    }
}

static void test_exp_at_the_edges(void **state) {
    (void)state;
    const float max = 3.5f,
                given[16] = {3.5f,     -INFINITY, -1e30f,  -100.0f, -84.0f, 3.4999998f, 0,       -0.0f,
                             -FLT_MAX, 3.25f,     -83.83f, -50.0f,  1e-40f, -1e-40f,    -83.82f, 2.5f};
    const sxt_kernels *level[MAX_LEVELS];
    for (int i = 0, n = levels(level); i < n; i++) {
        float x[16];
        memcpy(x, given, sizeof x);
        level[i]->exp_sum(x, max, 16);
        assert_true(x[0] == 1.0f);
        for (int j = 0; j < 16; j++) {
            double t = (double)(given[j] - max), exact = t < (double)-87.33f ? 0 : exp(t);
            if (exact == 0)
                assert_true(x[j] == 0);
            else
                assert_true(fabs(x[j] - exact) < 2e-7 * exact);
        }
    }
}

/* A row in which nothing is visible gives zeros; a NaN is never hidden. */
static void test_exp_of_nothing_and_of_nan(void **state) {
    (void)state;
    const sxt_kernels *level[MAX_LEVELS];
    for (int i = 0, n = levels(level); i < n; i++) {
        float x[32];
        for (int j = 0; j < 32; j++) x[j] = -INFINITY;
        assert_true(level[i]->max(x, 32) == -INFINITY);
        assert_true(level[i]->exp_sum(x, -INFINITY, 32) == 0);
        for (int j = 0; j < 32; j++) assert_true(x[j] == 0);
        for (int j = 0; j < 32; j++) x[j] = (float)-j;
        x[17] = NAN;
        assert_true(isnan(level[i]->exp_sum(x, 0, 32)));
        assert_true(isnan(x[17]) && x[16] > 0);
    }
}

static void test_max_finds_every_place(void **state) {
    (void)state;
    const sxt_kernels *level[MAX_LEVELS];
    for (int i = 0, n = levels(level); i < n; i++) {
        fenced f = floats(48);
        float *x = f.data;
        for (int place = 0; place < 48; place++) {
            for (int j = 0; j < 48; j++) x[j] = -5.0f - (float)j;
            x[place] = -4.5f;
            assert_true(level[i]->max(x, 48) == -4.5f);
        }
        fenced_free(&f);
    }
}

static void test_scale_and_add(void **state) {
    (void)state;
    const sxt_kernels *level[MAX_LEVELS];
    sxt_rng rng = sxt_rng_make(8);
    for (int i = 0, n = levels(level); i < n; i++) {
        for (int l = 0; l < N_LENGTHS; l++) {
            int64_t size = lengths[l];
            fenced fx = floats(size), fy = floats(size), fz = floats(size);
            float *x = fx.data, *y = fy.data, *z = fz.data;
            fill_values(&rng, x, size);
            fill_values(&rng, y, size);
            memcpy(z, y, sizeof(float) * (size_t)size);
            level[i]->add(x, y, size);
            for (int64_t j = 0; j < size; j++) assert_true(y[j] == z[j] + x[j]);
            memcpy(z, x, sizeof(float) * (size_t)size);
            level[i]->scale(x, 0.37f, size);
            for (int64_t j = 0; j < size; j++) assert_true(x[j] == z[j] * 0.37f);
            assert_true(fenced_whole(&fx) && fenced_whole(&fy));
            fenced_free(&fx);
            fenced_free(&fy);
            fenced_free(&fz);
        }
    }
}

static void test_rms_norm(void **state) {
    (void)state;
    const sxt_kernels *level[MAX_LEVELS];
    sxt_rng rng = sxt_rng_make(9);
    for (int i = 0, n = levels(level); i < n; i++) {
        for (int l = 0; l < N_LENGTHS; l++) {
            int64_t size = lengths[l];
            fenced fx = floats(size), fw = floats(size), fy = floats(size);
            const float *x = fx.data, *w = fw.data, *y = fy.data;
            fill_values(&rng, fx.data, size);
            fill_values(&rng, fw.data, size);
            level[i]->rms_norm(x, w, fy.data, size, 1e-5f);
            double squares = 0;
            for (int64_t j = 0; j < size; j++) squares += (double)x[j] * x[j];
            double factor = 1 / sqrt(squares / (double)size + 1e-5f);
            double bound = ((double)size / 8 + 8) * 0x1p-24 + 4 * 0x1p-24;
            for (int64_t j = 0; j < size; j++) {
                double exact = x[j] * factor * w[j];
                assert_true(fabs(y[j] - exact) <= bound * fabs(exact) + 1e-37);
            }
            assert_true(fenced_whole(&fy));
            fenced_free(&fx);
            fenced_free(&fw);
            fenced_free(&fy);
        }
    }
}

static void test_swiglu(void **state) {
    (void)state;
    static const float edges[] = {0,       -0.0f, 100,    -100,   88.7f,  -88.7f,
                                  -88.73f, 1e30f, -1e30f, -87.4f, 1e-30f, 20};
    const sxt_kernels *level[MAX_LEVELS];
    sxt_rng rng = sxt_rng_make(10);
    for (int i = 0, n = levels(level); i < n; i++) {
        for (int l = 0; l < N_LENGTHS; l++) {
            int64_t size = lengths[l];
            fenced fg = floats(size), fu = floats(size), fy = floats(size);
            float *g = fg.data, *u = fu.data, *y = fy.data;
            fill_values(&rng, g, size);
            fill_values(&rng, u, size);
            for (int64_t j = 0; j < 12 && size >= 16; j++) g[j] = edges[j];
            level[i]->swiglu(g, u, y, size);
            for (int64_t j = 0; j < size; j++) {
                double exact = (double)g[j] / (1 + exp(-(double)g[j])) * u[j];
                assert_true(fabs(y[j] - exact) <= 5e-7 * fabs(exact) + 1e-33);
            }
            assert_true(fenced_whole(&fy));
            fenced_free(&fg);
            fenced_free(&fu);
            fenced_free(&fy);
        }
    }
}

/* Against the definition in double; a mean far from 0 must not cost digits. */
static void test_layer_norm(void **state) {
    (void)state;
    const sxt_kernels *level[MAX_LEVELS];
    sxt_rng rng = sxt_rng_make(11);
    for (int i = 0, n = levels(level); i < n; i++)
        for (int l = 0; l < N_LENGTHS; l++) {
            int64_t size = lengths[l];
            fenced fx = floats(size), fw = floats(size), fb = floats(size), fy = floats(size);
            float *x = fx.data, *w = fw.data, *b = fb.data, *y = fy.data, far = l % 2 ? 100 : 0;
            fill_values(&rng, x, size);
            fill_values(&rng, w, size);
            fill_values(&rng, b, size);
            for (int64_t j = 0; j < size; j++) x[j] += far;
            level[i]->layer_norm(x, w, l % 3 ? b : NULL, y, size, 1e-5f);
            double mean = 0, squares = 0;
            for (int64_t j = 0; j < size; j++) mean += (double)x[j] / (double)size;
            for (int64_t j = 0; j < size; j++) squares += ((double)x[j] - mean) * ((double)x[j] - mean);
            double factor = 1 / sqrt(squares / (double)size + 1e-5f), largest = 0;
            for (int64_t j = 0; j < size; j++) largest = fmax(largest, fabs((double)x[j]));
            for (int64_t j = 0; j < size; j++) {
                double exact = ((double)x[j] - mean) * factor * w[j] + (l % 3 ? (double)b[j] : 0);
                double bound = 4e-6 * (largest * factor * fabs((double)w[j]) + fabs((double)b[j]));
                assert_true(fabs((double)y[j] - exact) <= bound + 1e-30);
            }
            assert_true(fenced_whole(&fy));
            fenced *all[] = {&fx, &fw, &fb, &fy};
            for (int k = 0; k < 4; k++) fenced_free(all[k]);
        }
}

static double exact_gelu(double x, bool by_tanh) {
    if (!by_tanh) return 0.5 * x * erfc(-x / sqrt(2));
    return 0.5 * x * (1 + tanh(sqrt(2 / 3.14159265358979323846) * (x + 0.044715 * x * x * x)));
}

/* Every x from -12 to 12 in steps of 1/256, and the ends. */
static void test_gelu(void **state) {
    (void)state;
    enum { N = 24 * 256 + 1 };
    static const float edges[] = {0, -0.0f, 1e-30f, -1e-30f, 1e15f, -1e15f, 88, -88};
    const sxt_kernels *level[MAX_LEVELS];
    fenced fx = floats(N), fu = floats(N), fy = floats(N);
    float *x = fx.data, *up = fu.data, *y = fy.data;
    sxt_rng rng = sxt_rng_make(12);
    fill_values(&rng, up, N);
    for (int j = 0; j < N; j++) x[j] = -12 + (float)j / 256;
    for (int j = 0; j < 8; j++) x[j] = edges[j];
    for (int i = 0, n = levels(level); i < n; i++)
        for (int way = 0; way < 4; way++) {
            const float *by = way & 2 ? up : NULL;
            level[i]->gelu(x, by, y, N, way & 1);
            for (int j = 0; j < N; j++) {
                double factor = by ? (double)by[j] : 1, exact = exact_gelu((double)x[j], way & 1) * factor;
                assert_true(fabs((double)y[j] - exact) <= 3e-7 * fabs((double)x[j] * factor) + 1e-37);
            }
            assert_true(fenced_whole(&fy));
        }
    fenced_free(&fx);
    fenced_free(&fu);
    fenced_free(&fy);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_exp_is_within_its_bound),
        cmocka_unit_test(test_exp_at_the_edges),
        cmocka_unit_test(test_exp_of_nothing_and_of_nan),
        cmocka_unit_test(test_max_finds_every_place),
        cmocka_unit_test(test_scale_and_add),
        cmocka_unit_test(test_rms_norm),
        cmocka_unit_test(test_swiglu),
        cmocka_unit_test(test_layer_norm),
        cmocka_unit_test(test_gelu),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
