/* LongBench's measures of an answer. */
#include "eval/metric_answer.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <stdio.h>

/* The scores are those of tests/oracle/longbench_metrics.py. */
typedef struct scored_pair {
    const char *answer, *right;
    double score;
} scored_pair;

static const scored_pair qa_pairs[] = {
    {"The cat sat on a mat.", "cat on the mat", 0.8571428571428571},
    {"", "cat", 0},
    {"cat", "", 0},
    {"the a an", "the", 0},
    {"Well-known, U.S.A.!", "wellknown usa", 1},
    {"red red red blue", "red blue blue", 0.5714285714285714},
    {"the—end is near", "—end", 0.5},
    {"ÉCLAIR and straße", "éclair STRASSE straße", 0.66666666666666663},
    {"a–b", "b", 0},
    {"İstanbul", "i̇stanbul", 1},
    {"athens the theory", "athens theory", 1},
    {"x_y `z`", "xy z", 1},
};

/* White space stands between the words. 《 is none of the published marks. */
static const scored_pair chinese_pairs[] = {
    {"我 来到 北京 清华大学", "我 ， 在 《 清华大学 》 。", 0.5},
    {"我 我 我 你", "我 你 你", 0.5714285714285714},
    {"GPU-A 、 “ ５０％ ”", "gpua \n ５０", 1},
    {"…… ！ . ，", "。", 0},
    {"", "北京", 0},
    {"北京", "", 0},
    {"· 〈 ．", "· 〈 ．", 1},
};

static const scored_pair rouge_pairs[] = {
    {"the cat sat. the dog ran", "the cat ran. a dog sat", 0.90909090413223148},
    {"w1 w2 w6 w7 w8. w1 w3 w8 w9 w5", "w1 w2 w3 w4 w5", 0.61538461065088768},
    {"", "a", 0},
    {"...", "a b", 0},
    {"a. ", "a. ", 0.99999999500000003},
    {" ", "a b", 0},
    {"a b c d", "d c b a", 0.24999999500000009},
    {"a b a b", "b a b a", 0.99999999500000003},
    {"x y z", "y x z. z y x", 0.66666666166666677},
    {"one two three four five", "one three five", 0.74999999531249995},
    {"Same  text\nhere.", "Same text here.", 0.99999999500000003},
    {"1.5 is it", "1.5 was it", 0.74999999500000003},
};

static const scored_pair code_pairs[] = {
    {"return x + 1", "return x + 2", 0.92000000000000004},
    {"# note\n  return x\n", "  return y", 0.90000000000000002},
    {"```\nfoo()\n```", "foo()", 1},
    {"\n\n", "x", 0},
    {"// only\n# marks", "x", 0},
    {"", "x", 0},
    {"abcdefgh", "a", 0.22},
    {"äöü = 1", "äöu = 1", 0.85999999999999999},
    {"ab", "cd", 0},
    {"aaaaaaaaaaaaa", "aaabbbbbbbbbbbbb", 0.20999999999999999},
};

static const scored_pair count_pairs[] = {
    {"12, 12 and 13", "12", 0.66666666666666663},
    {"none", "12", 0},
    {"012 12", "12", 0.5},
    {"１２ 12", "12", 0.5},
    {"12", "12", 1},
};

static const scored_pair retrieval_pairs[] = {
    {"Paragraph 3", "Paragraph 3", 1},
    {"3 or 4", "Paragraph 4", 0.5},
    {"no", "Paragraph 4", 0},
    {"paragraph 12", "See Paragraph x, Paragraph 12", 1},
};

static const scored_pair class_pairs[] = {
    {"City", "City", 1},
    {"It is City or town", "City or town", 1},
    {"City or town, Other", "City or town", 0.5},
    {"Other city", "Other", 0.5},
    {"Other city", "Other city", 1},
    {"nothing", "City", 0},
    {"City and Other", "City", 0.5},
};

static const char *const class_names[] = {"City", "City or town", "town", "Other", "Other city"};

static void test_qa(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof qa_pairs / sizeof *qa_pairs; i++) {
        text_span said = text_span_of(qa_pairs[i].answer), right = text_span_of(qa_pairs[i].right);
        double score = -1;
        assert_true(metric_qa_f1(said, right, &score));
        if (fabs(score - qa_pairs[i].score) > 1e-14) fail_msg("%s: %.17g", qa_pairs[i].answer, score);
    }
}

