/* The ceilings are numbers that can be divided by, and what cannot be had is said. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "failing_memory.h"
#include "op/ceilings.h"

#include <math.h>
#include <string.h>

static void test_positive(void **state) {
    (void)state;
    for (int n_threads = 1; n_threads <= 3; n_threads += 2) {
        sxt_pool *pool;
        sxt_error error;
        sxt_ceilings c;
        assert_int_equal(sxt_pool_new(n_threads, &pool, &error), SXT_OK);
        assert_int_equal(sxt_ceilings_measure(pool, &c, &error), SXT_OK);
        const double speeds[] = {c.f32_ops, c.int16_ops, c.int8_ops, c.exps, c.read_bytes};
        for (int i = 0; i < 5; i++) assert_true(isfinite(speeds[i]) && speeds[i] > 0);
        assert_true(isfinite(c.bf16_ops) && c.bf16_ops >= 0);
        assert_int_equal(c.n_threads, n_threads);
        assert_true(c.buffer_bytes >= 64 << 20);
        sxt_pool_free(pool);
    }
}

static void test_no_memory(void **state) {
    (void)state;
    sxt_pool *pool;
    sxt_error error;
    assert_int_equal(sxt_pool_new(1, &pool, &error), SXT_OK);
    for (int i = 0; i < 2; i++) {
        countdown c = {.n_left = i};
        sxt_ceilings ceilings = {.n_threads = -1};
        sxt_set_alloc_hook(count_down, &c);
        sxt_status status = sxt_ceilings_measure(pool, &ceilings, &error);
        sxt_set_alloc_hook(NULL, NULL);
        assert_int_equal(status, SXT_E_MEMORY);
        assert_non_null(strstr(error.text, "bandwidth"));
        assert_int_equal(ceilings.n_threads, -1);
    }
    sxt_pool_free(pool);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_positive), cmocka_unit_test(test_no_memory)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
