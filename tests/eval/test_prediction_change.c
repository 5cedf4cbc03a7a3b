/* Changes of predictions against values worked out by hand. */
#include "eval/prediction_change.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>

static const float half = -0.69314718056F, quarter = -1.38629436112F;

static void assert_near(double value, double expected) { assert_true(fabs(value - expected) < 1e-6); }

/* (1/2, 1/4, 1/4) becomes (1/4, 1/2, 1/4): 1/2 ln 2 - 1/4 ln 2 apart. */
static void test_by_hand(void **state) {
    (void)state;
    const float before[] = {half, quarter, quarter}, after[] = {quarter, half, quarter};
    prediction_change c = {0};
    prediction_change_add(&c, before, after, 3, 0);
    assert_int_equal(c.n, 1);
    assert_int_equal(c.n_same, 0);
    assert_near(c.nll_before, log(2));
    assert_near(c.nll_after, log(4));
    assert_near(c.divergence, log(2) / 4);
    prediction_change_add(&c, before, after, 3, 1);
    assert_int_equal(c.n, 2);
    assert_near(c.nll_before, log(8));
    assert_near(c.nll_after, log(8));
    assert_near(c.divergence, log(2) / 2);
}

/* Logits are free to a constant, and may be far from 0. */
static void test_constants_do_not_count(void **state) {
    (void)state;
    const float before[] = {1, 2, 4}, after[] = {-999, -998, -996}, large[] = {3001, 3002, 3004};
    prediction_change c = {0};
    prediction_change_add(&c, before, after, 3, 2);
    prediction_change_add(&c, large, before, 3, 2);
    assert_int_equal(c.n_same, 2);
    assert_near(c.nll_before, c.nll_after);
    assert_near(c.divergence, 0);
    assert_near(c.nll_before, 2 * log(1 + exp(-2) + exp(-3)));
}

/* Of equals the first is the likeliest. */
static void test_equals(void **state) {
    (void)state;
    const float flat[] = {0, 0, 0}, first[] = {1, 0, 0}, last[] = {0, 0, 1};
    prediction_change c = {0};
    prediction_change_add(&c, flat, first, 3, 0);
    assert_int_equal(c.n_same, 1);
    prediction_change_add(&c, flat, last, 3, 0);
    assert_int_equal(c.n_same, 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_by_hand),
        cmocka_unit_test(test_constants_do_not_count),
        cmocka_unit_test(test_equals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
