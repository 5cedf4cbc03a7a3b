/* Pre-tokenizers: pieces worked out by hand from the models' patterns and Hugging Face's rules. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include "text/hf_steps.h"
#include "text/pre_names.h"

#include <string.h>

/* The pieces of `text` (n) with '|' between them. */
static void cut(const sxt_pretokenizer *p, const char *text, size_t n, bool at_start, sxt_buffer *out) {
    sxt_matcher *matcher = NULL;
    sxt_pieces pieces = {0}, spare = {0};
    sxt_error error;
    assert_int_equal(sxt_matcher_new(&matcher, NULL), SXT_OK);
    sxt_buffer_append(&pieces.text, text, n);
    sxt_pieces_add(&pieces, 0, n);
    if (sxt_pretokenize(p, matcher, at_start, &pieces, &spare, &error) != SXT_OK) fail_msg("%s", error.text);
    for (size_t i = 0; i < pieces.n; i++) {
        sxt_span s = pieces.spans[i];
        if (s.start == s.end) continue;
        if (out->size) sxt_buffer_text(out, "|");
        sxt_buffer_append(out, pieces.text.data + s.start, s.end - s.start);
    }
    sxt_pieces_free(&pieces);
    sxt_pieces_free(&spare);
    sxt_matcher_free(matcher);
}

static void check(const sxt_pretokenizer *p, const char *text, const char *want, bool at_start) {
    sxt_buffer out = {0};
    cut(p, text, strlen(text), at_start, &out);
    sxt_buffer_append(&out, "", 1);
    assert_string_equal(out.data, want);
    sxt_buffer_free(&out);
}

static void check_name(const char *name, const char *text, const char *want) {
    sxt_pretokenizer p = {0};
    sxt_pre_traits traits;
    assert_int_equal(sxt_pre_from_name(name, strlen(name), &p, &traits, NULL), SXT_OK);
    check(&p, text, want, true);
    sxt_pretokenizer_free(&p);
}

