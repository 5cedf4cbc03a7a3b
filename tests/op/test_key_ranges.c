/* Ranges of seen keys against a mark for each key. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/rng.h"
#include "op/key_ranges.h"

#include <string.h>

enum { KEYS = 400 };

static void assert_apart(const sxt_key_ranges *r) {
    assert_in_range(r->n, 0, SXT_MOST_KEY_RANGES);
    for (int i = 0; i < r->n; i++) {
        assert_true(r->first[i] < r->end[i]);
        if (i > 0) assert_true(r->first[i] > r->end[i - 1]);
    }
}

/* While there is room the ranges are exactly the marks; then they hold at least those. */
static void test_against_marks(void **state) {
    (void)state;
    sxt_rng rng = sxt_rng_make(4);
    for (int trial = 0; trial < 3000; trial++) {
        bool marks[KEYS + 1] = {false};
        sxt_key_ranges r = {0};
        uint32_t longest = trial % 3 == 0 ? 3 : 1 + sxt_rng_u32(&rng) % 90;
        bool exact = true;
        for (int i = 0; i < 14; i++) {
            int64_t first = sxt_rng_u32(&rng) % (KEYS - longest), end = first + 1 + sxt_rng_u32(&rng) % longest;
            int n_marked = 0;
            memset(marks + first, true, (size_t)(end - first));
            sxt_key_ranges_add(&r, first, end);
            assert_apart(&r);
            for (int k = 0; k < KEYS; k++) n_marked += marks[k] && !(k > 0 && marks[k - 1]);
            exact = exact && n_marked <= SXT_MOST_KEY_RANGES;
            for (int64_t k = 0, next = 0; k < KEYS; k = next + 1) {
                next = sxt_key_ranges_next(&r, k);
                for (int64_t passed = k; passed < next && passed < KEYS; passed++) assert_false(marks[passed]);
                if (next == INT64_MAX) break;
                if (exact) assert_true(marks[next]);
            }
        }
    }
}

static void test_of_bands(void **state) {
    (void)state;
    sxt_band bands[3 * SXT_PLAN_MAX_BANDS] = {
        [0] = {0, 4, 0, 0}, [1] = {90, 100, 0, 0}, [SXT_PLAN_MAX_BANDS] = {91, 101, 0, 0}};
    uint8_t n_bands[3] = {2, 1, 0};
    sxt_key_ranges r = sxt_key_ranges_of(bands, n_bands, 3);
    assert_int_equal(r.n, 2);
    assert_int_equal(sxt_key_ranges_next(&r, 0), 0);
    assert_int_equal(sxt_key_ranges_next(&r, 4), 90);
    assert_int_equal(sxt_key_ranges_next(&r, 100), 100);
    assert_true(sxt_key_ranges_next(&r, 101) == INT64_MAX);
    r = sxt_key_ranges_of(bands, n_bands + 2, 1);
    assert_true(sxt_key_ranges_next(&r, 0) == INT64_MAX);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_against_marks), cmocka_unit_test(test_of_bands)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
