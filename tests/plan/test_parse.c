/* Plans as users write them: what is accepted, and what a refusal says. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "plan/decimal.h"
#include "plan/nearest.h"
#include "plan/plan.h"

#include <stdio.h>
#include <stdlib.h>
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
    assert_refused("self-extnd", "did you mean 'self-extend'", "none, self-extend, ");
    assert_refused("atuo", "did you mean 'auto'", "none, self-extend, ");
    assert_refused("", "did you mean", "none, self-extend, ");
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

/* Without rotary positions only what leaves them alone can run. */
static void test_what_a_model_without_rotary_positions_takes(void **state) {
    (void)state;
    sxt_plan_model alibi = {.n_ctx_train = 256};
    static const char *const refused[] = {"self-extend", "rerope", "leaky-rerope", "lm-infinite", "dual-chunk"};
    static const char *const taken[] = {"none", "window", "streaming", "auto", "streaming+log-n"};
    sxt_plan_request request;
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        assert_refused_for(&alibi, refused[i], refused[i], "no rotary positions to move; use none, window or");
    for (size_t i = 0; i < sizeof taken / sizeof *taken; i++)
        assert_int_equal(sxt_plan_parse(taken[i], &alibi, &request, NULL), SXT_OK);
}

/* A window of no key divides the published codes: some fail, some see everything. */
static void test_no_method_takes_a_window_of_zero(void **state) {
    (void)state;
    const char *name;
    int n_windows = 0;
    for (int64_t m = 0; (name = sxt_plan_method_at(m, NULL)); m++) {
        sxt_plan_parameter_info parameters[SXT_PLAN_MAX_OPTIONS];
        int n = sxt_plan_parameters(name, &model, parameters);
        for (int p = 0; p < n; p++) {
            char text[96];
            if (strcmp(parameters[p].name, "window") != 0) continue;
            snprintf(text, sizeof text, "%s:window=0", name);
            assert_refused(text, "window=0 is out of range", "between 1 and 25");
            n_windows++;
        }
    }
    assert_true(n_windows >= 4);
}

static void test_values_of_other_kinds(void **state) {
    (void)state;
    static const char *const not_decimals[] = {"-1",  "+2",  "2.",  ".5",    "1e", "1e999", "nan",
                                               "inf", "0x4", "2,5", "1.2.3", " 2", "two"};
    for (size_t i = 0; i < sizeof not_decimals / sizeof *not_decimals; i++) {
        char text[64] = "leaky-rerope:k=";
        strcat(text, not_decimals[i]);
        assert_refused(text, strchr(text, ',') ? "not a parameter" : "not a number like 4 or 0.25", "");
    }
    assert_refused("leaky-rerope:k=0.999", "k=0.999 is out of range", "between 1 and 1000000");
    assert_refused("leaky-rerope:k=0", "k=0 is out of range", "");
    assert_refused("leaky-rerope:k=1111222233334444", "k=1111222233334444 is out of range", "");
    assert_plan("leaky-rerope:k=1e3", "leaky-rerope:window=128,k=1000");
    assert_refused("leaky-rerope:k=1000000.1", "k=1000000.1 is out of range", "");
    assert_refused("self-extend:shift=Float", "shift=Float is not a choice", "int|float");
    assert_refused("self-extend:shift=int|float", "is not a choice", "");
    assert_refused("self-extend:shift=in", "is not a choice", "");
    assert_refused("streaming:prefill=Dense", "not a choice", "give stream|dense");
    assert_refused("streaming:prompt=5", "prompt=5 tells where a dense prompt ends", "add prefill=dense");
    assert_refused("streaming:prefill=stream,prompt=5", "prompt=5", "or leave it out");
    assert_refused("streaming:prefill=dense,prompt=0", "prompt=0 is out of range", "at least 1");
    assert_refused("streaming:prefill=dense,prompt=1e3", "not a whole number", "prompt");
    assert_refused("streaming:sinks=4,recent=252", "do not fit the trained window of 256",
                   "recent=251 or less");
    assert_refused("streaming:sinks=255", "sinks=255 is out of range", "between 0 and 254");
    assert_refused("streaming:recent=0", "recent=0", "between 1 and 255");
    assert_refused("window:window=257", "window=257", "between 1 and 256");
    assert_refused("lm-infinite:recent=257", "recent=257", "between 1 and 256");
    assert_refused("dual-chunk:chunk=257", "chunk=257", "between 2 and 256");
    assert_refused("dual-chunk:chunk=64,local=64", "leaves nothing of chunk=64", "local=63 or less");
}