static void test_names(void **state) {
    static const struct {
        const char *name, *text, *want;
    } rows[] = {
        {"gpt-2", "Hello world, it's 2024!  ok", "Hello| world|,| it|'s| 2024|!| | ok"},
        {"phi-2", "IT'S  \n x", "IT|'|S|  \n| x"},
        {"mpt", "a1b2", "a|1|b|2"},
        {"olmo", "x  ", "x|  "},
        {"llama-bpe", "I'LL pay 12345$\n\n ok", "I|'LL| pay| |123|45|$\n\n| ok"},
        {"llama3", "foo\tbar", "foo|\tbar"},
        {"llama-v3", "(a)  b", "(a|)| | b"},
        {"qwen2", "1234 a", "1|2|3|4| a"},
        {"stablelm2", "a'Re 99", "a|'Re| |9|9"},
        {"starcoder", "x 10y", "x| |1|0|y"},
        {"refact", " 5 a", " |5| a"},
        {"command-r", "a12", "a|1|2"},
        {"smollm", "3.5%", "3|.|5|%"},
        {"falcon", "Hi!? 1234567 it's", "Hi|!?| |123|456|7| it|'|s"},
        {"falcon", "a 12`b", "a| |12|`|b"},
        {"tekken", "HelloWorld fooBAR 123 a/b//\n", "Hello|World| foo|BAR| |1|2|3| a|/b|//\n"},
        {"deepseek-llm", "Hi there,\nyou 42 \xE4\xB8\xAD\xE6\x96\x87",
         "Hi| there|,|\n|you| |4|2| |\xE4\xB8\xAD\xE6\x96\x87"},
        {"deepseek-coder", "int x=10;\r\n", "int| x|=|1|0|;|\r|\n"},
        {"default", "a 1234$b `c", "a| |123|4|$|b| `|c"},
        {"dbrx", "1234", "123|4"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        check_name(rows[i].name, rows[i].text, rows[i].want);
}

static void test_unknown_name(void **state) {
    sxt_pretokenizer p = {0};
    sxt_pre_traits traits;
    sxt_error error;
    (void)state;
    assert_int_equal(sxt_pre_from_name("gpt-3", 5, &p, &traits, &error), SXT_E_UNSUPPORTED);
    assert_non_null(strstr(error.text, "\"gpt-3\""));
    assert_non_null(strstr(error.text, "llama-bpe"));
    assert_non_null(strstr(error.text, "default"));
}

static void read_json(const char *json, sxt_pretokenizer *p, sxt_status want, const char *says) {
    sxt_json *root = NULL;
    sxt_error error = {0};
    assert_int_equal(sxt_json_parse(json, strlen(json), &root, &error), SXT_OK);
    assert_int_equal(sxt_hf_read_pretokenizer(root, p, &error), want);
    if (says && !strstr(error.text, says)) fail_msg("%s", error.text);
    sxt_json_free(root);
}

static void check_json(const char *json, const char *text, const char *want) {
    sxt_pretokenizer p = {0};
    read_json(json, &p, SXT_OK, NULL);
    check(&p, text, want, true);
    sxt_pretokenizer_free(&p);
}

#define SPLIT(pattern, behavior, invert)                                                                       \
    "{\"type\":\"Split\",\"pattern\":" pattern ",\"behavior\":\"" behavior "\",\"invert\":" invert "}"

/* The example of Hugging Face's documentation of SplitDelimiterBehavior, and its inverse. */
static void test_behaviors(void **state) {
    (void)state;
    const char *text = "the-final--countdown";
    check_json(SPLIT("{\"String\":\"-\"}", "Removed", "false"), text, "the|final|countdown");
    check_json(SPLIT("{\"String\":\"-\"}", "Isolated", "false"), text, "the|-|final|-|-|countdown");
    check_json(SPLIT("{\"String\":\"-\"}", "MergedWithPrevious", "false"), text, "the-|final-|-|countdown");
    check_json(SPLIT("{\"String\":\"-\"}", "MergedWithNext", "false"), text, "the|-final|-|-countdown");
    check_json(SPLIT("{\"String\":\"-\"}", "Contiguous", "false"), text, "the|-|final|--|countdown");
    check_json(SPLIT("{\"Regex\":\"[a-z]+\"}", "Removed", "true"), text, "the|final|countdown");
    check_json(SPLIT("{\"String\":\".*\"}", "Isolated", "false"), "a.*b", "a|.*|b");
    check_json(SPLIT("{\"Regex\":\"(?=b)\"}", "Isolated", "false"), "abab", "a|ba|b");
}

static void test_other_kinds(void **state) {
    (void)state;
    check_json("{\"type\":\"Digits\",\"individual_digits\":false}",
               "ab12\xC2\xBD"
               "c",
               "ab|12\xC2\xBD|c");
    check_json("{\"type\":\"Digits\",\"individual_digits\":true}", "ab12c", "ab|1|2|c");
    check_json("{\"type\":\"Punctuation\"}", "a!?b\xE3\x80\x82", "a|!|?|b|\xE3\x80\x82");
    check_json("{\"type\":\"Metaspace\",\"replacement\":\"\xE2\x96\x81\",\"prepend_scheme\":\"always\"}",
               "Hey my", "\xE2\x96\x81Hey|\xE2\x96\x81my");
    check_json("{\"type\":\"Metaspace\",\"replacement\":\"\xE2\x96\x81\",\"prepend_scheme\":\"never\","
               "\"split\":false}",
               "Hey my", "Hey\xE2\x96\x81my");
    check_json("{\"type\":\"ByteLevel\",\"add_prefix_space\":true}", "Hey my", " Hey| my");
    check_json("{\"type\":\"Sequence\",\"pretokenizers\":[{\"type\":\"ByteLevel\",\"use_regex\":false,"
               "\"add_prefix_space\":false},{\"type\":\"Digits\"}]}",
               "a 12", "a |12");
}

static void test_first_prepends_only_at_the_start(void **state) {
    sxt_pretokenizer p = {0};
    (void)state;
    read_json("{\"type\":\"Metaspace\",\"replacement\":\"\xE2\x96\x81\",\"prepend_scheme\":\"first\"}", &p,
              SXT_OK, NULL);
    check(&p, "a b",
          "\xE2\x96\x81"
          "a|\xE2\x96\x81"
          "b",
          true);
    check(&p, "a b",
          "a|\xE2\x96\x81"
          "b",
          false);
    sxt_pretokenizer_free(&p);
}

static void refuse(const char *json, sxt_status want, const char *says) {
    sxt_pretokenizer p = {0};
    read_json(json, &p, want, says);
    sxt_pretokenizer_free(&p);
}

static void test_refusals(void **state) {
    (void)state;
    refuse("{\"type\":\"BertPreTokenizer\"}", SXT_E_UNSUPPORTED, "BertPreTokenizer");
    refuse("{\"type\":7}", SXT_E_UNSUPPORTED, "(none)");
    refuse("[]", SXT_E_UNSUPPORTED, "(none)");
    refuse(SPLIT("{\"Regex\":\"(\"}", "Isolated", "false"), SXT_E_UNSUPPORTED, "regular expression");
    refuse(SPLIT("{\"Regex\":\"a\\\\Cb\"}", "Isolated", "false"), SXT_E_UNSUPPORTED, "regular expression");
    refuse(SPLIT("{\"Regex\":\"a\"}", "Isolate", "false"), SXT_E_FORMAT, "behavior");
    refuse(SPLIT("{\"Regex\":\"a\"}", "Isolated", "1"), SXT_E_FORMAT, "invert");
    refuse(SPLIT("{\"Re\":\"a\"}", "Isolated", "false"), SXT_E_FORMAT, "pattern");
    refuse("{\"type\":\"Metaspace\",\"replacement\":\"_\"}", SXT_E_UNSUPPORTED, "U+2581");
    refuse("{\"type\":\"Sequence\"}", SXT_E_FORMAT, "pretokenizers");
}

/* A pattern that explodes ends with an error, not with the age of the universe. */
static void test_exploding_pattern(void **state) {
    sxt_regex *regex = NULL;
    sxt_matcher *matcher = NULL;
    sxt_error error;
    char text[64];
    bool found;
    size_t a, b;
    (void)state;
    memset(text, 'a', sizeof text);
    assert_int_equal(sxt_regex_new("(?:a|aa)+[!?]", 13, &regex, &error), SXT_OK);
    assert_int_equal(sxt_matcher_new(&matcher, &error), SXT_OK);
    assert_int_equal(sxt_regex_find(regex, matcher, text, sizeof text, 0, &found, &a, &b, &error),
                     SXT_E_UNSUPPORTED);
    assert_non_null(strstr(error.text, "gives up"));
    sxt_matcher_free(matcher);
    sxt_regex_free(regex);
}

/* Bytes that are not UTF-8 are pieces of their own, and none is lost. */
static void test_invalid_utf8(void **state) {
    sxt_pretokenizer p = {0};
    sxt_pre_traits traits;
    sxt_buffer out = {0};
    (void)state;
    assert_int_equal(sxt_pre_from_name("llama-bpe", 9, &p, &traits, NULL), SXT_OK);
    cut(&p, "ab\xFF\xC3(\x80 c", 8, true, &out);
    assert_int_equal(out.size, strlen("ab|\xFF\xC3|(|\x80| c"));
    assert_memory_equal(out.data, "ab|\xFF\xC3|(|\x80| c", out.size);
    sxt_buffer_free(&out);
    sxt_pretokenizer_free(&p);
}

/* The table's steps are found again by their JSON form. */
static void test_find_name(void **state) {
    sxt_pretokenizer p = {0};
    const char *name;
    (void)state;
    read_json(
        "{\"type\":\"Sequence\",\"pretokenizers\":[{\"type\":\"Punctuation\",\"behavior\":\"Contiguous\"},"
        "{\"type\":\"ByteLevel\",\"add_prefix_space\":false,\"use_regex\":true},"
        "{\"type\":\"Digits\",\"individual_digits\":false}," SPLIT("{\"Regex\":\"[0-9][0-9][0-9]\"}",
                                                                   "Isolated", "false") "]}",
        &p, SXT_OK, NULL);
    assert_int_equal(sxt_pre_find_name(&p, false, &name, NULL), SXT_OK);
    assert_string_equal(name, "falcon");
    check(&p, "a 12", "a| |12", true);
    sxt_pretokenizer_free(&p);
    read_json("{\"type\":\"ByteLevel\",\"add_prefix_space\":true}", &p, SXT_OK, NULL);
    assert_int_equal(sxt_pre_find_name(&p, false, &name, NULL), SXT_OK);
    assert_null(name);
    sxt_pretokenizer_free(&p);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_unknown_name),
        cmocka_unit_test(test_behaviors),
        cmocka_unit_test(test_other_kinds),
        cmocka_unit_test(test_first_prepends_only_at_the_start),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_exploding_pattern),
        cmocka_unit_test(test_invalid_utf8),
        cmocka_unit_test(test_find_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
