/* Every plan's bands against matrices written from the definition, and limits against brute force. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "plan/plan.h"

#include <stdio.h>
#include <string.h>

enum { UNSEEN = -1 };

static sxt_plan make_plan(const char *text, int64_t trained, int64_t sliding) {
    static const sxt_rope_params rope = {.scaling = SXT_ROPE_LONGROPE}; /* what one method needs */
    sxt_plan_model model = {.n_ctx_train = trained, .sliding_window = sliding, .rotary = true, .rope = &rope};
    sxt_plan_request request;
    sxt_error error;
    assert_int_equal(sxt_plan_parse(text, &model, &request, &error), SXT_OK);
    return request.fixed;
}

static sxt_plan self_extend(int64_t group, int64_t window, int64_t trained) {
    char text[96];
    snprintf(text, sizeof text, "self-extend:group=%lld,window=%lld", (long long)group, (long long)window);
    return make_plan(text, trained, 0);
}

/* Relative position of key j for query i as the bands tell it; UNSEEN when no band holds the key. */
static double from_bands(const sxt_plan *plan, int64_t i, int64_t j, int64_t sliding) {
    sxt_band bands[SXT_PLAN_MAX_BANDS];
    int n = sxt_plan_bands(plan, i, sliding, bands);
    for (int b = 0; b < n; b++)
        if (j >= bands[b].first_key && j < bands[b].end_key)
            return (bands[b].query_pos - sxt_plan_key_pos(plan, bands[b].key_map, j)) *
                   sxt_plan_unit(plan, bands[b].key_map);
    return UNSEEN;
}

/* Section "SelfExtend" of the definition, key by key. */
static double oracle(int64_t i, int64_t j, int64_t group, int64_t window, int64_t sliding) {
    if (j > i || (sliding > 0 && i - j >= sliding)) return UNSEEN;
    if (i - j < window) return (double)(i - j);
    return (double)(i / group + window - window / group - j / group);
}

static void assert_well_formed(const sxt_plan *plan, int64_t i, int64_t sliding) {
    sxt_band bands[SXT_PLAN_MAX_BANDS];
    int n = sxt_plan_bands(plan, i, sliding, bands);
    int64_t end = 0;
    assert_in_range(n, 0, SXT_PLAN_MAX_BANDS);
    for (int b = 0; b < n; b++) {
        assert_true(bands[b].first_key >= end);
        assert_true(bands[b].end_key > bands[b].first_key);
        assert_true(bands[b].end_key <= i + 1);
        assert_in_range(bands[b].key_map, 0, SXT_PLAN_MAX_MAPS - 1);
        end = bands[b].end_key;
    }
}

static void test_golden_matrix(void **state) {
    (void)state;
    /* The paper's figure: L = 10, W = 4, G = 2. */
    static const char *const figure[10] = {"0",      "10",      "210",      "3210",      "43210",
                                           "443210", "5543210", "55443210", "665543210", "6655443210"};
    sxt_plan plan = self_extend(2, 4, 10);
    for (int64_t i = 0; i < 10; i++)
        for (int64_t j = 0; j <= i; j++) assert_int_equal((int)from_bands(&plan, i, j, 0), figure[i][j] - '0');
}

static void test_every_method_is_well_formed(void **state) {
    (void)state;
    const char *name;
    for (int64_t m = 0; (name = sxt_plan_method_at(m, NULL)); m++) {
        if (strcmp(name, "auto") == 0) continue;
        for (int64_t trained = 2; trained < 80; trained = trained * 2 + 1) {
            sxt_plan plan = make_plan(name, trained, 0);
            for (int64_t i = 0; i < 300; i++)
                for (int64_t sliding = 0; sliding < 40; sliding += 13) assert_well_formed(&plan, i, sliding);
            assert_well_formed(&plan, INT64_C(1) << 40, 0);
        }
    }
}

static void test_none_is_causal(void **state) {
    (void)state;
    sxt_plan plan = make_plan("none", 16, 0);
    for (int64_t i = 0; i < 40; i++)
        for (int64_t j = 0; j < 40; j++)
            for (int64_t sliding = 0; sliding < 30; sliding += 7)
                assert_true(from_bands(&plan, i, j, sliding) == oracle(i, j, 1, 1000, sliding));
}

