/* Checked arithmetic at its edges. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/num.h"

static void add(void **state) {
    (void)state;
    uint64_t sum = 0;
    assert_true(sxt_add_ok(UINT64_MAX - 1, 1, &sum));
    assert_true(sum == UINT64_MAX);
    assert_false(sxt_add_ok(UINT64_MAX, 1, &sum));
    assert_false(sxt_add_ok(UINT64_MAX / 2 + 1, UINT64_MAX / 2 + 1, &sum));
}

static void multiply(void **state) {
    (void)state;
    uint64_t product = 1;
    assert_true(sxt_mul_ok(0, UINT64_MAX, &product));
    assert_true(product == 0);
    assert_true(sxt_mul_ok(UINT32_MAX, UINT32_MAX, &product));
    assert_true(product == (uint64_t)UINT32_MAX * UINT32_MAX);
    assert_true(sxt_mul_ok(3, UINT64_MAX / 3, &product));
    assert_true(product == UINT64_MAX);
    assert_false(sxt_mul_ok(3, UINT64_MAX / 3 + 1, &product));
    assert_false(sxt_mul_ok((uint64_t)1 << 32, (uint64_t)1 << 32, &product));
}

static void range(void **state) {
    (void)state;
    assert_true(sxt_range_ok(0, 0, 0));
    assert_true(sxt_range_ok(10, 0, 10));
    assert_true(sxt_range_ok(4, 6, 10));
    assert_false(sxt_range_ok(5, 6, 10));
    assert_false(sxt_range_ok(11, 0, 10));
    /* pos + n wraps round to a small number */
    assert_false(sxt_range_ok(UINT64_MAX, 2, 10));
    assert_false(sxt_range_ok(2, UINT64_MAX, 10));
    assert_true(sxt_range_ok(1, UINT64_MAX - 1, UINT64_MAX));
}

static void least_and_greatest(void **state) {
    (void)state;
    assert_true(sxt_min_i64(INT64_MIN, INT64_MAX) == INT64_MIN);
    assert_true(sxt_max_i64(INT64_MIN, INT64_MAX) == INT64_MAX);
    assert_true(sxt_min_i64(3, 3) == 3 && sxt_max_i64(-1, 0) == 0);
}

static void round_up(void **state) {
    (void)state;
    for (size_t step = 1; step <= 4096; step *= 2)
        for (size_t n = 0; n < 200; n++) {
            size_t up = sxt_round_up(n, step);
            assert_true(up >= n && up - n < step && up % step == 0);
        }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(add),      cmocka_unit_test(multiply),
        cmocka_unit_test(range),    cmocka_unit_test(least_and_greatest),
        cmocka_unit_test(round_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
