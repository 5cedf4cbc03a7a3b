/* Errors stay one line of valid UTF-8, whatever a file puts in them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/error.h"
#include "base/rng.h"

#include <stdio.h>
#include <string.h>

/* An independent reading of RFC 3629 by code points; also refuses control characters. */
static bool is_one_clean_line(const char *text) {
    const unsigned char *s = (const unsigned char *)text;
    while (*s) {
        uint32_t point = *s++;
        int more = point < 0x80             ? 0
                   : (point & 0xE0) == 0xC0 ? 1
                   : (point & 0xF0) == 0xE0 ? 2
                   : (point & 0xF8) == 0xF0 ? 3
                                            : -1;
        if (more < 0) return false;
        if (more > 0) point &= 0x3Fu >> more;
        for (int i = 0; i < more; i++) {
            if ((*s & 0xC0) != 0x80) return false;
            point = point << 6 | (*s++ & 0x3F);
        }
        static const uint32_t least[] = {0, 0x80, 0x800, 0x10000};
        if (point < least[more] || point > 0x10FFFF || (point >= 0xD800 && point < 0xE000)) return false;
        if (point < 0x20 || (point >= 0x7F && point < 0xA0)) return false;
    }
    return true;
}

static void fills_and_returns_the_status(void **state) {
    (void)state;
    sxt_error error = {0};
    assert_int_equal(sxt_fail(&error, SXT_E_LIMIT, "%d tokens", 7), SXT_E_LIMIT);
    assert_int_equal(error.status, SXT_E_LIMIT);
    assert_true(error.offset == 0);
    assert_string_equal(error.text, "7 tokens");
    assert_int_equal(sxt_fail_at(&error, SXT_E_FORMAT, UINT64_MAX, "x"), SXT_E_FORMAT);
    assert_true(error.offset == UINT64_MAX);
    assert_int_equal(sxt_fail(NULL, SXT_E_IO, "nobody listens"), SXT_E_IO);
    assert_int_equal(sxt_fail_at(NULL, SXT_E_IO, 3, "nobody listens"), SXT_E_IO);
}

static void names_are_pinned(void **state) {
    (void)state;
    static const char *const names[] = {"SXT_OK",        "SXT_E_ARGUMENT",    "SXT_E_MEMORY", "SXT_E_IO",
                                        "SXT_E_FORMAT",  "SXT_E_UNSUPPORTED", "SXT_E_LIMIT",  "SXT_E_MISMATCH",
                                        "SXT_E_NUMERIC", "SXT_E_CANCELLED"};
    for (int i = 0; i < 10; i++) assert_string_equal(sxt_status_name((sxt_status)i), names[i]);
    assert_non_null(sxt_status_name((sxt_status)10));
    assert_non_null(sxt_status_name((sxt_status)-1));
}

static void control_bytes_and_bad_utf8_become_question_marks(void **state) {
    (void)state;
    static const struct {
        const char *in, *out;
    } cases[] = {
        {"a\nb\tc\x1b[2J\x7f", "a?b?c?[2J?"},
        {"gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x98\x80",
         "gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x98\x80"},
        {"\xc0\xaf", "??"},           /* overlong */
        {"\xe0\x80\xaf", "???"},      /* overlong */
        {"\xed\xa0\x80", "???"},      /* surrogate */
        {"\xf4\x90\x80\x80", "????"}, /* past the last code point */
        {"\xff\xfe", "??"},           /* never in UTF-8 */
        {"\xe2\x82", "??"},           /* cut short */
        {"\xc2\x9b"
         "31m",
         "??31m"}, /* C1 control: a terminal may take it for an escape */
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        sxt_error error;
        sxt_fail(&error, SXT_E_FORMAT, "%s", cases[i].in);
        assert_string_equal(error.text, cases[i].out);
    }
}

static void random_bytes_stay_clean(void **state) {
    (void)state;
    sxt_rng rng = sxt_rng_make(1);
    for (int round = 0; round < 3000; round++) {
        char raw[700], path[400];
        size_t n = sxt_rng_u32(&rng) % sizeof raw, n_path = sxt_rng_u32(&rng) % sizeof path;
        bool mostly_utf8 = round % 2;
        for (size_t i = 0; i < n; i++)
            raw[i] = (char)(mostly_utf8 ? "\xe2\x82\xac"[i % 3] : (int)(sxt_rng_u32(&rng) % 255 + 1));
        for (size_t i = 0; i < n_path; i++)
            path[i] = (char)(mostly_utf8 ? "\xc3\xbc"[i % 2] : (int)(sxt_rng_u32(&rng) % 255 + 1));
        raw[n ? n - 1 : 0] = 0;
        path[n_path ? n_path - 1 : 0] = 0;
        sxt_error error;
        sxt_fail(&error, SXT_E_FORMAT, "%s", raw);
        assert_true(is_one_clean_line(error.text));
        sxt_fail_in(&error, SXT_E_FORMAT, path);
        assert_true(is_one_clean_line(error.text));
        assert_true(strlen(error.text) < sizeof error.text);
    }
}

static void long_text_is_cut_at_a_character(void **state) {
    (void)state;
    char raw[2000];
    for (size_t start = 0; start < 3; start++) {
        memset(raw, 'x', start);
        for (size_t i = start; i + 3 < sizeof raw; i += 3) memcpy(raw + i, "\xe2\x82\xac", 4);
        sxt_error error;
        sxt_fail(&error, SXT_E_FORMAT, "%s", raw);
        assert_true(is_one_clean_line(error.text));
        assert_in_range(strlen(error.text), sizeof error.text - 4, sizeof error.text - 1);
    }
}

static void path_goes_in_front(void **state) {
    (void)state;
    sxt_error error;
    sxt_fail_at(&error, SXT_E_FORMAT, 99, "bad magic");
    assert_int_equal(sxt_fail_in(&error, SXT_E_FORMAT, "dir/a\nb.gguf"), SXT_E_FORMAT);
    assert_string_equal(error.text, "dir/a?b.gguf: bad magic");
    assert_true(error.offset == 99);
    assert_int_equal(sxt_fail_in(&error, SXT_OK, "other"), SXT_OK);
    assert_string_equal(error.text, "dir/a?b.gguf: bad magic");
    assert_int_equal(sxt_fail_in(NULL, SXT_E_IO, "other"), SXT_E_IO);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fills_and_returns_the_status),
        cmocka_unit_test(names_are_pinned),
        cmocka_unit_test(control_bytes_and_bad_utf8_become_question_marks),
        cmocka_unit_test(random_bytes_stay_clean),
        cmocka_unit_test(long_text_is_cut_at_a_character),
        cmocka_unit_test(path_goes_in_front),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