static void test_add_ons(void **state) {
    (void)state;
    sxt_plan_model tiny = {.n_ctx_train = 1, .rotary = true};
    char endless[700];
    assert_refused("none+logn", "'+logn' cannot be added", "+log-n and +window=off can");
    assert_refused("none+log-n=2", "cannot be added", "");
    assert_refused("none+log-n+log-n", "+log-n is given twice", "");
    assert_refused("none+window=off+log-n+window=off", "+window=off is given twice", "");
    assert_refused("none+window=40", "'+window=40' cannot be added", "+window=off can");
    assert_refused("+log-n", "no plan is called ''", "");
    assert_refused("none+", "no plan is called 'none+'", "");
    assert_refused("self-extend+log-n:group=4", "cannot be added", "");
    assert_refused_for(&tiny, "none+log-n", "at least 2 tokens", "has 1");
    memset(endless, 'x', sizeof endless - 1);
    memcpy(endless, "none:", 5);
    endless[sizeof endless - 1] = '\0';
    assert_refused(endless, "longer than 511", "");
}

/* Every method's parameters can be listed; the defaults are what the bare name gives, and ranges hold. */
static void test_parameters(void **state) {
    (void)state;
    sxt_plan_parameter_info parameters[SXT_PLAN_MAX_OPTIONS];
    const char *name;
    for (int64_t m = 0; (name = sxt_plan_method_at(m, NULL)); m++) {
        int n = sxt_plan_parameters(name, &model, parameters);
        sxt_plan_request bare, spelled;
        char text[160];
        int n_spelled = 0;
        snprintf(text, sizeof text, "%s", name);
        for (int p = 0; p < n; p++) {
            size_t end = strlen(text);
            assert_true(strlen(parameters[p].kind) > 3 && strlen(parameters[p].range) > 3);
            assert_true(strlen(parameters[p].standard) > 0);
            if (parameters[p].computed) continue;
            snprintf(text + end, sizeof text - end, "%c%s=%s", n_spelled++ ? ',' : ':', parameters[p].name,
                     parameters[p].standard);
        }
        if (strcmp(name, "longrope") == 0) continue; /* the file brings what it needs, or it is refused */
        assert_int_equal(sxt_plan_parse(name, &model, &bare, NULL), SXT_OK);
        assert_int_equal(sxt_plan_parse(text, &model, &spelled, NULL), SXT_OK);
        if (!bare.is_auto) assert_true(sxt_plan_equal(&bare.fixed, &spelled.fixed));
    }
    assert_int_equal(sxt_plan_parameters("self-extend", &model, parameters), 3);
    assert_string_equal(parameters[0].range, "at least 1");
    assert_string_equal(parameters[1].range, "1 to 255");
    assert_string_equal(parameters[1].standard, "64");
    assert_string_equal(parameters[2].range, "int|float");
    assert_string_equal(parameters[2].kind, "word");
    assert_int_equal(sxt_plan_parameters("leaky-rerope", &model, parameters), 2);
    assert_string_equal(parameters[1].kind, "number");
    assert_string_equal(parameters[1].range, "1 to 1000000");
    assert_int_equal(sxt_plan_parameters("yarn", &model, parameters), 6);
    assert_string_equal(parameters[0].range, "0.01 to 1000000");
    assert_string_equal(parameters[1].standard, "256");
    assert_string_equal(parameters[3].name, "beta_slow");
    assert_string_equal(parameters[3].standard, "1");
    assert_true(parameters[4].computed && parameters[5].computed);
    assert_string_equal(parameters[4].standard, "0.1 ln(factor) + 1");
    assert_string_equal(parameters[5].standard, "the model's");
    assert_string_equal(parameters[5].range, "1.001 to 1e+30");
    assert_int_equal(sxt_plan_parameters("ntk-mixed", &model, parameters), 2);
    assert_string_equal(parameters[1].standard, "0.75");
    assert_int_equal(sxt_plan_parameters("longrope", &model, parameters), 0);
    assert_int_equal(sxt_plan_parameters("longrope", NULL, parameters), 0);
    assert_int_equal(sxt_plan_parameters("nothing", &model, parameters), 0);
    assert_int_equal(sxt_plan_parameters("auto", &model, parameters), 0);
}

