/* Rotary frequencies against published figures and against formulas written out again, and the table's rows. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/memory.h"
#include "plan/rope.h"

#include <math.h>
#include <string.h>

static sxt_rope *make(sxt_rope_params params) {
    sxt_rope *rope = NULL;
    sxt_error error = {0};
    if (sxt_rope_new(&params, &rope, &error) != SXT_OK) fail_msg("%s", error.text);
    return rope;
}

static sxt_rope_params yarn(int n_rot, double theta, double factor, double original) {
    return (sxt_rope_params){.n_rot = n_rot,
                             .theta = theta,
                             .scaling = SXT_ROPE_YARN,
                             .factor = factor,
                             .original_context = original,
                             .beta_fast = 32,
                             .beta_slow = 1};
}

static sxt_rope_params llama3(void) {
    return (sxt_rope_params){.n_rot = 128,
                             .theta = 5e5,
                             .scaling = SXT_ROPE_LLAMA3,
                             .factor = 8,
                             .original_context = 8192,
                             .low_freq_factor = 1,
                             .high_freq_factor = 4};
}

static double base_theta(double base, int n_rot, int p) { return 1 / pow(base, 2.0 * p / n_rot); }

static void assert_close(double a, double b, double relative) {
    if (!(fabs(a - b) <= relative * fabs(b))) fail_msg("%.17g instead of %.17g", a, b);
}

static void test_plain_and_linear(void **state) {
    (void)state;
    sxt_rope *plain = make((sxt_rope_params){.n_rot = 32, .theta = 10000});
    sxt_rope *linear =
        make((sxt_rope_params){.n_rot = 32, .theta = 10000, .scaling = SXT_ROPE_LINEAR, .factor = 4});
    for (int p = 0; p < 16; p++) {
        assert_close(sxt_rope_frequencies(plain)[p], base_theta(1e4, 32, p), 1e-14);
        assert_close(sxt_rope_frequencies(linear)[p], base_theta(1e4, 32, p) / 4, 1e-14);
    }
    assert_true(sxt_rope_mscale(plain) == 1 && sxt_rope_mscale(linear) == 1);
    assert_int_equal(sxt_rope_n_rot(plain), 32);
    assert_false(sxt_rope_interleaved(plain));
    sxt_rope_free(plain);
    sxt_rope_free(linear);
}

/* Published ranges of pairs: up to `low` kept, from `high` on divided, between them a straight blend. */
static void assert_yarn(int n_rot, double theta, double factor, double original, int low, int high) {
    sxt_rope *rope = make(yarn(n_rot, theta, factor, original));
    for (int p = 0; p < n_rot / 2; p++) {
        double divided = p <= low ? 0 : p >= high ? 1 : (double)(p - low) / (high - low);
        double expected = base_theta(theta, n_rot, p) * (1 - divided + divided / factor);
        assert_close(sxt_rope_frequencies(rope)[p], expected, 1e-13);
    }
    sxt_rope_free(rope);
}

static void test_yarn_golden(void **state) {
    (void)state;
    assert_yarn(128, 1e4, 16, 4096, 20, 46);
    assert_yarn(128, 5e5, 8, 8192, 18, 35);
    assert_yarn(32, 1e4, 4, 2048, 4, 11);
}

static double yarn_mscale(double factor, double attention_factor) {
    sxt_rope_params params = yarn(32, 1e4, factor, 2048);
    params.attention_factor = attention_factor;
    sxt_rope *rope = make(params);
    double mscale = sxt_rope_mscale(rope);
    sxt_rope_free(rope);
    return mscale;
}

static void test_yarn_attention_factor(void **state) {
    (void)state;
    assert_close(yarn_mscale(16, 0), 1.277258872, 1e-9);
    assert_close(yarn_mscale(4, 0), 1.138629436, 1e-9);
    assert_close(yarn_mscale(4, -1), 1.138629436, 1e-9);
    assert_close(yarn_mscale(0.5, 0), 1, 0);
    assert_close(yarn_mscale(4, 1.5), 1.5, 0);
}

/* Low and high meet when the context is so short that both fall below the first pair. */
static void test_yarn_without_a_ramp(void **state) {
    (void)state;
    sxt_rope_params params = yarn(32, 1e4, 4, 6.2);
    sxt_rope *rope = make(params);
    assert_close(sxt_rope_frequencies(rope)[0], 1, 1e-14);
    for (int p = 1; p < 16; p++) assert_close(sxt_rope_frequencies(rope)[p], base_theta(1e4, 32, p) / 4, 1e-13);
    sxt_rope_free(rope);
}

