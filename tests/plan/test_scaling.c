/* Plans that change the rotary frequencies: their text, what they replace, their limits, and the frequencies
 * themselves against formulas written out again. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "plan/plan.h"

#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { N_ROT = 32, TRAINED = 256 };

static const float halves[N_ROT / 2] = {2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2};
static const sxt_rope_params unscaled = {.n_rot = N_ROT, .theta = 1e4, .factor = 1};

static sxt_plan_model model_with(const sxt_rope_params *rope) {
    return (sxt_plan_model){.n_ctx_train = TRAINED, .rotary = true, .rope = rope};
}

static sxt_plan parse(const char *text, const sxt_rope_params *rope) {
    sxt_plan_model model = model_with(rope);
    sxt_plan_request request;
    sxt_error error = {.text = ""};
    if (sxt_plan_parse(text, &model, &request, &error) != SXT_OK) fail_msg("%s: %s", text, error.text);
    assert_false(request.is_auto);
    return request.fixed;
}

/* The canonical text, and that it is read back as the same plan. */
static void assert_text(const char *text, const char *canonical) {
    char printed[SXT_PLAN_TEXT];
    sxt_plan plan = parse(text, &unscaled);
    sxt_plan_print(&plan, printed, sizeof printed);
    assert_string_equal(printed, canonical);
    sxt_plan again = parse(printed, &unscaled);
    assert_true(sxt_plan_equal(&plan, &again));
}

static void test_texts(void **state) {
    (void)state;
    assert_text("linear", "linear:factor=4");
    assert_text("linear:factor=2.5", "linear:factor=2.5");
    assert_text("linear:base=1e6", "linear:factor=1,base=1000000");
    assert_text("linear:base=500000,factor=1e1", "linear:factor=10,base=500000");
    assert_text("ntk", "ntk:factor=4");
    assert_text("ntk:factor=1", "ntk:factor=1");
    assert_text("dynamic-ntk", "dynamic-ntk:factor=1");
    assert_text("dynamic-ntk:factor=2", "dynamic-ntk:factor=2");
    assert_text("ntk-mixed", "ntk-mixed:factor=12");
    assert_text("ntk-mixed:power=0.625,factor=8", "ntk-mixed:factor=8,power=0.625");
    assert_text("yarn", "yarn:factor=4,original=256");
    assert_text("yarn:original=128,factor=16,beta_slow=2,beta_fast=16,attention_factor=1.1",
                "yarn:factor=16,original=128,beta_fast=16,beta_slow=2,attention_factor=1.1");
    assert_text("llama3", "llama3:factor=8,original=256");
    assert_text("llama3:factor=32,low=0.5,high=8,original=8192",
                "llama3:factor=32,low=0.5,high=8,original=8192");
    /* Every number that can be given can be given back, and the longest text still fits. */
    assert_text("linear:factor=0.10000000000000001", "linear:factor=0.1");
    assert_text("linear:factor=3.1415926535897931", "linear:factor=3.141592653589793");
    assert_text("linear:factor=1.0000000000000002", "linear:factor=1.0000000000000002");
    assert_text("yarn:factor=31415.926535897932,original=2147483648,beta_fast=31.415926535897931,"
                "beta_slow=0.0014142135623730951,attention_factor=1.4142135623730951,base=2718281.8284590452",
                "yarn:factor=31415.926535897932,original=2147483648,beta_fast=31.41592653589793,"
                "beta_slow=0.001414213562373095,attention_factor=1.4142135623730951,base=2718281.8284590454");
}

