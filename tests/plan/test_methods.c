/* The methods beside SelfExtend: for every parameter in and out of its range, relative positions against
 * definitions written key by key, limits against brute force, and what attention asks of key maps. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "plan/plan.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { UNSEEN = -1, MOST = 90 };

/* ---- Definitions: relative position of key j <= i for query i, with the parameters a and b -------------- */

static double rerope(int64_t i, int64_t j, int64_t window, int64_t unused) {
    (void)unused;
    return (double)(i - j < window ? i - j : window);
}

/* b counts quarters of k, which doubles hold exactly. */
static double leaky(int64_t i, int64_t j, int64_t window, int64_t quarters) {
    if (i - j < window) return (double)(i - j);
    return (double)window + (double)(i - j - window) * 4 / (double)quarters;
}

/* The cache as the published code keeps it: after each token the first S and the last R stay; positions are
 * places in the cache, and the query comes last. */
static double streaming(int64_t i, int64_t j, int64_t sinks, int64_t recent) {
    int64_t cache[MOST + 1], n = 0;
    for (int64_t token = 0; token <= i; token++) {
        cache[n++] = token;
        if (token == i) break;
        if (n > sinks + recent) {
            memmove(cache + sinks, cache + n - recent, (size_t)recent * sizeof *cache);
            n = sinks + recent;
        }
    }
    for (int64_t place = 0; place < n; place++)
        if (cache[place] == j) return (double)(n - 1 - place);
    return UNSEEN;
}

/* Until token DENSE_PROMPT as trained. */
enum { DENSE_PROMPT = 40 };
#define DENSE_TEXT "40"

static double dense_streaming(int64_t i, int64_t j, int64_t sinks, int64_t recent) {
    return i < DENSE_PROMPT ? (double)(i - j) : streaming(i, j, sinks, recent);
}

static double window_only(int64_t i, int64_t j, int64_t window, int64_t unused) {
    (void)unused;
    return i - j < window ? (double)(i - j) : UNSEEN;
}

static double lm_infinite(int64_t i, int64_t j, int64_t sinks, int64_t recent) {
    if (j >= sinks && i - j >= recent) return UNSEEN;
    return fmin((double)(i - j), (double)recent);
}

static double dual_chunk(int64_t i, int64_t j, int64_t c, int64_t w) {
    int64_t s = c - w, chunks_apart = i / s - j / s;
    double key = (double)(j % s);
    if (chunks_apart == 0) return (double)(i % s) - key;
    if (chunks_apart == 1) return fmin((double)(i % s + s), (double)c) - key;
    return fmin((double)(2 * s - 1), (double)c) - key;
}

static double float_shift(int64_t i, int64_t j, int64_t group, int64_t window) {
    if (i - j < window) return (double)(i - j);
    double g = (double)group, w = (double)window;
    return floor((double)i / g) - floor((double)j / g) + w - w / g;
}

/* ---- Which parameters are right for a trained window L --------------------------------------------------- */

static bool below_trained(int64_t trained, int64_t a, int64_t b) { return (void)b, a >= 1 && a < trained; }
static bool leaky_is_right(int64_t trained, int64_t a, int64_t b) { return a >= 1 && a < trained && b >= 4; }
static bool streaming_is_right(int64_t trained, int64_t a, int64_t b) { return b >= 1 && a + b + 1 <= trained; }
static bool up_to_trained(int64_t trained, int64_t a, int64_t b) { return (void)b, a >= 1 && a <= trained; }
static bool lm_is_right(int64_t trained, int64_t a, int64_t b) {
    return a <= trained && b >= 1 && b <= trained;
}
static bool dual_is_right(int64_t trained, int64_t a, int64_t b) { return a <= trained && b >= 1 && b < a; }
static bool float_is_right(int64_t trained, int64_t a, int64_t b) { return a >= 1 && b >= 1 && b < trained; }

/* ---- The table ------------------------------------------------------------------------------------------- */

typedef struct method_case {
    const char *format; /* of a and b; of b in quarters, two digits and all, for k */
    double (*relative)(int64_t i, int64_t j, int64_t a, int64_t b);
    bool (*is_right)(int64_t trained, int64_t a, int64_t b);
    bool bounded;     /* has a longest context */
    int64_t past_end; /* how far the published clamp may lie past L - 1 */
} method_case;