/* truncate: false. The ramp's ends, from the definition: the pair with `turns` turns in the original context.
 */
static void test_yarn_exact_ramp(void **state) {
    (void)state;
    sxt_rope_params params = yarn(128, 1e4, 16, 4096);
    params.exact_ramp = true;
    sxt_rope *rope = make(params);
    const double turns[2] = {32, 1};
    double ends[2];
    for (int i = 0; i < 2; i++) ends[i] = 64 * log(4096 / (turns[i] * 8 * atan(1.0))) / log(1e4);
    assert_true(ends[0] > 20 && ends[0] < 21 && ends[1] > 45 && ends[1] < 46);
    for (int p = 0; p < 64; p++) {
        double divided = p <= ends[0] ? 0 : p >= ends[1] ? 1 : (p - ends[0]) / (ends[1] - ends[0]);
        assert_close(sxt_rope_frequencies(rope)[p], base_theta(1e4, 128, p) * (1 - divided + divided / 16),
                     1e-13);
    }
    sxt_rope_free(rope);
}

/* b' = b ((f n / L) - (f - 1))^(r / (r - 2)); f = 1 gives (n / L)^(r / (r - 2)). */
static void test_dynamic(void **state) {
    (void)state;
    static const struct {
        double factor, length, base;
    } rows[] = {{2, 0, 1e4}, {2, 256, 1e4}, {2, 255, 1e4}, {2, 512, 0},
                {2, 257, 0}, {1, 1024, 0},  {4, 5000, 0}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        sxt_rope *rope = make((sxt_rope_params){.n_rot = 32,
                                                .theta = 1e4,
                                                .scaling = SXT_ROPE_DYNAMIC,
                                                .factor = rows[i].factor,
                                                .original_context = 256,
                                                .length = rows[i].length});
        double grown = rows[i].factor * rows[i].length / 256 - rows[i].factor + 1;
        double base = rows[i].base > 0 ? rows[i].base : 1e4 * exp(log(grown) * 32 / 30);
        for (int p = 0; p < 16; p++)
            assert_close(sxt_rope_frequencies(rope)[p], base_theta(base, 32, p), 1e-13);
        assert_true(sxt_rope_mscale(rope) == 1);
        sxt_rope_free(rope);
    }
}

/* theta_p exp(-a (p + 1)^B), a = ln k / (r / 2)^B. */
static void test_ntk_mixed(void **state) {
    (void)state;
    sxt_rope *rope = make((sxt_rope_params){
        .n_rot = 64, .theta = 1e4, .scaling = SXT_ROPE_NTK_MIXED, .factor = 12, .power = 0.75});
    for (int p = 0; p < 32; p++) {
        double divisor = exp(log(12) * pow((p + 1) / 32.0, 0.75));
        assert_close(sxt_rope_frequencies(rope)[p], base_theta(1e4, 64, p) / divisor, 1e-13);
    }
    sxt_rope_free(rope);
}

/* The list follows the length; the scale is sqrt(1 + ln f / ln L): Phi-3's 131072 from 4096 gives 1.1902. */
static void test_longrope(void **state) {
    (void)state;
    static const float long_list[4] = {1.5f, 2, 8, 64}, short_list[4] = {1, 1, 1.25f, 2};
    sxt_rope_params params = {.n_rot = 8,
                              .theta = 1e4,
                              .scaling = SXT_ROPE_LONGROPE,
                              .factor = 32,
                              .original_context = 4096,
                              .short_factors = short_list,
                              .long_factors = long_list};
    static const double lengths[] = {0, 4096, 4097, 1e6};
    for (int i = 0; i < 4; i++) {
        params.length = lengths[i];
        sxt_rope *rope = make(params);
        const float *list = i < 2 ? short_list : long_list;
        for (int p = 0; p < 4; p++)
            assert_close(sxt_rope_frequencies(rope)[p], base_theta(1e4, 8, p) / (double)list[p], 1e-14);
        assert_close(sxt_rope_mscale(rope), 1.190238071, 1e-9);
        sxt_rope_free(rope);
    }
    params.attention_factor = 1.5;
    sxt_rope *rope = make(params);
    assert_true(sxt_rope_mscale(rope) == 1.5);
    sxt_rope_free(rope);
    params.attention_factor = 0;
    params.factor = 0.5;
    rope = make(params);
    assert_true(sxt_rope_mscale(rope) == 1);
    sxt_rope_free(rope);
}