/* A program with commas in its numbers reads and writes the same texts. */
static void test_texts_in_another_locale(void **state) {
    (void)state;
    static const char *const names[] = {"de_DE.UTF-8", "fr_FR.UTF-8", "de_DE", "ar_EG.UTF-8"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (setlocale(LC_NUMERIC, names[i])) assert_text("linear:factor=2.5", "linear:factor=2.5");
    setlocale(LC_NUMERIC, "C");
}

static void assert_refused_by(const sxt_plan_model *model, const char *text, const char *piece) {
    sxt_plan_request request = {.fixed = {.group_size = 77}};
    sxt_error error = {.text = ""};
    if (sxt_plan_parse(text, model, &request, &error) != SXT_E_ARGUMENT || !strstr(error.text, piece))
        fail_msg("'%s' gave '%s', without '%s'", text, error.text, piece);
    assert_null(strchr(error.text, '\n'));
    assert_int_equal(request.fixed.group_size, 77);
}

static void test_refused(void **state) {
    (void)state;
    const sxt_plan_model model = model_with(&unscaled), alibi = {.n_ctx_train = TRAINED};
    static const char *const numbers[] = {"-2", "+2", "0x4", "nan", "inf", "1e999", ".5",
                                          "5.", " 4", "4 ",  "4,5", "1e",  "four"};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        char text[64] = "linear:factor=";
        assert_refused_by(&model, strcat(text, numbers[i]), "linear: ");
    }
    assert_refused_by(&model, "linear:factor=nan", "factor=nan is not a number");
    assert_refused_by(&model, "linear:factor=0",
                      "factor=0 is out of range; it must be between 0.01 and 1000000");
    assert_refused_by(&model, "linear:factr=4", "did you mean 'factor'? it takes factor, base");
    assert_refused_by(&model, "linear:factor=4,factor=4", "factor is given twice");
    assert_refused_by(&model, "ntk:factor=0.5", "between 1 and 1000000");
    assert_refused_by(&model, "ntk-mixed:power=0", "power=0 is out of range");
    assert_refused_by(&model, "dynamic-ntk:alpha=2", "no parameter 'alpha'");
    assert_refused_by(&model, "yarn:beta_fast=1,beta_slow=2", "beta_fast=1 is below beta_slow=2");
    assert_refused_by(&model, "yarn:original=0", "original=0 is out of range");
    assert_refused_by(&model, "yarn:original=4096.5", "not a whole number");
    assert_refused_by(&model, "yarn:attention_factor=0", "attention_factor=0 is out of range");
    assert_refused_by(&model, "yarn:base=1", "base=1 is out of range");
    assert_refused_by(&model, "llama3:low=4,high=4", "high=4 must be above low=4");
    assert_refused_by(&model, "llama3:low=5", "high=4 must be above low=5");
    assert_refused_by(&model, "longrope", "the model's file brings no lists of factors");
    assert_refused_by(&model, "longrope:factor=4", "takes no parameters");
    static const char *const all[] = {"linear", "ntk", "dynamic-ntk", "ntk-mixed", "yarn", "llama3"};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        assert_refused_by(&alibi, all[i], "no rotary frequencies to change; use none");
}

/* ---- Frequencies ---- */

static double pair_theta(double base, int p) { return exp(-2.0 * p / N_ROT * log(base)); }

/* The frequencies of a plan on a file's rope, for a length. */
static sxt_rope *rope_of(const char *text, const sxt_rope_params *of_file, int64_t length) {
    sxt_plan plan = parse(text, of_file);
    sxt_rope_params params;
    sxt_rope *rope;
    sxt_error error = {.text = ""};
    sxt_plan_rope(&plan, of_file, length, &params);
    if (sxt_rope_new(&params, &rope, &error) != SXT_OK) fail_msg("%s: %s", text, error.text);
    return rope;
}

static void assert_frequencies(const char *text, const sxt_rope_params *of_file, int64_t length,
                               const double expected[N_ROT / 2], double mscale) {
    sxt_rope *rope = rope_of(text, of_file, length);
    for (int p = 0; p < N_ROT / 2; p++)
        if (fabs(sxt_rope_frequencies(rope)[p] - expected[p]) > 1e-13 * expected[p])
            fail_msg("%s: pair %d is %.17g instead of %.17g", text, p, sxt_rope_frequencies(rope)[p],
                     expected[p]);
    assert_true(fabs(sxt_rope_mscale(rope) - mscale) < 1e-14);
    assert_true(sxt_rope_interleaved(rope) == of_file->interleaved);
    sxt_rope_free(rope);
}

static void test_static_scalings(void **state) {
    (void)state;
    double linear[N_ROT / 2], based[N_ROT / 2], ntk[N_ROT / 2], mixed[N_ROT / 2], yarn[N_ROT / 2];
    for (int p = 0; p < N_ROT / 2; p++) {
        linear[p] = pair_theta(1e4, p) / 4;
        based[p] = pair_theta(1e6, p);
        ntk[p] = pair_theta(1e4 * pow(8, N_ROT / (N_ROT - 2.0)), p);
        mixed[p] = pair_theta(1e4, p) * exp(-log(12) / pow(N_ROT / 2, 0.75) * pow(p + 1, 0.75));
        double ramp = fmin(1, fmax(0, (p - 4) / 7.0)); /* published for L = 2048: from pair 4 to pair 11 */
        yarn[p] = pair_theta(1e4, p) * (1 - ramp + ramp / 4);
    }
    for (int64_t length = 10; length < 100000; length *= 10) {
        assert_frequencies("linear:factor=4", &unscaled, length, linear, 1);
        assert_frequencies("linear:base=1000000", &unscaled, length, based, 1);
        assert_frequencies("ntk:factor=8", &unscaled, length, ntk, 1);
        assert_frequencies("ntk-mixed", &unscaled, length, mixed, 1);
        assert_frequencies("yarn:factor=4,original=2048", &unscaled, length, yarn, 0.1 * log(4) + 1);
        assert_frequencies("yarn:factor=4,original=2048,attention_factor=1.25", &unscaled, length, yarn, 1.25);
    }
    /* The slowest pair is interpolated by exactly the factor. */
    assert_true(fabs(ntk[N_ROT / 2 - 1] * 8 / pair_theta(1e4, N_ROT / 2 - 1) - 1) < 1e-13);
}