static const method_case cases[] = {
    {"rerope:window=%lld", rerope, below_trained, false, 0},
    {"leaky-rerope:window=%lld,k=%lld.%02lld", leaky, leaky_is_right, true, 0},
    {"streaming:sinks=%lld,recent=%lld", streaming, streaming_is_right, false, 0},
    {"streaming:sinks=%lld,recent=%lld,prefill=dense,prompt=" DENSE_TEXT, dense_streaming, streaming_is_right,
     true, 0},
    {"window:window=%lld", window_only, up_to_trained, false, 0},
    {"lm-infinite:sinks=%lld,recent=%lld", lm_infinite, lm_is_right, false, 1},
    {"dual-chunk:chunk=%lld,local=%lld", dual_chunk, dual_is_right, false, 1},
    {"self-extend:group=%lld,window=%lld,shift=float", float_shift, float_is_right, true, 0},
};

static void write_plan(const method_case *c, int64_t a, int64_t b, char *text, size_t n) {
    bool quarters = c->relative == leaky;
    long long x = a, y = quarters ? b / 4 : b, z = b % 4 * 25;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
#pragma GCC diagnostic ignored "-Wformat-extra-args"
    snprintf(text, n, c->format, x, y, z);
#pragma GCC diagnostic pop
}

static bool read_plan(const char *text, int64_t trained, int64_t sliding, sxt_plan *plan) {
    sxt_plan_model model = {.n_ctx_train = trained, .sliding_window = sliding, .rotary = true};
    sxt_plan_request request;
    sxt_error error = {0};
    if (sxt_plan_parse(text, &model, &request, &error) != SXT_OK) {
        assert_true(strlen(error.text) > 20);
        return false;
    }
    *plan = request.fixed;
    return true;
}

static double from_bands(const sxt_plan *plan, int64_t i, int64_t j, int64_t sliding) {
    sxt_band bands[SXT_PLAN_MAX_BANDS];
    int n = sxt_plan_bands(plan, i, sliding, bands);
    for (int b = 0; b < n; b++)
        if (j >= bands[b].first_key && j < bands[b].end_key)
            return (bands[b].query_pos - sxt_plan_key_pos(plan, bands[b].key_map, j)) *
                   sxt_plan_unit(plan, bands[b].key_map);
    return UNSEEN;
}

static void assert_as_defined(const method_case *c, const sxt_plan *plan, int64_t a, int64_t b,
                              int64_t sliding) {
    for (int64_t i = 0; i < MOST; i++)
        for (int64_t j = 0; j <= i; j++) {
            double want = sliding > 0 && i - j >= sliding ? UNSEEN : c->relative(i, j, a, b);
            double got = from_bands(plan, i, j, sliding);
            if (!(fabs(got - want) <= 1e-12 * (1 + fabs(want))))
                fail_msg("%s a %d b %d i %d j %d: %g, defined as %g", c->format, (int)a, (int)b, (int)i, (int)j,
                         got, want);
        }
}

/* The length from which some relative position passes L - 1 + past_end; MOST when none does. */
static int64_t longest(const method_case *c, int64_t a, int64_t b, int64_t trained, int64_t sliding) {
    for (int64_t i = 0; i < MOST; i++)
        for (int64_t j = 0; j <= i; j++)
            if ((sliding <= 0 || i - j < sliding) &&
                c->relative(i, j, a, b) > (double)(trained - 1 + c->past_end))
                return i;
    return MOST;
}

static void assert_limit(const method_case *c, const sxt_plan *plan, int64_t a, int64_t b, int64_t sliding) {
    int64_t limit = sxt_plan_limit(plan), by_force = longest(c, a, b, plan->n_ctx_train, sliding);
    if ((limit < MOST ? limit : MOST) != by_force)
        fail_msg("%s a %d b %d L %d: limit %lld, by force %d", c->format, (int)a, (int)b,
                 (int)plan->n_ctx_train, (long long)limit, (int)by_force);
    if (!c->bounded) assert_true(limit == INT64_MAX);
}

