/* UTF-8 against Unicode's table 3-7, and the byte alphabet against its definition. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/utf8.h"
#include "text/byte_alphabet.h"

#include <string.h>

static void test_every_code_point_round_trips(void **state) {
    (void)state;
    for (uint32_t code = 0; code <= 0x10FFFF; code++) {
        char bytes[4];
        size_t n = sxt_utf8_encode(code, bytes);
        bool surrogate = code >= 0xD800 && code <= 0xDFFF;
        assert_int_equal(sxt_utf8_length(bytes, n), surrogate ? 0 : n);
        if (!surrogate) assert_int_equal(sxt_utf8_decode(bytes, n), code);
        for (size_t cut = 0; cut < n; cut++) assert_int_equal(sxt_utf8_length(bytes, cut), 0);
    }
}

static void test_malformed_sequences(void **state) {
    static const char *const bad[] = {"\x80",
                                      "\xBF",
                                      "\xC0\x80",
                                      "\xC1\xBF",
                                      "\xE0\x9F\xBF",
                                      "\xED\xA0\x80",
                                      "\xF0\x8F\xBF\xBF",
                                      "\xF4\x90\x80\x80",
                                      "\xF5\x80\x80\x80",
                                      "\xFF",
                                      "\xC3\x28",
                                      "\xE2\x82\x28"};
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(sxt_utf8_length(bad[i], strlen(bad[i])), 0);
}

static void test_runs(void **state) {
    (void)state;
    const char *text = "a\xC3\xA9\xFF\xFEz";
    assert_int_equal(sxt_utf8_valid_run(text, 6), 3);
    assert_int_equal(sxt_utf8_invalid_run(text + 3, 3), 2);
    assert_int_equal(sxt_utf8_valid_run(text + 5, 1), 1);
    assert_int_equal(sxt_utf8_invalid_run(text, 6), 0);
}

/* GPT-2's definition: the printable bytes first, the others from U+0100 on, in rising order. */
static void test_byte_alphabet(void **state) {
    (void)state;
    uint32_t next = 0x100;
    for (unsigned b = 0; b < 256; b++) {
        bool printable = (b >= '!' && b <= '~') || (b >= 0xA1 && b <= 0xAC) || (b >= 0xAE && b <= 0xFF);
        uint32_t want = printable ? b : next++;
        assert_int_equal(sxt_byte_to_character((unsigned char)b), want);
        assert_int_equal(sxt_character_to_byte(want), (int)b);
    }
    assert_int_equal(next, 0x144);
    assert_int_equal(sxt_character_to_byte(0x144), -1);
    assert_int_equal(sxt_character_to_byte(' '), -1);
    assert_int_equal(sxt_character_to_byte(0xAD), -1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_code_point_round_trips),
        cmocka_unit_test(test_malformed_sequences),
        cmocka_unit_test(test_runs),
        cmocka_unit_test(test_byte_alphabet),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
