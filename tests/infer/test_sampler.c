/* The sampler cuts where its parameters say and repeats itself for a seed. */
#include "infer/sampler.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <string.h>

static const float logits[5] = {0.0f, 2.0f, 1.0f, 2.0f, -1.0f};

static sxt_sampler make(const sxt_sampler_params *params) {
    sxt_sampler s = {0};
    assert_int_equal(sxt_sampler_make(&s, 5, NULL), SXT_OK);
    assert_int_equal(sxt_sampler_set(&s, params, NULL), SXT_OK);
    return s;
}

/* Share of each id in n draws. */
static void draw(const sxt_sampler_params *params, int n, double share[5]) {
    sxt_sampler s = make(params);
    memset(share, 0, 5 * sizeof *share);
    for (int i = 0; i < n; i++) share[sxt_sampler_choose(&s, logits, NULL, 0)] += 1.0 / n;
    sxt_sampler_free(&s);
}

static void greedy_takes_the_lower_id_of_equals(void **state) {
    (void)state;
    sxt_sampler_params p = sxt_sampler_params_default();
    sxt_sampler s = make(&p);
    assert_int_equal(sxt_sampler_choose(&s, logits, NULL, 0), 1);
    sxt_sampler_free(&s);
}

static void shares_follow_softmax(void **state) {
    (void)state;
    sxt_sampler_params p = sxt_sampler_params_default();
    p.temperature = 0.7f;
    double share[5], total = 0;
    draw(&p, 200000, share);
    for (int i = 0; i < 5; i++) total += exp((double)logits[i] / 0.7);
    for (int i = 0; i < 5; i++) assert_true(fabs(share[i] - exp((double)logits[i] / 0.7) / total) < 0.005);
}

static void cuts_leave_what_they_say(void **state) {
    (void)state;
    sxt_sampler_params p = sxt_sampler_params_default();
    double share[5];
    p.temperature = 1;
    p.top_k = 3;
    draw(&p, 5000, share);
    assert_true(share[0] == 0 && share[4] == 0 && share[2] > 0);
    p.top_k = 0;
    p.top_p = 0.5f; /* the two leaders hold 0.39 each: the second reaches 0.5 */
    draw(&p, 5000, share);
    assert_true(share[2] == 0 && share[1] > 0 && share[3] > 0);
    p.top_p = 1;
    p.min_p = 0.2f; /* exp(-1) = 0.37 stays, exp(-2) = 0.135 goes */
    draw(&p, 5000, share);
    assert_true(share[0] == 0 && share[2] > 0);
}

static void penalty_lowers_what_was_said(void **state) {
    (void)state;
    sxt_sampler_params p = sxt_sampler_params_default();
    p.repeat_penalty = 1.5f;
    sxt_sampler s = make(&p);
    const int32_t history[] = {3, 1, 1};
    /* 2 / 1.5 stays above 1: still a leader, once however often it was said */
    assert_int_equal(sxt_sampler_choose(&s, logits, history, 3), 1);
    assert_int_equal(sxt_sampler_choose(&s, logits, history + 1, 2), 3);
    sxt_sampler_free(&s);
}

static void a_seed_repeats(void **state) {
    (void)state;
    sxt_sampler_params p = sxt_sampler_params_default();
    p.temperature = 1;
    p.seed = 42;
    sxt_sampler a = make(&p), b = make(&p);
    int differ = 0;
    for (int i = 0; i < 100; i++)
        differ += sxt_sampler_choose(&a, logits, NULL, 0) != sxt_sampler_choose(&b, logits, NULL, 0);
    assert_int_equal(differ, 0);
    sxt_sampler_free(&a);
    sxt_sampler_free(&b);
}

static void ranges_are_checked(void **state) {
    (void)state;
    sxt_sampler s = {0};
    sxt_error error;
    sxt_sampler_params p = sxt_sampler_params_default();
    p.top_p = NAN;
    assert_int_equal(sxt_sampler_set(&s, &p, &error), SXT_E_ARGUMENT);
    assert_non_null(strstr(error.text, "top_p"));
    p = sxt_sampler_params_default();
    p.temperature = -1;
    assert_int_equal(sxt_sampler_set(&s, &p, &error), SXT_E_ARGUMENT);
    p = sxt_sampler_params_default();
    p.top_k = -1;
    assert_int_equal(sxt_sampler_set(&s, &p, &error), SXT_E_ARGUMENT);
}

/* An embedding may have more rows than the tokenizer has tokens, and a history may hold them. */
static void penalty_passes_over_rows_without_text(void **state) {
    (void)state;
    sxt_sampler_params p = sxt_sampler_params_default();
    p.repeat_penalty = 1.5f;
    sxt_sampler s = make(&p);
    const int32_t history[] = {5, 100000, 1};
    assert_int_equal(sxt_sampler_choose(&s, logits, history, 3), 3);
    sxt_sampler_free(&s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(greedy_takes_the_lower_id_of_equals),
        cmocka_unit_test(shares_follow_softmax),
        cmocka_unit_test(cuts_leave_what_they_say),
        cmocka_unit_test(penalty_lowers_what_was_said),
        cmocka_unit_test(penalty_passes_over_rows_without_text),
        cmocka_unit_test(a_seed_repeats),
        cmocka_unit_test(ranges_are_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
