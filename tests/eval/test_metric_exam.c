/* L-Eval's exact match and LongChat's line retrieval. */
#include "eval/metric_exam.h"

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

static const scored_pair choice_pairs[] = {
    {"B", "B", 1},
    {"(B) They", "(B) They left", 1},
    {"The answer is C.", "C", 1},
    {"none", "A", 1},
    {"", "A", 0},
    {"BC", "B", 0},
    {"Because D", "B", 1},
};

static const scored_pair choices_pairs[] = {
    {"AC", "AC", 1},     {"CA", "AC", 1},   {"A, C and D.", "ACD", 1},
    {"A", "AC", 0.25},   {"B", "AC", 0},    {"B.\nQuestion 2: A.", "B", 1},
    {"none", "A", 1},    {"xCAx", "CA", 1}, {"xCAx", "AC", 0.25},
    {"ABCD", "ABCD", 1}, {" A ", "A", 1},   {"", "AB", 0},
};

static const scored_pair number_pairs[] = {
    {"The answer is 42.", "42", 1},
    {"so it is $1,234.50 in all", "1234", 1},
    {"7 apples\n\nor 8", "7", 1},
    {"The answer is 5 or 6", "6", 0},
    {"none", "3", 0},
    {"The answer is  9 of 3", "3", 1},
    {"007", "7", 1},
};

static const scored_pair output_pairs[] = {
    {"the final output is [1, 2, 3]", "[1 2 3]", 1},
    {"It prints 3.0", "3", 1},
    {"a b c d e f 12", "12", 1},
    {"12 a b c d e", "12", 0},
    {"'abc' printed", "abc", 1},
    {"[ [1], [2] ]", "[[1][2]]", 1},
    {"", "x", 0},
};

static const scored_pair verdict_pairs[] = {
    {"True [fact: False]", "True [fact: False]", 1},
    {"true. [fact: It is true]", "True [fact: False]", 0.5},
    {"No [fact: untrue]", "False [fact: True]", 0.5},
    {" [fact: ]", "True [fact: True]", 0},
};

static const scored_pair text_pairs[] = {
    {"The first topic is The Role of Art.", "the role of art", 1},
    {"12.0", "12", 1},
    {"1_0", "10", 1},
    {"nan", "nan", 0},
    {"0x10", "16", 0},
    {"", "AB", 0.25},
    {"A", "AB", 0.25},
    {"E", "AB", 0},
    {"x", "y", 0},
};

static const scored_pair line_pairs[] = {
    {"It is <2416>.", "2416", 1},
    {"2416, not 17", "2416", 0},
    {"02416", "2416", 1},
    {"none", "0", 0},
};

static void test_choice(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof choice_pairs / sizeof *choice_pairs; i++) {
        text_span said = text_span_of(choice_pairs[i].answer), right = text_span_of(choice_pairs[i].right);
        double score = -1;
        assert_true(metric_exam_choice(said, right, false, &score));
        if (fabs(score - choice_pairs[i].score) > 1e-14) fail_msg("%s: %.17g", choice_pairs[i].answer, score);
    }
}

static void test_choices(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof choices_pairs / sizeof *choices_pairs; i++) {
        text_span said = text_span_of(choices_pairs[i].answer), right = text_span_of(choices_pairs[i].right);
        double score = -1;
        assert_true(metric_exam_choice(said, right, true, &score));
        if (fabs(score - choices_pairs[i].score) > 1e-14) fail_msg("%s: %.17g", choices_pairs[i].answer, score);
    }
}

static void test_number(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof number_pairs / sizeof *number_pairs; i++) {
        text_span said = text_span_of(number_pairs[i].answer), right = text_span_of(number_pairs[i].right);
        double score = -1;
        assert_true(metric_exam_number(said, right, &score));
        if (fabs(score - number_pairs[i].score) > 1e-14) fail_msg("%s: %.17g", number_pairs[i].answer, score);
    }
}

static void test_output(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof output_pairs / sizeof *output_pairs; i++) {
        text_span said = text_span_of(output_pairs[i].answer), right = text_span_of(output_pairs[i].right);
        double score = -1;
        assert_true(metric_exam_output(said, right, &score));
        if (fabs(score - output_pairs[i].score) > 1e-14) fail_msg("%s: %.17g", output_pairs[i].answer, score);
    }
}

static void test_verdicts(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof verdict_pairs / sizeof *verdict_pairs; i++) {
        text_span said = text_span_of(verdict_pairs[i].answer), right = text_span_of(verdict_pairs[i].right);
        double score = -1;
        assert_true(metric_exam_verdicts(said, right, &score));
        if (fabs(score - verdict_pairs[i].score) > 1e-14) fail_msg("%s: %.17g", verdict_pairs[i].answer, score);
    }
}

static void test_text(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof text_pairs / sizeof *text_pairs; i++) {
        text_span said = text_span_of(text_pairs[i].answer), right = text_span_of(text_pairs[i].right);
        double score = -1;
        assert_true(metric_exam_text(said, right, &score));
        if (fabs(score - text_pairs[i].score) > 1e-14) fail_msg("%s: %.17g", text_pairs[i].answer, score);
    }
}

static void test_line(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof line_pairs / sizeof *line_pairs; i++) {
        text_span said = text_span_of(line_pairs[i].answer), right = text_span_of(line_pairs[i].right);
        double score = -1;
        metric_last_number(said, right, &score);
        if (fabs(score - line_pairs[i].score) > 1e-14) fail_msg("%s: %.17g", line_pairs[i].answer, score);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_choice),   cmocka_unit_test(test_choices),
                                       cmocka_unit_test(test_number),   cmocka_unit_test(test_output),
                                       cmocka_unit_test(test_verdicts), cmocka_unit_test(test_text),
                                       cmocka_unit_test(test_line)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