static void test_chinese_qa(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof chinese_pairs / sizeof *chinese_pairs; i++) {
        text_span said = text_span_of(chinese_pairs[i].answer), right = text_span_of(chinese_pairs[i].right);
        double score = -1;
        assert_true(metric_qa_f1_chinese(said, right, &score));
        if (fabs(score - chinese_pairs[i].score) > 1e-14) fail_msg("%s: %.17g", chinese_pairs[i].answer, score);
    }
}

static void test_rouge(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof rouge_pairs / sizeof *rouge_pairs; i++) {
        text_span said = text_span_of(rouge_pairs[i].answer), right = text_span_of(rouge_pairs[i].right);
        double score = -1;
        assert_true(metric_rouge_l(said, right, &score));
        if (fabs(score - rouge_pairs[i].score) > 1e-14) fail_msg("%s: %.17g", rouge_pairs[i].answer, score);
    }
}

static void test_code(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof code_pairs / sizeof *code_pairs; i++) {
        text_span said = text_span_of(code_pairs[i].answer), right = text_span_of(code_pairs[i].right);
        double score = -1;
        assert_true(metric_code(said, right, &score));
        if (fabs(score - code_pairs[i].score) > 1e-14) fail_msg("%s: %.17g", code_pairs[i].answer, score);
    }
}

static void test_count(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof count_pairs / sizeof *count_pairs; i++) {
        text_span said = text_span_of(count_pairs[i].answer), right = text_span_of(count_pairs[i].right);
        double score = -1;
        metric_count(said, right, &score);
        if (fabs(score - count_pairs[i].score) > 1e-14) fail_msg("%s: %.17g", count_pairs[i].answer, score);
    }
}

static void test_retrieval(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof retrieval_pairs / sizeof *retrieval_pairs; i++) {
        text_span said = text_span_of(retrieval_pairs[i].answer),
                  right = text_span_of(retrieval_pairs[i].right);
        double score = -1;
        metric_retrieval(said, right, "Paragraph ", &score);
        if (fabs(score - retrieval_pairs[i].score) > 1e-14)
            fail_msg("%s: %.17g", retrieval_pairs[i].answer, score);
    }
}

static void test_classes(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof class_pairs / sizeof *class_pairs; i++) {
        text_span said = text_span_of(class_pairs[i].answer), right = text_span_of(class_pairs[i].right);
        double score = -1;
        text_span names[5];
        for (int k = 0; k < 5; k++) names[k] = text_span_of(class_names[k]);
        assert_true(metric_classes(said, right, names, 5, &score));
        if (fabs(score - class_pairs[i].score) > 1e-14) fail_msg("%s: %.17g", class_pairs[i].answer, score);
    }
}

/* The name behind one that was taken out is not looked at, so that York stays. */
static void test_skipped_class(void **state) {
    const text_span names[] = {text_span_of("New York City"), text_span_of("City"), text_span_of("York")};
    const text_span said = text_span_of("in New York City");
    double score = -1;
    (void)state;
    assert_true(metric_classes(said, names[0], names, 3, &score));
    assert_true(score == 0.5);
    assert_true(metric_classes(said, names[0], names, 0, &score));
    assert_true(score == 0);
}

/* A reference without its number, and texts with a NUL and with bytes that are no UTF-8. */
static void test_odd_texts(void **state) {
    text_span number;
    double score = -1;
    (void)state;
    assert_false(metric_retrieval_number(text_span_of("Paragraph one"), "Paragraph ", &number));
    metric_retrieval(text_span_of("1"), text_span_of("Paragraph one"), "Paragraph ", &score);
    assert_true(score == 0);
    assert_true(metric_qa_f1((text_span){"a\0b c", 5}, (text_span){"a\0b c", 5}, &score));
    assert_true(score == 1);
    assert_true(metric_code(text_span_of("x\xff"), text_span_of("x\xc3"), &score));
    assert_true(score == 1); /* either is a replacement character */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_qa),      cmocka_unit_test(test_chinese_qa),    cmocka_unit_test(test_rouge),
        cmocka_unit_test(test_code),    cmocka_unit_test(test_count),         cmocka_unit_test(test_retrieval),
        cmocka_unit_test(test_classes), cmocka_unit_test(test_skipped_class), cmocka_unit_test(test_odd_texts)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
