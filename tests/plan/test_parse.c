/* Plans as users write them: what is accepted, and what a refusal says. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "plan/nearest.h"
#include "plan/plan.h"

#include <string.h>

static const sxt_plan_model model = {.n_ctx_train = 256, .rotary = true};

static void assert_plan(const char *text, const char *canonical) {
    sxt_plan_request request;
    sxt_error error;
    char printed[96];
    assert_int_equal(sxt_plan_parse(text, &model, &request, &error), SXT_OK);
    assert_false(request.is_auto);
    sxt_plan_print(&request.fixed, printed, sizeof printed);
    assert_string_equal(printed, canonical);
}

/* Refused, with a line that holds both pieces. */
static void assert_refused_for(const sxt_plan_model *m, const char *text, const char *piece,
                               const char *other) {
    sxt_plan_request request = {.fixed = {.group_size = 77}};
    sxt_error error = {0};
    assert_int_equal(sxt_plan_parse(text, m, &request, &error), SXT_E_ARGUMENT);
    if (!strstr(error.text, piece) || !strstr(error.text, other))
        fail_msg("'%s' gave '%s', without '%s' or '%s'", text, error.text, piece, other);
    assert_null(strchr(error.text, '\n'));
    assert_int_equal(request.fixed.group_size, 77);
    assert_int_equal(sxt_plan_parse(text, m, &request, NULL), SXT_E_ARGUMENT);
}

static void assert_refused(const char *text, const char *piece, const char *other) {
    assert_refused_for(&model, text, piece, other);
}

static void test_accepted(void **state) {
    (void)state;
    assert_plan("none", "none");
    assert_plan("self-extend", "self-extend:group=8,window=64");
    assert_plan("self-extend:group=16", "self-extend:group=16,window=64");
    assert_plan("self-extend:window=255,group=1", "self-extend:group=1,window=255");
    assert_plan("self-extend:window=1", "self-extend:group=8,window=1");
    assert_plan("self-extend:group=9223372036854775807", "self-extend:group=9223372036854775807,window=64");
    sxt_plan_request request;
    assert_int_equal(sxt_plan_parse("auto", &model, &request, NULL), SXT_OK);
    assert_true(request.is_auto);
}

static void test_unknown_names(void **state) {
    (void)state;
    assert_refused("self-extnd", "did you mean 'self-extend'", "none, self-extend, auto");
    assert_refused("atuo", "did you mean 'auto'", "none, self-extend, auto");
    assert_refused("", "did you mean", "none, self-extend, auto");
    assert_refused("None", "did you mean 'none'", "none");
    assert_refused(" none", "did you mean 'none'", "none");
    assert_refused("self-extend:groups=8", "did you mean 'group'", "group, window");
    assert_refused("self-extend:widnow=8", "did you mean 'window'", "group, window");
    assert_refused("none:group=8", "takes no parameters", "group");
    assert_refused("auto:group=8", "takes no parameters", "group");
    assert_refused("a-name-that-is-much-longer-than-any-plan-that-anybody-would-ever-write-down", "no plan has",
                   "");
}

static void test_ranges(void **state) {
    (void)state;
    assert_refused("self-extend:group=0", "group=0", "at least 1");
    assert_refused("self-extend:window=0", "window=0", "between 1 and 255");
    assert_refused("self-extend:window=256", "window=256", "between 1 and 255");
    assert_refused("self-extend:window=9223372036854775807", "out of range", "255");
}

static void test_strict_syntax(void **state) {
    (void)state;
    static const char *const bad_values[] = {
        "-1", "+8", "8.5", "8x", " 8", "8 ", "0x8", "1e2", "9223372036854775808", "eight"};
    for (size_t i = 0; i < sizeof bad_values / sizeof *bad_values; i++) {
        char text[64] = "self-extend:group=";
        strcat(text, bad_values[i]);
        assert_refused(text, "not a whole number", bad_values[i]);
    }
    assert_refused("self-extend:group=8,group=8", "group is given twice", "");
    assert_refused("self-extend:", "write name=value", "");
    assert_refused("self-extend:group", "'group' is not a parameter", "name=value");
    assert_refused("self-extend:group=", "write name=value", "");
    assert_refused("self-extend:=8", "write name=value", "");
    assert_refused("self-extend:group=8,", "write name=value", "");
    assert_refused("self-extend:,group=8", "write name=value", "");
    assert_refused("self-extend:group=8,,window=4", "write name=value", "");
    assert_refused("self-extend:group=8:window=4", "not a whole number", "");
    assert_refused("self-extend:a=1,b=1,c=1,d=1,e=1,f=1,g=1,h=1,i=1", "more than 8", "");
    assert_refused("self-extend:group=00000000000000000000000000000000000008", "write name=value", "");
    assert_refused("\xff\n", "no plan is called '\?\?'", "");
}

static void test_models_without_a_far_band(void **state) {
    (void)state;
    sxt_plan_model alibi = {.n_ctx_train = 256}, tiny = {.n_ctx_train = 1, .rotary = true};
    sxt_plan_request request;
    assert_refused_for(&alibi, "self-extend", "no rotary positions", "use none");
    assert_refused_for(&tiny, "self-extend", "trained window of 1", "use none");
    assert_int_equal(sxt_plan_parse("none", &alibi, &request, NULL), SXT_OK);
    assert_int_equal(sxt_plan_parse("auto", &alibi, &request, NULL), SXT_OK);
}

static void test_nearest_name(void **state) {
    (void)state;
    static const char *const names[] = {"kitten", "sitting", "window"};
    assert_int_equal(sxt_nearest_name("mitten", names, 3), 0);
    assert_int_equal(sxt_nearest_name("siting", names, 3), 1);
    assert_int_equal(sxt_nearest_name("widow", names, 3), 2);
    assert_int_equal(sxt_nearest_name("", names, 3), 0);
}

static void test_method_list(void **state) {
    (void)state;
    const char *summary = NULL;
    int64_t n = 0;
    for (; sxt_plan_method_at(n, &summary); n++) assert_true(strlen(summary) > 10);
    assert_int_equal(n, 3);
    assert_string_equal(sxt_plan_method_at(0, NULL), "none");
    assert_string_equal(sxt_plan_method_at(2, NULL), "auto");
    assert_null(sxt_plan_method_at(-1, &summary));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_accepted),
        cmocka_unit_test(test_unknown_names),
        cmocka_unit_test(test_ranges),
        cmocka_unit_test(test_strict_syntax),
        cmocka_unit_test(test_models_without_a_far_band),
        cmocka_unit_test(test_nearest_name),
        cmocka_unit_test(test_method_list),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
