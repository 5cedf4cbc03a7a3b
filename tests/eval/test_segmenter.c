/* Words of Chinese text; skipped where no Python has jieba. */
#include "eval/segmenter.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <stdio.h>
#include <unistd.h>

static int start(void **state) {
    *state = segmenter_start(NULL);
    return 0;
}

static int stop(void **state) {
    segmenter_stop(*state);
    return 0;
}

static segmenter *need(void **state) {
    if (*state == NULL) skip(); /* install Debian's python3-jieba */
    return *state;
}

/* `expected` has single blanks between its words. */
static void check(segmenter *s, text_span text, text_span expected) {
    text_made words = {0}, single = {0};
    text_span word;
    assert_true(segmenter_cut(s, text, &words));
    for (text_span rest = text_made_span(&words); text_next_word(&rest, &word);) {
        if (single.n > 0) text_made_add(&single, text_span_of(" "));
        text_made_add(&single, word);
    }
    assert_int_equal(single.n, expected.n);
    assert_memory_equal(text_made_span(&single).bytes, expected.bytes, expected.n);
    text_made_free(&words);
    text_made_free(&single);
}

static void check_text(segmenter *s, const char *text, const char *expected) {
    check(s, text_span_of(text), text_span_of(expected));
}

/* The examples of jieba's own documentation. */
static void test_words(void **state) {
    segmenter *s = need(state);
    check_text(s, "他来到了网易杭研大厦", "他 来到 了 网易 杭研 大厦");
    check_text(s, "小明硕士毕业于中国科学院计算所，后在日本京都大学深造",
               "小明 硕士 毕业 于 中国科学院 计算所 ， 后 在 日本京都大学 深造");
}

/* A line feed ends a word as a blank does, and no line of its own. */
static void test_lines(void **state) {
    segmenter *s = need(state);
    text_made words = {0};
    check_text(s, "我来到\n北京\r\n清华\r大学\n\n", "我 来到 北京 清华 大学");
    check_text(s, "\n", "");
    assert_true(segmenter_cut(s, text_span_of(""), &words));
    assert_int_equal(words.n, 0);
    assert_true(segmenter_cut(s, text_span_of("甲.\n"), &words)); /* three words: 甲, a full stop, a blank */
    assert_true(text_equal(text_made_span(&words), text_span_of("甲 .  ")));
    text_made_free(&words);
    check_text(s, "", "");
    check_text(s, "北京", "北京"); /* still in step */
}

static void test_hostile(void **state) {
    segmenter *s = need(state);
    check(s, (text_span){"a\0\xE5\x8C\x97\xE4\xBA\xAC\0", 9},
          (text_span){"a \0 \xE5\x8C\x97\xE4\xBA\xAC \0", 12});
    check(s, (text_span){"\xFF\xE5\x8C", 3}, (text_span){"\xFF \xE5 \x8C", 5}); /* no UTF-8 */
    check_text(s,
               "\xEF\xBB\xBF"
               "a",
               "\xEF\xBB\xBF a");
    check_text(s, "a / b", "a / b");
    check_text(s,
               "\xE2\x80\xA8"
               "a\xC2\x85"
               "b\x1C"
               "c",
               "a b c");
}

/* Longer than any buffer between the two. */
static void test_long_line(void **state) {
    segmenter *s = need(state);
    const size_t n = 400000;
    text_made text = {0}, words = {0};
    for (size_t i = 0; i < n; i++) text_made_add(&text, text_span_of("北京，"));
    assert_true(segmenter_cut(s, text_made_span(&text), &words));
    assert_int_equal(words.n, text.n + 2 * n - 1);
    text_made_free(&text);
    text_made_free(&words);
    check_text(s, "北京", "北京");
}

static void test_programs_without(void **state) {
    (void)state;
    assert_null(segmenter_start("/bin/false"));
    assert_null(segmenter_start("/bin/cat"));
    assert_null(segmenter_start("/nonexistent"));
}

/* A program that knows jieba's example, and then fails as `rest` says. */
static void check_failing(const char *rest) {
    char path[] = "/tmp/sextant-segmenter-XXXXXX";
    text_made words = {0};
    int descriptor = mkstemp(path);
    FILE *script = fdopen(descriptor, "w");
    fprintf(script, "#!/bin/sh\nread x\necho '我 来到 北京 清华大学'\n%s\n", rest);
    fchmod(descriptor, 0700);
    fclose(script);
    segmenter *s = segmenter_start(path);
    unlink(path);
    assert_non_null(s);
    assert_false(segmenter_cut(s, text_span_of("北京"), &words));
    assert_false(segmenter_cut(s, text_span_of("北京"), &words)); /* no SIGPIPE either */
    assert_int_equal(words.n, 0);
    segmenter_stop(s);
}

static void test_programs_that_fail(void **state) {
    (void)state;
    check_failing("");
    check_failing("read x; echo 南京");
    check_failing("read x; echo 北京 市");
    check_failing("read x; printf 北");
    segmenter_stop(NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_words),
                                       cmocka_unit_test(test_lines),
                                       cmocka_unit_test(test_hostile),
                                       cmocka_unit_test(test_long_line),
                                       cmocka_unit_test(test_programs_without),
                                       cmocka_unit_test(test_programs_that_fail)};
    return cmocka_run_group_tests(tests, start, stop);
}