static void test_definitions_ranges_and_limits(void **state) {
    (void)state;
    static const int64_t windows[] = {2, 3, 5, 8, 13, 32, 67};
    for (size_t m = 0; m < sizeof cases / sizeof *cases; m++)
        for (size_t t = 0; t < sizeof windows / sizeof *windows; t++) {
            int64_t trained = windows[t], step = trained < 14 ? 1 : trained / 9, n_right = 0;
            for (int64_t a = 0; a <= trained + 1; a += step)
                for (int64_t b = 0; b <= trained + 1; b += step) {
                    char text[96];
                    sxt_plan plan;
                    write_plan(&cases[m], a, b, text, sizeof text);
                    bool right = read_plan(text, trained, 0, &plan);
                    if (right != cases[m].is_right(trained, a, b))
                        fail_msg("%s for L %d is %s", text, (int)trained, right ? "taken" : "refused");
                    if (!right) continue;
                    n_right++;
                    assert_as_defined(&cases[m], &plan, a, b, 0);
                    assert_limit(&cases[m], &plan, a, b, 0);
                }
            if (trained > 2) assert_true(n_right > 1);
        }
}

static void test_under_a_sliding_window(void **state) {
    (void)state;
    for (size_t m = 0; m < sizeof cases / sizeof *cases; m++)
        for (int64_t sliding = 1; sliding < 60; sliding += 4) {
            char text[96];
            sxt_plan plan;
            write_plan(&cases[m], 5, 6, text, sizeof text);
            assert_true(read_plan(text, 12, sliding, &plan) == cases[m].is_right(12, 5, 6));
            if (!cases[m].is_right(12, 5, 6)) continue;
            assert_as_defined(&cases[m], &plan, 5, 6, sliding);
            assert_limit(&cases[m], &plan, 5, 6, sliding);
        }
}

static void test_defaults(void **state) {
    (void)state;
    static const struct {
        int64_t trained;
        const char *given, *canonical;
    } rows[] = {
        {4096, "rerope", "rerope:window=1024"},
        {256, "rerope", "rerope:window=128"},
        {2, "rerope", "rerope:window=1"},
        {256, "leaky-rerope", "leaky-rerope:window=128,k=16"},
        {256, "leaky-rerope:k=02.50", "leaky-rerope:window=128,k=2.5"},
        {256, "streaming", "streaming:sinks=4,recent=251"},
        {256, "streaming:sinks=10", "streaming:sinks=10,recent=245"},
        {256, "streaming:recent=20,prefill=stream", "streaming:sinks=4,recent=20"},
        {2, "streaming", "streaming:sinks=0,recent=1"},
        {256, "streaming:prefill=dense", "streaming:sinks=4,recent=251,prefill=dense"},
        {256, "streaming:prompt=300,prefill=dense+log-n",
         "streaming:sinks=4,recent=251,prefill=dense,prompt=300+log-n"},
        {256, "window", "window:window=256"},
        {1, "window", "window:window=1"},
        {256, "lm-infinite", "lm-infinite:sinks=10,recent=256"},
        {4096, "dual-chunk", "dual-chunk:chunk=3072,local=512"},
        {256, "dual-chunk", "dual-chunk:chunk=192,local=32"},
        {256, "dual-chunk:chunk=6", "dual-chunk:chunk=6,local=1"},
        {2, "dual-chunk", "dual-chunk:chunk=2,local=1"},
        {256, "self-extend:shift=float", "self-extend:group=8,window=64,shift=float"},
        {256, "self-extend:shift=int", "self-extend:group=8,window=64"},
        {256, "self-extend+log-n", "self-extend:group=8,window=64+log-n"},
        {256, "leaky-rerope:k=1.25+log-n", "leaky-rerope:window=128,k=1.25+log-n"},
    };
    for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
        sxt_plan plan, again;
        char text[96];
        assert_true(read_plan(rows[r].given, rows[r].trained, 0, &plan));
        sxt_plan_print(&plan, text, sizeof text);
        assert_string_equal(text, rows[r].canonical);
        assert_true(read_plan(text, rows[r].trained, 0, &again));
        assert_true(sxt_plan_equal(&plan, &again));
    }
}