static void test_dynamic_follows_the_length(void **state) {
    (void)state;
    static const int64_t lengths[] = {0, 1, TRAINED, TRAINED + 1, 512, 2048};
    for (int factor = 1; factor <= 4; factor++)
        for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
            double n = fmax((double)lengths[i], TRAINED), expected[N_ROT / 2];
            double base = 1e4 * pow(factor * n / TRAINED - (factor - 1), N_ROT / (N_ROT - 2.0));
            char text[64];
            snprintf(text, sizeof text, "dynamic-ntk:factor=%d", factor);
            for (int p = 0; p < N_ROT / 2; p++) expected[p] = pair_theta(base, p);
            assert_frequencies(text, &unscaled, lengths[i], expected, 1);
            /* A file that asks for it gets the same under every plan that leaves frequencies alone. */
            const sxt_rope_params of_file = {.n_rot = N_ROT,
                                             .theta = 1e4,
                                             .scaling = SXT_ROPE_DYNAMIC,
                                             .factor = factor,
                                             .original_context = TRAINED};
            assert_frequencies("none", &of_file, lengths[i], expected, 1);
            assert_frequencies("self-extend", &of_file, lengths[i], expected, 1);
            assert_frequencies("dynamic-ntk", &of_file, lengths[i], expected, 1);
        }
}

/* Whatever the file asks for, a plan puts its own in place: nothing of the file's is left over. */
static void test_plans_replace_the_files_scaling(void **state) {
    (void)state;
    static const char *const plans[] = {"linear:factor=3",
                                        "ntk:factor=3",
                                        "dynamic-ntk:factor=3",
                                        "ntk-mixed",
                                        "yarn:factor=3,original=256",
                                        "llama3:factor=3,original=256"};
    sxt_rope_params files[] = {{.scaling = SXT_ROPE_LINEAR, .factor = 2, .original_context = TRAINED},
                               {.scaling = SXT_ROPE_YARN,
                                .factor = 2,
                                .original_context = TRAINED,
                                .beta_fast = 8,
                                .beta_slow = 2,
                                .exact_ramp = true,
                                .attention_factor = 1.5},
                               {.scaling = SXT_ROPE_DYNAMIC, .factor = 2, .original_context = TRAINED},
                               {.scaling = SXT_ROPE_NONE, .factor = 1, .freq_factors = halves},
                               {.scaling = SXT_ROPE_LONGROPE,
                                .factor = 2,
                                .original_context = TRAINED,
                                .short_factors = halves,
                                .long_factors = halves}};
    for (size_t f = 0; f < sizeof files / sizeof *files; f++) {
        files[f].n_rot = N_ROT;
        files[f].theta = 1e4;
        for (size_t i = 0; i < sizeof plans / sizeof *plans; i++) {
            sxt_rope *bare = rope_of(plans[i], &unscaled, 1000), *on_file = rope_of(plans[i], &files[f], 1000);
            sxt_rope *kept = rope_of("none", &files[f], 1000);
            assert_true(sxt_rope_same(bare, on_file));
            assert_false(sxt_rope_same(kept, on_file));
            sxt_rope_free(bare);
            sxt_rope_free(on_file);
            sxt_rope_free(kept);
        }
    }
}

static void test_longrope_is_the_files(void **state) {
    (void)state;
    static const float ones[N_ROT / 2] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
    const sxt_rope_params of_file = {.n_rot = N_ROT,
                                     .theta = 1e4,
                                     .scaling = SXT_ROPE_LONGROPE,
                                     .factor = 4,
                                     .original_context = 64,
                                     .short_factors = ones,
                                     .long_factors = halves};
    double expected[2][N_ROT / 2];
    for (int p = 0; p < N_ROT / 2; p++) {
        expected[0][p] = pair_theta(1e4, p);
        expected[1][p] = pair_theta(1e4, p) / 2;
    }
    double scale = sqrt(1 + log(4) / log(64));
    assert_frequencies("longrope", &of_file, 64, expected[0], scale);
    assert_frequencies("longrope", &of_file, 65, expected[1], scale);
    assert_frequencies("none", &of_file, 64, expected[0], scale);
    assert_frequencies("self-extend", &of_file, 65, expected[1], scale);
    sxt_plan plan = parse("longrope", &of_file);
    assert_int_equal(sxt_plan_limit(&plan), TRAINED);
}