static void test_same(void **state) {
    (void)state;
    sxt_rope_params params = {
        .n_rot = 8, .theta = 1e4, .scaling = SXT_ROPE_DYNAMIC, .factor = 2, .original_context = 64};
    sxt_rope *a = make(params);
    params.length = 64;
    sxt_rope *b = make(params);
    params.length = 65;
    sxt_rope *c = make(params);
    assert_true(sxt_rope_same(a, b));
    assert_false(sxt_rope_same(a, c));
    sxt_rope_free(b);
    params.length = 0;
    params.interleaved = true;
    b = make(params);
    assert_false(sxt_rope_same(a, b));
    params.interleaved = false;
    params.attention_factor = 1.25;
    sxt_rope_free(c);
    c = make(params);
    assert_false(sxt_rope_same(a, c));
    sxt_rope_free(a);
    sxt_rope_free(b);
    sxt_rope_free(c);
}

static void test_llama3_golden(void **state) {
    (void)state;
    static const double blended[6] = {1.207, 1.553, 2.026, 2.695, 3.684, 5.257};
    sxt_rope *rope = make(llama3());
    for (int p = 0; p < 64; p++) {
        double divided_by = base_theta(5e5, 128, p) / sxt_rope_frequencies(rope)[p];
        if (p < 29)
            assert_close(divided_by, 1, 1e-13);
        else if (p < 35)
            assert_close(divided_by, blended[p - 29], 5e-4);
        else
            assert_close(divided_by, 8, 1e-13);
    }
    assert_true(sxt_rope_mscale(rope) == 1);
    sxt_rope_free(rope);
}

static void test_frequency_divisors(void **state) {
    (void)state;
    static const float divisors[4] = {1, 2, 4, 8};
    sxt_rope *rope = make((sxt_rope_params){.n_rot = 8, .theta = 100, .freq_factors = divisors});
    for (int p = 0; p < 4; p++)
        assert_close(sxt_rope_frequencies(rope)[p], base_theta(100, 8, p) / (double)divisors[p], 1e-14);
    sxt_rope_free(rope);
}

static void assert_row(const sxt_rope *rope, double position, float *spare, bool from_table) {
    const float *row = sxt_rope_row(rope, position, spare);
    int half = sxt_rope_n_rot(rope) / 2;
    assert_int_equal(row != spare, from_table);
    for (int p = 0; p < half; p++) {
        double angle = position * sxt_rope_frequencies(rope)[p], m = sxt_rope_mscale(rope);
        assert_true(fabs((double)row[p] - m * cos(angle)) <= 1.2e-7);
        assert_true(fabs((double)row[half + p] - m * sin(angle)) <= 1.2e-7);
    }
}

static void assert_pairs(const sxt_rope *rope, double position, const uint32_t *row) {
    for (int p = 0; p < sxt_rope_n_rot(rope) / 2; p++) {
        double angle = position * sxt_rope_frequencies(rope)[p];
        assert_true(fabs((int16_t)(row[p] & 0xffff) - 16384 * cos(angle)) <= 0.5 + 1e-9);
        assert_true(fabs((int16_t)(row[p] >> 16) - 16384 * sin(angle)) <= 0.5 + 1e-9);
    }
}

static void test_pairs(void **state) {
    (void)state;
    uint32_t row[32];
    sxt_rope *rope = make(yarn(64, 1e4, 4, 2048));
    assert_int_equal(sxt_rope_reserve(rope, 100, NULL), SXT_OK);
    assert_int_equal(sxt_rope_reserve(rope, 3000, NULL), SXT_OK);
    sxt_rope_table table = sxt_rope_rows(rope, 1);
    assert_int_equal(table.n_rows, 3000);
    for (int64_t i = 0; i < 3000; i++) assert_pairs(rope, (double)i, table.pairs + 32 * i);
    for (double position = -9; position < 1e9; position = position * 1.7 + 20.3) {
        sxt_rope_fill(rope, position, NULL, row);
        assert_pairs(rope, position, row);
    }
    sxt_rope_free(rope);
}