static void test_self_extend_equals_definition(void **state) {
    (void)state;
    static const int64_t windows[] = {1, 2, 5, 16, 17, 31, 69, 70, 71, 200};
    for (int64_t group = 1; group <= 16; group++)
        for (size_t w = 0; w < sizeof windows / sizeof *windows; w++)
            for (int64_t sliding = 0; sliding < 70; sliding += 23) {
                sxt_plan plan = self_extend(group, windows[w], 256);
                for (int64_t i = 0; i < 71; i++) {
                    assert_well_formed(&plan, i, sliding);
                    for (int64_t j = 0; j < 71; j++)
                        assert_true(from_bands(&plan, i, j, sliding) ==
                                    oracle(i, j, group, windows[w], sliding));
                }
            }
}

/* Longest context, at most `most`, whose relative positions all stay below `trained`. */
static int64_t longest(int64_t group, int64_t window, int64_t trained, int64_t sliding, int64_t most) {
    for (int64_t i = 0; i < most; i++)
        for (int64_t j = 0; j <= i; j++)
            if (oracle(i, j, group, window, sliding) >= (double)trained) return i;
    return most;
}

static void test_limits_equal_brute_force(void **state) {
    (void)state;
    for (int64_t trained = 2; trained <= 14; trained += 3)
        for (int64_t window = 1; window < trained; window++)
            for (int64_t group = 1; group <= 6; group++) {
                sxt_plan plan = self_extend(group, window, trained);
                int64_t limit = sxt_plan_limit(&plan);
                assert_int_equal(limit, longest(group, window, trained, 0, limit + 5));
            }
    sxt_plan plan = make_plan("none", 12, 0);
    assert_int_equal(sxt_plan_limit(&plan), 12);
}

static void test_limits_under_a_sliding_window(void **state) {
    (void)state;
    enum { MOST = 150 };
    for (int64_t sliding = 1; sliding <= 66; sliding++)
        for (int64_t group = 1; group <= 5; group++) {
            char text[64];
            snprintf(text, sizeof text, "self-extend:group=%d,window=4", (int)group);
            sxt_plan plan = make_plan(text, 12, sliding), plain = make_plan("none", 12, sliding);
            int64_t limit = sxt_plan_limit(&plan);
            assert_int_equal(limit < MOST ? limit : MOST, longest(group, 4, 12, sliding, MOST));
            limit = sxt_plan_limit(&plain);
            assert_int_equal(limit < MOST ? limit : MOST, longest(1, 1000, 12, sliding, MOST));
        }
}

static void test_limit_saturates(void **state) {
    (void)state;
    sxt_plan plan = self_extend(INT64_MAX, 1024, 4096);
    assert_true(sxt_plan_limit(&plan) == INT64_MAX);
}

static void test_equality_and_text(void **state) {
    (void)state;
    char text[96];
    sxt_plan a = self_extend(8, 64, 256), b = self_extend(8, 64, 256), c = self_extend(16, 64, 256);
    sxt_plan d = self_extend(8, 63, 256), e = make_plan("none", 256, 0);
    assert_true(sxt_plan_equal(&a, &b));
    assert_false(sxt_plan_equal(&a, &c));
    assert_false(sxt_plan_equal(&a, &d));
    assert_false(sxt_plan_equal(&a, &e));
    sxt_plan_print(&a, text, sizeof text);
    assert_string_equal(text, "self-extend:group=8,window=64");
    sxt_plan_print(&e, text, sizeof text);
    assert_string_equal(text, "none");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_golden_matrix),
        cmocka_unit_test(test_every_method_is_well_formed),
        cmocka_unit_test(test_none_is_causal),
        cmocka_unit_test(test_self_extend_equals_definition),
        cmocka_unit_test(test_limits_equal_brute_force),
        cmocka_unit_test(test_limits_under_a_sliding_window),
        cmocka_unit_test(test_limit_saturates),
        cmocka_unit_test(test_equality_and_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