/* The window that is stretched is the one before the file's own scaling. */
static void test_original_window_and_limits(void **state) {
    (void)state;
    const sxt_rope_params tuned = {
        .n_rot = N_ROT, .theta = 1e4, .scaling = SXT_ROPE_YARN, .factor = 4, .original_context = 64};
    const sxt_rope_params divided = {.n_rot = N_ROT, .theta = 1e4, .factor = 1, .freq_factors = halves};
    static const struct {
        const char *text;
        int64_t limit, of_tuned;
    } rows[] = {
        {"linear:factor=4", 1024, 256}, {"linear:factor=2.5", 640, 160}, {"linear:factor=0.5", 128, 32},
        {"ntk:factor=8", 2048, 512},    {"ntk-mixed", 3072, 768},        {"yarn:factor=4", 1024, 256},
        {"llama3:factor=8", 2048, 512}, {"yarn:original=100", 400, 400}, {"dynamic-ntk", INT64_MAX, INT64_MAX},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        sxt_plan plan = parse(rows[i].text, &unscaled), of_tuned = parse(rows[i].text, &tuned);
        assert_true(sxt_plan_limit(&plan) == rows[i].limit);
        assert_true(sxt_plan_limit(&of_tuned) == rows[i].of_tuned);
    }
    sxt_plan_model large = {.n_ctx_train = 131072, .rotary = true, .rope = &divided};
    sxt_plan_model slides = {.n_ctx_train = TRAINED, .rotary = true, .sliding_window = 100};
    sxt_plan_request request;
    assert_int_equal(sxt_plan_parse("llama3", &large, &request, NULL), SXT_OK);
    assert_true(request.fixed.frequencies.original_context == 8192);
    assert_int_equal(sxt_plan_parse("linear", &slides, &request, NULL), SXT_OK);
    assert_true(sxt_plan_limit(&request.fixed) == INT64_MAX);
}

/* `auto` leaves a file alone whose own scaling follows the length. */
static void test_auto_on_a_dynamic_file(void **state) {
    (void)state;
    const sxt_rope_params of_file = {
        .n_rot = N_ROT, .theta = 1e4, .scaling = SXT_ROPE_DYNAMIC, .factor = 2, .original_context = TRAINED};
    sxt_plan_model model = model_with(&of_file);
    sxt_plan_request request;
    char reason[160], advice[160];
    assert_int_equal(sxt_plan_parse("auto", &model, &request, NULL), SXT_OK);
    sxt_plan plan = sxt_plan_choose(&request, 1000, NULL, reason, sizeof reason);
    assert_string_equal(plan.method->name, "none");
    assert_string_equal(reason, "1000 tokens do not fit the trained window of 256: the file's own scaling "
                                "follows the length");
    sxt_plan_advice(&request, &plan, 1000, advice, sizeof advice);
    assert_string_equal(advice, "");
}

static void test_equality(void **state) {
    (void)state;
    static const char *const texts[] = {"linear:factor=4",
                                        "linear:factor=5",
                                        "linear:factor=4,base=1e6",
                                        "ntk:factor=4",
                                        "yarn:factor=4",
                                        "yarn:factor=4,beta_fast=31",
                                        "yarn:factor=4,beta_slow=2",
                                        "yarn:factor=4,original=255",
                                        "yarn:factor=4,attention_factor=1",
                                        "llama3",
                                        "llama3:low=2",
                                        "llama3:high=5",
                                        "ntk-mixed",
                                        "ntk-mixed:power=0.5",
                                        "dynamic-ntk",
                                        "none"};
    const size_t n = sizeof texts / sizeof *texts;
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++) {
            sxt_plan a = parse(texts[i], &unscaled), b = parse(texts[j], &unscaled);
            assert_true(sxt_plan_equal(&a, &b) == (i == j));
        }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_texts),
        cmocka_unit_test(test_texts_in_another_locale),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_static_scalings),
        cmocka_unit_test(test_dynamic_follows_the_length),
        cmocka_unit_test(test_plans_replace_the_files_scaling),
        cmocka_unit_test(test_longrope_is_the_files),
        cmocka_unit_test(test_original_window_and_limits),
        cmocka_unit_test(test_auto_on_a_dynamic_file),
        cmocka_unit_test(test_equality),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
