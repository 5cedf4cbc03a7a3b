/* What `auto` chooses, keeps and says, and the advice for a context past a plan's limit. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "plan/plan.h"

#include <string.h>

static sxt_plan_request ask(const char *text, int64_t trained, int64_t sliding, bool rotary) {
    sxt_plan_model model = {.n_ctx_train = trained, .sliding_window = sliding, .rotary = rotary};
    sxt_plan_request request;
    assert_int_equal(sxt_plan_parse(text, &model, &request, NULL), SXT_OK);
    return request;
}

static void assert_choice(const sxt_plan_request *request, int64_t length, const char *plan, const char *why) {
    char reason[160], text[96];
    sxt_plan chosen = sxt_plan_choose(request, length, NULL, reason, sizeof reason);
    sxt_plan_print(&chosen, text, sizeof text);
    assert_string_equal(text, plan);
    assert_string_equal(reason, why);
}

static void test_choices(void **state) {
    (void)state;
    sxt_plan_request request = ask("auto", 256, 0, true);
    assert_choice(&request, 1, "none", "1 tokens fit the trained window of 256");
    assert_choice(&request, 256, "none", "256 tokens fit the trained window of 256");
    assert_choice(&request, 512, "self-extend:group=8,window=64",
                  "512 tokens do not fit the trained window of 256: far keys in groups of 8");
    assert_choice(&request, 1024, "self-extend:group=16,window=64",
                  "1024 tokens do not fit the trained window of 256: far keys in groups of 16");
    assert_choice(&request, 2048, "self-extend:group=32,window=64",
                  "2048 tokens do not fit the trained window of 256: far keys in groups of 32");
}

static void test_models_that_cannot_or_need_not(void **state) {
    (void)state;
    sxt_plan_request alibi = ask("auto", 256, 0, false), slides = ask("auto", 256, 128, true);
    sxt_plan_request wide = ask("auto", 256, 300, true);
    assert_choice(&alibi, 300, "none",
                  "300 tokens do not fit the trained window of 256, and the model has no rotary positions to "
                  "regroup");
    assert_choice(&slides, 300, "none",
                  "the model's sliding window of 128 keeps every key inside the trained window of 256");
    assert_choice(&wide, 300, "self-extend:group=4,window=64",
                  "300 tokens do not fit the trained window of 256: far keys in groups of 4");
}

static void test_fixed_plans_stay(void **state) {
    (void)state;
    char reason[160] = "x";
    sxt_plan_request fixed = ask("self-extend:group=5", 256, 0, true), automatic = ask("auto", 256, 0, true);
    sxt_plan other = sxt_plan_choose(&automatic, 2048, NULL, NULL, 0);
    sxt_plan chosen = sxt_plan_choose(&fixed, 100000, &other, reason, sizeof reason);
    assert_true(sxt_plan_equal(&chosen, &fixed.fixed));
    assert_string_equal(reason, "");
}

/* Every choice is inside its limit, and for windows of a useful size obeys W + (N - W)/G <= 2/3 L. */
static void test_choices_fit(void **state) {
    (void)state;
    for (int64_t trained = 2; trained < 5000; trained = trained * 3 / 2 + 1) {
        sxt_plan_request request = ask("auto", trained, 0, true);
        for (int64_t length = 1; length < 70 * trained; length += 1 + length / 7) {
            sxt_plan plan = sxt_plan_choose(&request, length, NULL, NULL, 0);
            int64_t w = plan.neighbor_window, g = plan.group_size;
            assert_true(sxt_plan_limit(&plan) >= length);
            assert_int_equal(length <= trained, w == 0);
            if (length <= trained || trained < 8) continue;
            assert_true(3 * (w * g + length - w) <= 2 * g * trained);
            if ((trained & (trained - 1)) == 0 && g <= w) assert_int_equal(w % g, 0);
        }
    }
    sxt_plan_request request = ask("auto", 4096, 0, true);
    sxt_plan plan = sxt_plan_choose(&request, INT64_MAX, NULL, NULL, 0);
    assert_true(plan.group_size > 1);
}

