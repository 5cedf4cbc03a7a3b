/* PCG32 against the vectors that its author publishes with the reference implementation. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/rng.h"

/* pcg-cpp, test-high/expected: pcg32_oneseq seeded with 42. */
static void matches_the_published_sequence(void **state) {
    (void)state;
    static const uint32_t expected[] = {0xc2f57bd6, 0x6b07c4a9, 0x72b7b29b, 0x44215383, 0xf5af5ead, 0x68beb632};
    sxt_rng rng = sxt_rng_make(42);
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++)
        assert_int_equal(sxt_rng_u32(&rng), expected[i]);
}

/* Derived from the paper's formulas with exact integers. */
static void extreme_seeds(void **state) {
    (void)state;
    sxt_rng zero = sxt_rng_make(0), top = sxt_rng_make(UINT64_MAX);
    assert_int_equal(sxt_rng_u32(&zero), 0xe823a24e);
    assert_int_equal(sxt_rng_u32(&zero), 0x7a7ecbd9);
    assert_int_equal(sxt_rng_u32(&top), 0xd9313036);
    assert_int_equal(sxt_rng_u32(&top), 0xcd4b6992);
}

static void unit_is_built_from_two_draws(void **state) {
    (void)state;
    sxt_rng a = sxt_rng_make(42), b = sxt_rng_make(42);
    for (int i = 0; i < 1000; i++) {
        uint64_t high = sxt_rng_u32(&b) >> 5, low = sxt_rng_u32(&b) >> 6;
        double u = sxt_rng_unit(&a);
        assert_true(u >= 0 && u < 1);
        assert_true(u * 9007199254740992.0 == (double)((high << 26) | low));
    }
}

static void unit_fills_the_interval(void **state) {
    (void)state;
    enum { N = 100000, BINS = 20 };
    int count[BINS] = {0};
    double sum = 0;
    sxt_rng rng = sxt_rng_make(7);
    for (int i = 0; i < N; i++) {
        double u = sxt_rng_unit(&rng);
        sum += u;
        count[(int)(u * BINS)]++;
    }
    assert_true(sum / N > 0.495 && sum / N < 0.505); /* five standard deviations */
    for (int i = 0; i < BINS; i++) assert_in_range(count[i], N / BINS * 0.93, N / BINS * 1.07);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(matches_the_published_sequence),
        cmocka_unit_test(extreme_seeds),
        cmocka_unit_test(unit_is_built_from_two_draws),
        cmocka_unit_test(unit_fills_the_interval),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