static void test_rows(void **state) {
    (void)state;
    float spare[64], other[64];
    sxt_rope *rope = make(yarn(64, 1e4, 4, 2048));
    assert_int_equal(sxt_rope_reserve(rope, 40000, NULL), SXT_OK);
    assert_int_equal(sxt_rope_reserve(rope, 100, NULL), SXT_OK);
    assert_row(rope, 0, spare, true);
    assert_row(rope, 39999, spare, true);
    assert_row(rope, 40000, spare, false);
    assert_row(rope, 12.25, spare, false);
    assert_row(rope, -3, spare, false);
    assert_row(rope, 1e15, spare, false);
    /* The table and the spare path give the same bits, also after the table has grown. */
    sxt_rope *bare = make(yarn(64, 1e4, 4, 2048));
    memcpy(other, sxt_rope_row(bare, 777, spare), sizeof other);
    assert_memory_equal(other, sxt_rope_row(rope, 777, spare), sizeof other);
    assert_int_equal(sxt_rope_reserve(bare, 500, NULL), SXT_OK);
    assert_int_equal(sxt_rope_reserve(bare, 800, NULL), SXT_OK);
    assert_memory_equal(other, sxt_rope_row(bare, 777, spare), sizeof other);
    assert_int_equal(sxt_rope_bytes(rope, 40000), 40001 * (64 + 32) * 4);
    assert_int_equal(sxt_rope_bytes(rope, -1), 0);
    assert_true(sxt_rope_bytes(rope, INT64_MAX) == UINT64_MAX);
    sxt_rope_free(bare);
    sxt_rope_free(rope);
}

static void assert_refused(sxt_rope_params params, const char *field) {
    sxt_rope *rope = NULL;
    sxt_error error = {0};
    assert_int_equal(sxt_rope_new(&params, &rope, &error), SXT_E_FORMAT);
    if (!strstr(error.text, field)) fail_msg("'%s' does not name %s", error.text, field);
    assert_null(rope);
}

static void test_refused_shapes(void **state) {
    (void)state;
    static const double bad[] = {0, -1, (double)NAN, (double)INFINITY};
    static const int shapes[] = {-4, 0, 2, 3, 5};
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        assert_refused((sxt_rope_params){.n_rot = shapes[i], .theta = 1e4}, "dimension count");
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        float divisors[4] = {1, 1, (float)bad[i], 1};
        assert_refused((sxt_rope_params){.n_rot = 8, .theta = bad[i]}, "theta");
        assert_refused((sxt_rope_params){.n_rot = 8, .theta = 1e4, .freq_factors = divisors},
                       "frequency factor 2");
        assert_refused(
            (sxt_rope_params){.n_rot = 8, .theta = 1e4, .scaling = SXT_ROPE_LINEAR, .factor = bad[i]},
            "linear factor");
    }
    assert_refused((sxt_rope_params){.n_rot = 8, .theta = 1e4, .scaling = (sxt_rope_scaling)9},
                   "scaling kind 9");
}

#define REFUSED_WITH(make_params, member, value, field)                                                        \
    do {                                                                                                       \
        sxt_rope_params changed_ = make_params;                                                                \
        changed_.member = value;                                                                               \
        assert_refused(changed_, field);                                                                       \
    } while (0)

static void test_refused_scaling(void **state) {
    (void)state;
    static const double bad[] = {0, -1, (double)NAN, (double)INFINITY};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        REFUSED_WITH(yarn(32, 1e4, 4, 2048), factor, bad[i], "yarn factor");
        REFUSED_WITH(yarn(32, 1e4, 4, 2048), original_context, bad[i], "yarn original context");
        REFUSED_WITH(yarn(32, 1e4, 4, 2048), beta_fast, bad[i], "yarn beta_fast");
        REFUSED_WITH(yarn(32, 1e4, 4, 2048), beta_slow, bad[i], "yarn beta_slow");
        REFUSED_WITH(llama3(), factor, bad[i], "llama3 factor");
        REFUSED_WITH(llama3(), original_context, bad[i], "llama3 original context");
        REFUSED_WITH(llama3(), low_freq_factor, bad[i], "llama3 low_freq_factor");
        REFUSED_WITH(llama3(), high_freq_factor, bad[i], "llama3 high_freq_factor");
    }
    REFUSED_WITH(yarn(32, 1e4, 4, 2048), attention_factor, (double)NAN, "attention factor is nan");
    REFUSED_WITH(yarn(32, 1e4, 4, 2048), theta, 1, "theta under yarn");
    REFUSED_WITH(yarn(32, 1e4, 4, 2048), beta_fast, 0.5, "yarn beta_fast");
    REFUSED_WITH(llama3(), high_freq_factor, 1, "llama3 high_freq_factor");
    REFUSED_WITH(llama3(), low_freq_factor, 5, "llama3 high_freq_factor");
}

