/* Wilson's interval against values worked out from its formula with 30 digits, and at its ends. */
#include "eval/interval.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>

static void assert_interval(int64_t n_good, int64_t n, double low, double high) {
    double a, b;
    interval_wilson(n_good, n, &a, &b);
    assert_true(fabs(a - low) < 1e-6);
    assert_true(fabs(b - high) < 1e-6);
}

static void test_known_values(void **state) {
    (void)state;
    assert_interval(8, 10, 0.490162, 0.943318);
    assert_interval(5, 10, 0.236593, 0.763407);
    assert_interval(81, 263, 0.255289, 0.366210);
}

static void test_ends(void **state) {
    (void)state;
    assert_interval(0, 10, 0, 0.277533);
    assert_interval(10, 10, 0.722467, 1);
    assert_interval(0, 0, 0, 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_known_values), cmocka_unit_test(test_ends)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