/* A conversation that grows token by token changes its plan rarely, and always fits. */
static void test_hysteresis_while_growing(void **state) {
    (void)state;
    sxt_plan_request request = ask("auto", 256, 0, true);
    sxt_plan plan = sxt_plan_choose(&request, 1, NULL, NULL, 0);
    int changes = 0;
    for (int64_t length = 2; length <= 6 * 256; length++) {
        sxt_plan next = sxt_plan_choose(&request, length, &plan, NULL, 0);
        if (!sxt_plan_equal(&next, &plan)) changes++;
        assert_true(sxt_plan_limit(&next) >= length);
        plan = next;
    }
    assert_int_equal(changes, 3); /* to groups of 4, 8, 16 */
    assert_int_equal(plan.group_size, 16);
}

static void test_hysteresis_when_shrinking(void **state) {
    (void)state;
    sxt_plan_request request = ask("auto", 256, 0, true);
    sxt_plan plan = sxt_plan_choose(&request, 1024, NULL, NULL, 0);
    sxt_plan kept = sxt_plan_choose(&request, 700, &plan, NULL, 0);
    assert_true(sxt_plan_equal(&plan, &kept));
    sxt_plan back = sxt_plan_choose(&request, 256, &plan, NULL, 0);
    assert_int_equal(back.neighbor_window, 0);
    plan = sxt_plan_choose(&request, 8192, NULL, NULL, 0);
    sxt_plan finer = sxt_plan_choose(&request, 300, &plan, NULL, 0);
    assert_int_equal(finer.group_size, 4);
}

static void test_advice(void **state) {
    (void)state;
    char advice[192];
    sxt_plan_request request = ask("self-extend:group=8,window=64", 256, 0, true);
    sxt_plan_advice(&request, &request.fixed, 1600, advice, sizeof advice);
    assert_string_equal(advice, "");
    sxt_plan_advice(&request, &request.fixed, 1601, advice, sizeof advice);
    assert_string_equal(advice,
                        "1601 tokens are past this plan's limit of 1600; self-extend:group=32,window=64 "
                        "reaches 6208");
    request = ask("none", 256, 0, true);
    sxt_plan_advice(&request, &request.fixed, 512, advice, sizeof advice);
    assert_string_equal(
        advice, "512 tokens are past this plan's limit of 256; self-extend:group=8,window=64 reaches 1600");
    request = ask("none", 256, 0, false);
    sxt_plan_advice(&request, &request.fixed, 512, advice, sizeof advice);
    assert_string_equal(advice, "512 tokens are past this model's limit of 256");
    request = ask("streaming:prefill=dense,prompt=300", 256, 0, true);
    sxt_plan_advice(&request, &request.fixed, 512, advice, sizeof advice);
    assert_string_equal(advice,
                        "a dense prompt of 300 tokens leaves the trained window of 256; prefill=stream does "
                        "not; self-extend:group=8,window=64 reaches 1600");
    sxt_plan_advice(&request, &request.fixed, 256, advice, sizeof advice);
    assert_string_equal(advice, "");
    request = ask("streaming:prefill=dense,prompt=256", 256, 0, true);
    sxt_plan_advice(&request, &request.fixed, 100000, advice, sizeof advice);
    assert_string_equal(advice, "");
}

static void test_short_buffers(void **state) {
    (void)state;
    char text[8] = "zzzzzzz";
    sxt_plan_request request = ask("auto", 256, 0, true);
    sxt_plan plan = sxt_plan_choose(&request, 512, NULL, text, sizeof text);
    assert_string_equal(text, "512 tok");
    plan.group_size = 1;
    sxt_plan_advice(&request, &plan, 512, text, 4);
    assert_string_equal(text, "512");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_choices),
        cmocka_unit_test(test_models_that_cannot_or_need_not),
        cmocka_unit_test(test_fixed_plans_stay),
        cmocka_unit_test(test_choices_fit),
        cmocka_unit_test(test_hysteresis_while_growing),
        cmocka_unit_test(test_hysteresis_when_shrinking),
        cmocka_unit_test(test_advice),
        cmocka_unit_test(test_short_buffers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
