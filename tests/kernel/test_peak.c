/* The peaks: what they say they have done grows with the rounds, and they read every byte. Whether they do the
 * arithmetic, and how fast, is not tested. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "kernel/every_level.h"

#include <stdlib.h>

static void test_operations(void **state) {
    (void)state;
    const sxt_kernels *level[MAX_LEVELS];
    for (int l = 0, n = levels(level); l < n; l++) {
        int64_t (*const peaks[])(int64_t) = {level[l]->peak_f32, level[l]->peak_int16, level[l]->peak_int8,
                                             level[l]->peak_exp, level[l]->peak_bf16};
        for (int i = 0; i < 5; i++) {
            int64_t one = peaks[i](1);
            assert_true(i == 4 ? one >= 0 : one > 0);
            assert_int_equal(peaks[i](7), 7 * one);
            assert_int_equal(peaks[i](0), 0);
        }
    }
}

/* A sum that misses or repeats any element is another one: whole numbers, far below 2^24. */
static void test_reading(void **state) {
    (void)state;
    enum { N = 3 * 1024 };
    float *values = malloc(N * sizeof *values);
    assert_non_null(values);
    double sum = 0;
    for (int i = 0; i < N; i++) sum += values[i] = (float)(i * 37 % 1009 + 1);
    const sxt_kernels *level[MAX_LEVELS];
    for (int l = 0, n = levels(level); l < n; l++)
        assert_true((double)level[l]->peak_read(values, N * sizeof *values) == sum);
    free(values);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_operations), cmocka_unit_test(test_reading)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
