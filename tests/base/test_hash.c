/* XXH3-128 against the values of its specification, and how hashes chain. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/hash.h"

#include <string.h>

/* xxHash's own sanity vectors: seed 0, the empty input and one byte of its test buffer (0x00). */
static void published_values(void **state) {
    (void)state;
    sxt_hash empty = sxt_hash_bytes("", 0);
    assert_true(empty.low == 0x6001C324468D497Fu && empty.high == 0x99AA06D3014798D8u);
    sxt_hash one = sxt_hash_bytes("\0", 1);
    assert_true(one.low == 0xC44BDFF4074EECDBu && one.high == 0xA6CD5E9392000F6Au);
}

static void any_changed_bit_changes_the_hash(void **state) {
    (void)state;
    for (size_t n = 1; n < 600; n += 37) {
        uint8_t bytes[600];
        for (size_t i = 0; i < n; i++) bytes[i] = (uint8_t)(i * 7 + n);
        sxt_hash before = sxt_hash_bytes(bytes, n);
        for (size_t bit = 0; bit < 8 * n; bit++) {
            bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
            assert_false(sxt_hash_equal(before, sxt_hash_bytes(bytes, n)));
            bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        }
        assert_true(sxt_hash_equal(before, sxt_hash_bytes(bytes, n)));
    }
}

static void chaining_depends_on_order_and_cuts(void **state) {
    (void)state;
    sxt_hash zero = {0, 0};
    sxt_hash ab = sxt_hash_more(sxt_hash_more(zero, "a", 1), "b", 1);
    sxt_hash ba = sxt_hash_more(sxt_hash_more(zero, "b", 1), "a", 1);
    sxt_hash whole = sxt_hash_more(zero, "ab", 2);
    sxt_hash again = sxt_hash_more(sxt_hash_more(zero, "a", 1), "b", 1);
    sxt_hash with_nothing = sxt_hash_more(ab, "", 0);
    assert_true(sxt_hash_equal(ab, again));
    assert_false(sxt_hash_equal(ab, ba));
    assert_false(sxt_hash_equal(ab, whole));
    assert_false(sxt_hash_equal(ab, with_nothing));
}

static void equality_looks_at_both_halves(void **state) {
    (void)state;
    sxt_hash a = {1, 2}, b = {1, 3}, c = {0, 2};
    assert_true(sxt_hash_equal(a, a));
    assert_false(sxt_hash_equal(a, b));
    assert_false(sxt_hash_equal(a, c));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(published_values),
        cmocka_unit_test(any_changed_bit_changes_the_hash),
        cmocka_unit_test(chaining_depends_on_order_and_cuts),
        cmocka_unit_test(equality_looks_at_both_halves),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