static void test_refused_lengths_and_lists(void **state) {
    (void)state;
    static const float good[4] = {1, 1, 1, 1}, bad[4] = {1, 1, 0, 1};
    const sxt_rope_params dynamic = {
        .n_rot = 8, .theta = 1e4, .scaling = SXT_ROPE_DYNAMIC, .factor = 2, .original_context = 64};
    const sxt_rope_params mixed = {
        .n_rot = 8, .theta = 1e4, .scaling = SXT_ROPE_NTK_MIXED, .factor = 2, .power = 0.75};
    sxt_rope_params lists = {.n_rot = 8,
                             .theta = 1e4,
                             .scaling = SXT_ROPE_LONGROPE,
                             .factor = 2,
                             .original_context = 64,
                             .short_factors = good,
                             .long_factors = good};
    REFUSED_WITH(dynamic, factor, 0, "dynamic factor");
    REFUSED_WITH(dynamic, original_context, (double)NAN, "dynamic original context");
    REFUSED_WITH(dynamic, length, -1, "length");
    REFUSED_WITH(dynamic, length, (double)INFINITY, "length");
    REFUSED_WITH(mixed, factor, -1, "ntk-mixed factor");
    REFUSED_WITH(mixed, power, 0, "ntk-mixed power");
    REFUSED_WITH(lists, factor, 0, "longrope factor");
    REFUSED_WITH(lists, original_context, 1, "longrope original context");
    REFUSED_WITH(lists, length, (double)NAN, "length");
    REFUSED_WITH(lists, long_factors, NULL, "long list");
    REFUSED_WITH(lists, short_factors, NULL, "short list");
    REFUSED_WITH(lists, short_factors, bad, "short factor 2 is 0");
    REFUSED_WITH(lists, long_factors, bad, "long factor 2 is 0");
}

static bool never(void *user, size_t bytes) {
    (void)user;
    (void)bytes;
    return false;
}

static void test_out_of_memory(void **state) {
    (void)state;
    float spare[8], before[8];
    sxt_rope_params params = {.n_rot = 8, .theta = 1e4};
    sxt_rope *rope = NULL;
    sxt_error error = {0};
    sxt_set_alloc_hook(never, NULL);
    assert_int_equal(sxt_rope_new(&params, &rope, &error), SXT_E_MEMORY);
    assert_null(rope);
    sxt_set_alloc_hook(NULL, NULL);
    rope = make(params);
    assert_int_equal(sxt_rope_reserve(rope, 10, NULL), SXT_OK);
    memcpy(before, sxt_rope_row(rope, 9, spare), sizeof before);
    sxt_set_alloc_hook(never, NULL);
    assert_int_equal(sxt_rope_reserve(rope, 20, &error), SXT_E_MEMORY);
    sxt_set_alloc_hook(NULL, NULL);
    assert_int_equal(sxt_rope_reserve(rope, INT64_MAX, &error), SXT_E_MEMORY);
    assert_memory_equal(before, sxt_rope_row(rope, 9, spare), sizeof before);
    assert_ptr_not_equal(sxt_rope_row(rope, 9, spare), spare);
    assert_ptr_equal(sxt_rope_row(rope, 10, spare), spare);
    sxt_rope_free(rope);
    sxt_rope_free(NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain_and_linear),
        cmocka_unit_test(test_yarn_golden),
        cmocka_unit_test(test_yarn_attention_factor),
        cmocka_unit_test(test_yarn_without_a_ramp),
        cmocka_unit_test(test_yarn_exact_ramp),
        cmocka_unit_test(test_dynamic),
        cmocka_unit_test(test_ntk_mixed),
        cmocka_unit_test(test_longrope),
        cmocka_unit_test(test_same),
        cmocka_unit_test(test_llama3_golden),
        cmocka_unit_test(test_frequency_divisors),
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_pairs),
        cmocka_unit_test(test_refused_shapes),
        cmocka_unit_test(test_refused_scaling),
        cmocka_unit_test(test_refused_lengths_and_lists),
        cmocka_unit_test(test_out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
