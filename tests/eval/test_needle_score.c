/* Answers judged by hand. */
#include "eval/needle_score.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

static void check(const char *answer, const char *const *values, int n, int n_found, bool exact, bool settled) {
    needle_score score = needle_score_of(answer, strlen(answer), values, n);
    if (score.n_found != n_found || score.exact != exact || score.settled != settled)
        fail_msg("'%s': found %d, exact %d, settled %d", answer, score.n_found, score.exact, score.settled);
}

static void test_one_value(void **state) {
    (void)state;
    const char *const key[] = {"12345"};
    check("", key, 1, 0, false, false);
    check(" 123", key, 1, 0, false, false);
    check(" 12345", key, 1, 1, true, false); /* a digit may follow */
    check(" 12345.", key, 1, 1, true, true);
    check(" 123456.", key, 1, 1, false, true); /* RULER's rule counts it as found */
    check(" is: 12345.", key, 1, 1, false, true);
    check("\n\"12345\"", key, 1, 1, true, true);
    check(" 54321, no, 12345 ", key, 1, 1, false, true);
    check("12 345 ", key, 1, 0, false, false);
}

static void test_several_values(void **state) {
    (void)state;
    const char *const keys[] = {"1234567", "7654321", "1111111"};
    check(" 1234567, 7654321, and 1111111.", keys, 3, 3, true, true);
    check(" 7654321 1111111 1234567\n", keys, 3, 3, true, true);
    check(" 1234567, 1234567, 1111111.", keys, 3, 2, false, false);
    check(" 1234567, 2222222, 7654321, 1111111.", keys, 3, 3, false, true);
    check(" 1234567 and 7654321", keys, 3, 2, false, false);
}

static void test_words(void **state) {
    (void)state;
    const char *const words[] = {"river", "stone"};
    check(" 1. river 2. stone\n", words, 2, 2, true, true);
    check(" River and Stone.", words, 2, 2, false, true); /* found whatever the case, exact only as written */
    check(" 1. stones 2. river ", words, 2, 2, false, true);
    const char *const names[] = {"brave-bell"};
    check(" brave-bell.", names, 1, 1, true, true);
    check(" brave bell.", names, 1, 0, false, false);
}

static void test_bytes_of_any_kind(void **state) {
    (void)state;
    const char *const key[] = {"42"};
    needle_score score = needle_score_of("\0\xFF\0 42 ", 7, key, 1);
    assert_int_equal(score.n_found, 1);
    assert_false(score.exact);
    assert_int_equal(needle_score_of(NULL, 0, key, 1).n_found, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_one_value), cmocka_unit_test(test_several_values),
                                       cmocka_unit_test(test_words), cmocka_unit_test(test_bytes_of_any_kind)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
