/* NFC against cases of Unicode's own definition, and the text steps. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include "text/normalize.h"
#include "text/unicode.h"

#include <string.h>

static void check_nfc(const char *text, const char *want) {
    sxt_buffer out = {0};
    assert_int_equal(sxt_unicode_nfc(text, strlen(text), &out, NULL), SXT_OK);
    sxt_buffer_append(&out, "", 1);
    assert_string_equal(out.data, want);
    sxt_buffer_free(&out);
}

static void test_nfc(void **state) {
    (void)state;
    check_nfc("plain", "plain");
    check_nfc("", "");
    check_nfc("cafe\u0301", "caf\u00E9");
    check_nfc("e\u0301e", "\u00E9e");
    check_nfc("\u1E9B\u0323", "\u1E9B\u0323");   /* UAX 15, figure 6 */
    check_nfc("q\u0307\u0323", "q\u0323\u0307"); /* marks in canonical order */
    check_nfc("\u1100\u1161\u11A8", "\uAC01");   /* Hangul */
    check_nfc("\u212B", "\u00C5");
    check_nfc("\u0958", "\u0915\u093C"); /* composition exclusion */
    check_nfc("a\xFF"
              "e\u0301\x80",
              "a\xFF\u00E9\x80");
}

/* Half a million marks that all stand in the wrong order: sorted in linear time. */
static void test_nfc_of_many_marks(void **state) {
    enum { N = 200000 };
    sxt_buffer text = {0}, out = {0};
    (void)state;
    sxt_buffer_text(&text, "x");
    for (int i = 0; i < N; i++) sxt_buffer_text(&text, i % 2 ? "\u0323" : "\u0307");
    assert_int_equal(sxt_unicode_nfc(text.data, text.size, &out, NULL), SXT_OK);
    assert_int_equal(out.size, 3 + 2 * (N - 1)); /* x and one dot below become one character */
    sxt_buffer_free(&text);
    sxt_buffer_free(&out);
}

static void test_steps(void **state) {
    sxt_normalizer z = {0};
    sxt_matcher *matcher = NULL;
    sxt_buffer text = {0}, spare = {0};
    (void)state;
    assert_int_equal(sxt_matcher_new(&matcher, NULL), SXT_OK);
    assert_int_equal(sxt_norm_add_prepend(&z, "_", 1, NULL), SXT_OK);
    assert_int_equal(sxt_norm_add_replace(&z, false, " ", 1, "_", 1, NULL), SXT_OK);
    assert_int_equal(sxt_norm_add_replace(&z, true, "x+", 2, "y", 1, NULL), SXT_OK);
    sxt_buffer_text(&text, "a  xxb\xFFxx");
    assert_int_equal(sxt_normalize(&z, matcher, &text, &spare, NULL), SXT_OK);
    assert_int_equal(text.size, 8);
    assert_memory_equal(text.data, "_a__yb\xFFy", 8);
    text.size = 0;
    assert_int_equal(sxt_normalize(&z, matcher, &text, &spare, NULL), SXT_OK);
    assert_int_equal(text.size, 0);
    sxt_buffer_free(&text);
    sxt_buffer_free(&spare);
    sxt_matcher_free(matcher);
    sxt_normalizer_free(&z);
}

/* Steps that multiply a text are stopped. */
static void test_growth(void **state) {
    sxt_normalizer z = {0};
    sxt_matcher *matcher = NULL;
    sxt_buffer text = {0}, spare = {0};
    sxt_error error;
    (void)state;
    assert_int_equal(sxt_matcher_new(&matcher, NULL), SXT_OK);
    for (int i = 0; i < 20; i++)
        assert_int_equal(sxt_norm_add_replace(&z, false, "a", 1, "aaaa", 4, NULL), SXT_OK);
    sxt_buffer_text(&text, "a");
    assert_int_equal(sxt_normalize(&z, matcher, &text, &spare, &error), SXT_E_UNSUPPORTED);
    sxt_buffer_free(&text);
    sxt_buffer_free(&spare);
    sxt_matcher_free(matcher);
    sxt_normalizer_free(&z);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nfc),
        cmocka_unit_test(test_nfc_of_many_marks),
        cmocka_unit_test(test_steps),
        cmocka_unit_test(test_growth),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
