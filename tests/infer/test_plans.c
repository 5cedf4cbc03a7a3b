/* Every plan that there is, met through a session past the trained window: a prompt read whole, in chunks and
 * token by token gives the same bits, in both precisions and for any number of threads. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

/* Past the window of 256; no multiple of any tile. Instrumented code is slow: less of it, and not token by
 * token. */
#if defined(SXT_SANITIZED)
enum { N_PROMPT = 277, N_GROWN = 33, N_SPLITS = 2 };
#else
enum { N_PROMPT = 421, N_GROWN = 33, N_SPLITS = 3 };
#endif

#include "infer/sample_sessions.h"

/* Logits (n_vocab) behind the first `n_first` tokens in one call and the rest one by one, to be freed. */
static float *logits_of(const char *plan, sxt_precision precision, int threads, int chunk, int64_t n_first) {
    sxt_session_params params = params_of(plan, threads, chunk, precision);
    sxt_session *s = must_open(&params);
    for (int64_t n = n_first; n <= N_PROMPT; n++) /* auto must decide for the same length each time */
        must_sync(s, n, N_PROMPT - n);
    float *logits = copy_logits(s);
    sxt_session_free(s);
    return logits;
}

static void assert_same_bits(const char *plan) {
    static const struct {
        int threads, chunk;
        int64_t n_first;
    } splits[] = {{3, 64, N_PROMPT}, {2, 100, N_PROMPT - N_GROWN}, {1, 1, N_PROMPT}};
    for (int precision = SXT_PRECISION_FAST; precision <= SXT_PRECISION_F32; precision++) {
        float *whole = logits_of(plan, (sxt_precision)precision, 1, 512, N_PROMPT);
        for (int i = 0; i < N_SPLITS; i++) {
            float *other = logits_of(plan, (sxt_precision)precision, splits[i].threads, splits[i].chunk,
                                     splits[i].n_first);
            if (memcmp(whole, other, logits_bytes()) != 0)
                fail_msg("%s: chunks of %d, %d threads, last %d alone: other bits", plan, splits[i].chunk,
                         splits[i].threads, (int)(N_PROMPT - splits[i].n_first));
            free(other);
        }
        free(whole);
    }
}

static void every_plan_gives_the_same_bits_for_any_split(void **state) {
    (void)state;
    const char *name;
    for (int64_t m = 0; (name = sxt_plan_method_at(m, NULL)); m++)
        if (strcmp(name, "longrope") != 0) assert_same_bits(name); /* this file brings no lists for it */
}

/* Where published codes part: a group that does not divide its window, either shift; a prompt longer than sinks
 * and recent keys hold; real positions; chunks that end anywhere; a temperature that grows by the token. */
static void so_do_parameters_that_published_codes_stumble_over(void **state) {
    (void)state;
    static const char *const plans[] = {"self-extend:group=7,window=30",
                                        "self-extend:group=7,window=30,shift=float+log-n",
                                        "streaming:sinks=3,recent=40",
                                        "streaming:sinks=0,recent=100",
                                        "leaky-rerope:window=37,k=2.3",
                                        "dual-chunk:chunk=50,local=7+log-n",
                                        "streaming:sinks=3,recent=40,prefill=dense",
                                        "streaming:sinks=3,recent=40,prefill=dense,prompt=170+log-n",
                                        "lm-infinite:recent=70"};
    for (size_t i = 0; i < sizeof plans / sizeof *plans; i++) assert_same_bits(plans[i]);
}

/* Plans that say the same thing say it in the same bits. */
static void equal_definitions_give_equal_bits(void **state) {
    (void)state;
    static const char *const pairs[][2] = {
        {"self-extend:group=8,window=64", "self-extend:group=8,window=64,shift=float"},
        {"leaky-rerope:window=40,k=1", "none"},
        {"self-extend:group=1,window=40", "none"}};
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        float *a = logits_of(pairs[i][0], SXT_PRECISION_F32, 2, 512, N_PROMPT);
        float *b = logits_of(pairs[i][1], SXT_PRECISION_F32, 2, 512, N_PROMPT);
        assert_memory_equal(a, b, logits_bytes());
        free(a);
        free(b);
    }
}

static void every_plan_is_another_one(void **state) {
    (void)state;
    static const char *const plans[] = {"none",
                                        "none+log-n",
                                        "self-extend",
                                        "self-extend:group=7",
                                        "self-extend:group=7,shift=float",
                                        "rerope",
                                        "leaky-rerope",
                                        "streaming",
                                        "streaming:prefill=dense,prompt=270",
                                        "window",
                                        "lm-infinite",
                                        "dual-chunk"};
    enum { N = sizeof plans / sizeof *plans };
    float *logits[N];
    for (int i = 0; i < N; i++) logits[i] = logits_of(plans[i], SXT_PRECISION_F32, 2, 512, N_PROMPT);
    for (int i = 0; i < N; i++)
        for (int j = 0; j < i; j++)
            if (memcmp(logits[i], logits[j], logits_bytes()) == 0)
                fail_msg("%s gives what %s gives", plans[i], plans[j]);
    for (int i = 0; i < N; i++) free(logits[i]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_plan_gives_the_same_bits_for_any_split),
        cmocka_unit_test(so_do_parameters_that_published_codes_stumble_over),
        cmocka_unit_test(equal_definitions_give_equal_bits),
        cmocka_unit_test(every_plan_is_another_one),
    };
    return cmocka_run_group_tests(tests, open_model, close_model);
}