/* Without a model, what depends on one is said in words, which are no value that a plan takes. */
static void test_parameters_of_any_model(void **state) {
    (void)state;
    sxt_plan_parameter_info any[SXT_PLAN_MAX_OPTIONS], told[SXT_PLAN_MAX_OPTIONS];
    sxt_plan_model wide = {.n_ctx_train = 8192, .rotary = true};
    const char *name;
    for (int64_t m = 0; (name = sxt_plan_method_at(m, NULL)); m++) {
        int n = sxt_plan_parameters(name, NULL, any);
        assert_int_equal(sxt_plan_parameters(name, &model, told), n);
        sxt_plan_parameter_info others[SXT_PLAN_MAX_OPTIONS];
        sxt_plan_parameters(name, &wide, others);
        for (int p = 0; p < n; p++) {
            bool follows = strcmp(told[p].standard, others[p].standard) != 0;
            if (follows) assert_true(any[p].computed && !told[p].computed);
            if (!any[p].computed) assert_string_equal(any[p].standard, told[p].standard);
            bool ends_differ = strcmp(told[p].range, others[p].range) != 0;
            assert_int_equal(ends_differ, strchr(any[p].range, 'L') != NULL);
        }
    }
    assert_int_equal(sxt_plan_parameters("self-extend", NULL, any), 3);
    assert_string_equal(any[0].standard, "8");
    assert_string_equal(any[1].standard, "L/4");
    assert_string_equal(any[1].range, "1 to L - 1");
}

static void test_sources(void **state) {
    (void)state;
    const char *name, *summary = NULL;
    for (int64_t m = 0; (name = sxt_plan_method_at(m, NULL)); m++)
        assert_int_equal(sxt_plan_source_of(name) == NULL, strcmp(name, "none") == 0);
    assert_string_equal(sxt_plan_add_on_at(0, &summary), "+log-n");
    assert_true(strlen(summary) > 10);
    assert_non_null(strstr(sxt_plan_source_of("+log-n"), "Su 2021"));
    assert_null(sxt_plan_add_on_at(-1, NULL));
    assert_string_equal(sxt_plan_add_on_at(1, &summary), "+window=off");
    assert_true(strlen(summary) > 10 && sxt_plan_source_of("+window=off"));
    assert_null(sxt_plan_add_on_at(2, NULL));
    assert_null(sxt_plan_source_of("nothing"));
}

static void test_decimals(void **state) {
    (void)state;
    static const char *const texts[] = {"0",
                                        "1",
                                        "16",
                                        "2.5",
                                        "0.1",
                                        "1.15",
                                        "1000000",
                                        "3.14159265358979",
                                        "0.3",
                                        "123456.789",
                                        "99.999",
                                        "0.0001",
                                        "1e+30",
                                        "1.0000000000000002",
                                        "999999999999999",
                                        "8.01"};
    double value;
    char text[32];
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        assert_true(sxt_decimal_read(texts[i], &value));
        assert_true(value == strtod(texts[i], NULL));
        sxt_decimal_print(value, text, sizeof text);
        assert_string_equal(text, texts[i]);
    }
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
    assert_true(n >= 16);
    assert_string_equal(sxt_plan_method_at(0, NULL), "none");
    assert_string_equal(sxt_plan_method_at(n - 1, NULL), "auto");
    assert_null(sxt_plan_method_at(-1, &summary));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_accepted),
        cmocka_unit_test(test_unknown_names),
        cmocka_unit_test(test_ranges),
        cmocka_unit_test(test_strict_syntax),
        cmocka_unit_test(test_models_without_a_far_band),
        cmocka_unit_test(test_what_a_model_without_rotary_positions_takes),
        cmocka_unit_test(test_no_method_takes_a_window_of_zero),
        cmocka_unit_test(test_values_of_other_kinds),
        cmocka_unit_test(test_add_ons),
        cmocka_unit_test(test_parameters),
        cmocka_unit_test(test_parameters_of_any_model),
        cmocka_unit_test(test_sources),
        cmocka_unit_test(test_decimals),
        cmocka_unit_test(test_nearest_name),
        cmocka_unit_test(test_method_list),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