/* A prompt whose length is not known yet is none; what one forgets the other keeps. */
static void test_the_dense_prompt_is_part_of_the_plan(void **state) {
    (void)state;
    sxt_plan stream, open, closed;
    sxt_band a[SXT_PLAN_MAX_BANDS], b[SXT_PLAN_MAX_BANDS];
    assert_true(read_plan("streaming:recent=20", 64, 0, &stream));
    assert_true(read_plan("streaming:recent=20,prefill=dense", 64, 0, &open));
    assert_true(read_plan("streaming:recent=20,prefill=dense,prompt=50", 64, 0, &closed));
    assert_false(sxt_plan_equal(&stream, &open));
    assert_false(sxt_plan_equal(&open, &closed));
    assert_true(sxt_plan_lacks_prompt(&open));
    assert_false(sxt_plan_lacks_prompt(&closed) || sxt_plan_lacks_prompt(&stream));
    assert_int_equal(sxt_plan_memory_of(&stream).n_nearest, 21);
    assert_true(sxt_plan_memory_of(&open).n_nearest == INT64_MAX);
    assert_true(sxt_plan_memory_of(&closed).n_nearest == INT64_MAX);
    for (int64_t i = 0; i < 90; i++) {
        memset(a, 0, sizeof a);
        memset(b, 0, sizeof b);
        assert_int_equal(sxt_plan_bands(&stream, i, 0, a), sxt_plan_bands(&open, i, 0, b));
        assert_memory_equal(a, b, sizeof a);
    }
}

static void test_shift_and_temperature_tell_plans_apart(void **state) {
    (void)state;
    sxt_plan plain, shifted, tempered;
    assert_true(read_plan("self-extend", 256, 0, &plain));
    assert_true(read_plan("self-extend:shift=float", 256, 0, &shifted));
    assert_true(read_plan("self-extend+log-n", 256, 0, &tempered));
    assert_false(sxt_plan_equal(&plain, &shifted));
    assert_false(sxt_plan_equal(&plain, &tempered));
}

static void test_temperature(void **state) {
    (void)state;
    const char *name;
    for (int64_t m = 0; (name = sxt_plan_method_at(m, NULL)); m++) {
        char text[64];
        sxt_plan plan, tempered;
        if (strcmp(name, "auto") == 0 || strcmp(name, "longrope") == 0) continue; /* its lists are a file's */
        snprintf(text, sizeof text, "%s+log-n", name);
        assert_true(read_plan(name, 64, 0, &plan));
        assert_true(read_plan(text, 64, 0, &tempered));
        for (int64_t i = 0; i < 5000; i += 7) {
            assert_true(sxt_plan_temperature(&plan, i) == 1); /* no method implies it */
            double want = i < 64 ? 1 : log((double)i + 1) / log(64);
            assert_true(fabs(sxt_plan_temperature(&tempered, i) - want) < 1e-14);
        }
    }
}

static void test_auto_keeps_the_temperature(void **state) {
    (void)state;
    sxt_plan_model model = {.n_ctx_train = 64, .rotary = true};
    sxt_plan_request request;
    char reason[160];
    assert_int_equal(sxt_plan_parse("auto+log-n", &model, &request, NULL), SXT_OK);
    assert_true(request.is_auto);
    for (int64_t length = 10; length < 1000; length += 90) {
        sxt_plan plan = sxt_plan_choose(&request, length, NULL, reason, sizeof reason);
        assert_true(plan.log_n);
    }
    assert_int_equal(sxt_plan_parse("auto", &model, &request, NULL), SXT_OK);
    sxt_plan plan = sxt_plan_choose(&request, 1000, NULL, reason, sizeof reason);
    assert_false(plan.log_n);
}

/* A strip of keys stands where each key alone does; the base is whole and before all that follows. */
static void test_key_maps(void **state) {
    (void)state;
    const char *name;
    for (int64_t m = 0; (name = sxt_plan_method_at(m, NULL)); m++) {
        sxt_plan plan;
        if (strcmp(name, "auto") == 0 || strcmp(name, "longrope") == 0) continue; /* its lists are a file's */
        assert_true(read_plan(name, 37, 0, &plan));
        for (int map = 0; map < SXT_PLAN_MAX_MAPS; map++)
            for (int64_t first = 0; first < 200; first += 11) {
                double strip[64], base = sxt_plan_base(&plan, map, first);
                assert_true(base == floor(base));
                sxt_plan_key_positions(&plan, map, first, 64, strip);
                for (int64_t j = 0; j < 64; j++) {
                    assert_true(strip[j] == sxt_plan_key_pos(&plan, map, first + j));
                    assert_true(strip[j] >= base);
                }
            }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_definitions_ranges_and_limits),
        cmocka_unit_test(test_under_a_sliding_window),
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_the_dense_prompt_is_part_of_the_plan),
        cmocka_unit_test(test_shift_and_temperature_tell_plans_apart),
        cmocka_unit_test(test_temperature),
        cmocka_unit_test(test_auto_keeps_the_temperature),
        cmocka_unit_test(test_key_maps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
