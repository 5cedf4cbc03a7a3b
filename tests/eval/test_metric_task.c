/* Which task a file is, and the texts that measures work on. */
#include "eval/metric_task.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

static const char *found(const char *name) {
    const metric_task *task = metric_task_find(text_span_of(name));
    return task == NULL ? "" : task->name;
}

static void test_names(void **state) {
    (void)state;
    assert_string_equal(found("hotpotqa"), "hotpotqa");
    assert_string_equal(found("hotpotqa_e"), "hotpotqa");
    assert_string_equal(found("coursera"), "coursera");
    assert_string_equal(found("coursera_e"), "");
    assert_string_equal(found("200_lines"), "lines");
    assert_string_equal(found("lines_680"), "lines");
    assert_string_equal(found("lines"), "");
    assert_string_equal(found("2_lines_2"), "");
    assert_string_equal(found("_e"), "");
    assert_string_equal(found(""), "");
}

/* Every task of a table finds itself, and has a measure. */
static void test_table(void **state) {
    size_t n_longbench = 0, n = 0;
    const metric_task *task;
    (void)state;
    for (; (task = metric_task_at(n)) != NULL; n++) {
        n_longbench += task->suite == SUITE_LONGBENCH;
        if (task->suite != SUITE_LINES) assert_ptr_equal(metric_task_find(text_span_of(task->name)), task);
        assert_true(strlen(metric_task_measure(task)) > 0);
        assert_true(task->group != NULL || task->suite != SUITE_LONGBENCH);
    }
    assert_int_equal(n_longbench, 21);
    assert_int_equal(n, 29);
}

/* The best of several references, of the first line where the task says so. */
static void test_best_reference(void **state) {
    const text_span rights[] = {text_span_of("dog"), text_span_of("a red cat"), text_span_of("fish")};
    const text_span said = text_span_of("\n\nred cat\ndog");
    double score = -1;
    (void)state;
    assert_true(
        metric_task_score(metric_task_find(text_span_of("triviaqa")), said, rights, 3, NULL, 0, &score));
    assert_true(score == 1);
    assert_true(
        metric_task_score(metric_task_find(text_span_of("hotpotqa")), said, rights, 3, NULL, 0, &score));
    assert_true(score > 0.79 && score < 0.81); /* 2 common words of 3 and 2 */
    assert_true(
        metric_task_score(metric_task_find(text_span_of("triviaqa")), said, rights, 1, NULL, 0, &score));
    assert_true(score == 0);
}

/* Three tasks, with LongBench-E's ending or without. */
static void test_words_needed(void **state) {
    int n = 0;
    const metric_task *task;
    (void)state;
    for (size_t i = 0; (task = metric_task_at(i)) != NULL; i++) {
        n += metric_task_needs_words(task);
        assert_true(task->is_chinese || !metric_task_needs_words(task));
    }
    assert_int_equal(n, 3);
    assert_true(metric_task_needs_words(metric_task_find(text_span_of("multifieldqa_zh"))));
    assert_true(metric_task_needs_words(metric_task_find(text_span_of("dureader_e"))));
    assert_true(metric_task_needs_words(metric_task_find(text_span_of("vcsum"))));
}

static bool is_right_or_wrong(const char *name) {
    return metric_task_is_right_or_wrong(metric_task_find(text_span_of(name)));
}

/* Two verdicts can be half right, several letters a quarter. */
static void test_right_or_wrong(void **state) {
    (void)state;
    assert_true(is_right_or_wrong("tpo") && is_right_or_wrong("gsm100") && is_right_or_wrong("codeU"));
    assert_true(is_right_or_wrong("topic_retrieval_longchat") && is_right_or_wrong("200_lines"));
    assert_false(is_right_or_wrong("hotpotqa") || is_right_or_wrong("trec") || is_right_or_wrong("lcc"));
    assert_false(is_right_or_wrong("sci_fi") || is_right_or_wrong("coursera"));
}

static void test_reference_faults(void **state) {
    const metric_task *english = metric_task_find(text_span_of("passage_retrieval_en"));
    const metric_task *chinese = metric_task_find(text_span_of("passage_retrieval_zh"));
    const metric_task *verdicts = metric_task_find(text_span_of("sci_fi"));
    (void)state;
    assert_null(metric_task_reference_fault(english, text_span_of("Paragraph 7")));
    assert_non_null(metric_task_reference_fault(english, text_span_of("Paragraph seven")));
    assert_null(metric_task_reference_fault(chinese, text_span_of("段落7")));
    assert_non_null(metric_task_reference_fault(chinese, text_span_of("Paragraph 7")));
    assert_null(metric_task_reference_fault(verdicts, text_span_of("True [fact: True]")));
    assert_non_null(metric_task_reference_fault(verdicts, text_span_of("True")));
    assert_non_null(metric_task_reference_fault(metric_task_find(text_span_of("tpo")), text_span_of(" \n")));
}

static void assert_span(text_span span, const char *expected) {
    assert_true(text_equal(span, text_span_of(expected)));
}

static void test_spans(void **state) {
    (void)state;
    assert_span(text_strip(text_span_of("\u3000 a b\u00a0\n")), "a b");
    assert_span(text_strip(text_span_of(" \t")), "");
    assert_span(text_first_line(text_span_of("\n\na\nb")), "a");
    assert_span(text_first_line(text_span_of("\n")), "");
    assert_int_equal(text_find(text_span_of("abc"), text_span_of("bc")), 1);
    assert_int_equal(text_find(text_span_of("abc"), text_span_of("cd")), 4);
    assert_int_equal(text_find(text_span_of(""), text_span_of("a")), 1);
    assert_int_equal(text_find(text_span_of("abc"), text_span_of("")), 0);
    assert_span(text_cut(text_span_of("abc"), 2, 9), "c");
    assert_span(text_cut(text_span_of("abc"), 9, 9), "");
}

/* Bytes that are no UTF-8 become U+FFFD, one each; what is valid stays. */
static void test_repaired(void **state) {
    text_made made = {0};
    (void)state;
    text_made_add_repaired(&made, text_span_of("a\xc3\xa9\xe2\x82 \xff"));
    assert_span(text_made_span(&made), "a\xc3\xa9\xef\xbf\xbd\xef\xbf\xbd \xef\xbf\xbd");
    text_made_free(&made);
    text_made_add_replaced(&made, text_span_of("aaa b"), "aa", "c");
    assert_span(text_made_span(&made), "ca b");
    text_made_free(&made);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),          cmocka_unit_test(test_table),
        cmocka_unit_test(test_best_reference), cmocka_unit_test(test_words_needed),
        cmocka_unit_test(test_right_or_wrong), cmocka_unit_test(test_reference_faults),
        cmocka_unit_test(test_spans),          cmocka_unit_test(test_repaired)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
