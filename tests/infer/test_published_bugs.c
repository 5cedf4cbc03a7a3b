/* Faults that published codes of these methods have, one test each: a session past the window gives token by
 * token the bits that it gives at once, and what has no meaning is refused. That those bits are the
 * definition's is what oracle/methods_on_families and oracle/attention show. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

enum { N_PROMPT = 325, N_TILE = 32 };

#include "infer/sample_sessions.h"

static float *logits_at_once(const char *plan, int chunk, int64_t n) {
    sxt_session_params params = params_of(plan, 2, chunk, SXT_PRECISION_FAST);
    sxt_session *s = must_open(&params);
    must_sync(s, n, 0);
    float *logits = copy_logits(s);
    sxt_session_free(s);
    return logits;
}

/* The first n_first tokens at once, those up to n_last one by one; at each the logits are those of a fresh
 * session that reads the same text at once. */
static void assert_decode_is_prefill(const char *plan, int64_t n_first, int64_t n_last) {
    sxt_session_params params = params_of(plan, 2, 512, SXT_PRECISION_FAST);
    sxt_session *s = must_open(&params);
    for (int64_t n = n_first; n <= n_last; n++) {
        must_sync(s, n, 0);
        float *expected = logits_at_once(plan, 512, n);
        assert_same_logits(s, expected);
        free(expected);
    }
    sxt_session_free(s);
}

/* A Triton decode kernel left out the tail of a cache that is no multiple of its tile, and mixed up grouped
 * heads.
 */
static void decode_at_lengths_that_no_tile_divides(void **state) {
    (void)state;
    assert_true(model->hparams.n_heads > model->hparams.n_kv_heads);
    assert_decode_is_prefill("self-extend:group=8,window=64", 9 * N_TILE, 9 * N_TILE + 5);
    assert_decode_is_prefill("self-extend:group=8,window=64", 10 * N_TILE - 1, N_PROMPT);
}

/* A window of 0 made every key far, the query's own too, or none. */
static void a_window_of_nothing_is_refused(void **state) {
    (void)state;
    static const char *const plans[] = {"self-extend:window=0", "rerope:window=0", "leaky-rerope:window=0",
                                        "window:window=0"};
    for (size_t i = 0; i < sizeof plans / sizeof *plans; i++) {
        sxt_session_params params = params_of(plans[i], 1, 512, SXT_PRECISION_FAST);
        sxt_session *s = NULL;
        sxt_error error;
        assert_int_equal(sxt_session_new(model, &params, &s, &error), SXT_E_ARGUMENT);
        assert_non_null(strstr(error.text, "window=0 is out of range; it must be between 1 and"));
    }
    assert_decode_is_prefill("self-extend:group=8,window=1", 300, 302);
}

/* Prefill shifted queries by W - W/G as a real number, decode by a whole one. */
static void a_group_that_does_not_divide_the_window(void **state) {
    (void)state;
    assert_decode_is_prefill("self-extend:group=7,window=30", 300, 304);
    assert_decode_is_prefill("self-extend:group=7,window=30,shift=float", 300, 304);
}

/* Several queries at a time saw the text before them as if each were the first of them. */
static void many_queries_behind_a_text(void **state) {
    (void)state;
    static const int chunks[] = {200, 37};
    float *expected = logits_at_once("self-extend:group=8,window=64", 512, N_PROMPT);
    for (size_t i = 0; i < sizeof chunks / sizeof *chunks; i++) {
        float *logits = logits_at_once("self-extend:group=8,window=64", chunks[i], N_PROMPT);
        assert_memory_equal(logits, expected, logits_bytes());
        free(logits);
    }
    free(expected);
}

/* A prompt longer than sinks and recent keys hold was seen whole, at positions past the window. */
static void sinks_with_a_long_prompt(void **state) {
    (void)state;
    sxt_session_params params = params_of("streaming:sinks=4,recent=60", 1, 512, SXT_PRECISION_FAST);
    sxt_session *s = must_open(&params);
    for (int64_t n = 1; n <= N_PROMPT; n++) must_sync(s, n, 0); /* the definition: one by one */
    float *logits = logits_at_once("streaming:sinks=4,recent=60", 512, N_PROMPT);
    assert_same_logits(s, logits);
    free(logits);
    sxt_session_free(s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decode_at_lengths_that_no_tile_divides),
        cmocka_unit_test(a_window_of_nothing_is_refused),
        cmocka_unit_test(a_group_that_does_not_divide_the_window),
        cmocka_unit_test(many_queries_behind_a_text),
        cmocka_unit_test(sinks_with_a_long_prompt),
    };
    return cmocka_run_group_tests(tests, open_model, close_model);
}
