/* A plan that forgets keeps in memory what its tokens can still see and nothing else: the bits are those of a
 * session that keeps all, for any chunk and any number of threads, after a save and load too; and going back
 * to what is forgotten is refused, or read again. */
#include "base/file.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <unistd.h>

/* Several times around the ring; no multiple of any block. */
#if defined(SXT_SANITIZED)
enum { N_PROMPT = 1411 };
#else
enum { N_PROMPT = 3411 };
#endif

#include "infer/sample_sessions.h"

static const char *const plan = "streaming:sinks=5,recent=120"; /* 126 keys in sight: a ring of a few blocks */

static sxt_session *open_session(const char *name, int threads, int chunk, bool keeps_all) {
    sxt_session_params params = params_of(name, threads, chunk, SXT_PRECISION_FAST);
    params.n_ctx = keeps_all ? 4096 : 0;
    params.reread = keeps_all;
    return must_open(&params);
}

/* Logits behind the first n tokens by a session that keeps all. */
static float *expected(const char *name, int64_t n) {
    sxt_session *s = open_session(name, 1, 512, true);
    must_sync(s, n, 0);
    assert_int_equal(s->oldest, 0);
    float *logits = copy_logits(s);
    sxt_session_free(s);
    return logits;
}

static void the_bits_are_those_of_a_session_that_keeps_all(void **state) {
    (void)state;
    static const char *const plans[] = {"streaming:sinks=5,recent=120", "streaming:sinks=0,recent=200",
                                        "streaming:sinks=200,recent=40+log-n", "window:window=150",
                                        "lm-infinite:sinks=3,recent=77"};
    static const int chunks[] = {512, 100, 7};
    for (size_t i = 0; i < sizeof plans / sizeof *plans; i++) {
        float *wanted = expected(plans[i], N_PROMPT);
        for (int c = 0; c < 3; c++) {
            sxt_session *s = open_session(plans[i], 1 + c, chunks[c], false);
            must_sync(s, N_PROMPT, 0);
            assert_true(s->oldest > 0); /* else nothing was tried */
            assert_same_logits(s, wanted);
            sxt_session_free(s);
        }
        free(wanted);
    }
}

static void token_by_token_too(void **state) {
    (void)state;
    sxt_session *s = open_session(plan, 2, 64, false);
    for (int64_t n = N_PROMPT - 700; n <= N_PROMPT; n++) must_sync(s, n, 0);
    assert_true(s->stats.n_reused == N_PROMPT - 1 && s->oldest > N_PROMPT - 700);
    float *wanted = expected(plan, N_PROMPT);
    assert_same_logits(s, wanted);
    free(wanted);
    sxt_session_free(s);
}

static void memory_does_not_grow_with_the_text(void **state) {
    (void)state;
    sxt_session *s = open_session(plan, 1, 64, false);
    uint64_t bytes = s->cache.bytes;
    assert_int_equal(s->params.n_ctx, SXT_MOST_CTX);
    assert_true(s->cache.room.n_tokens < 700 && s->history.room < 800);
    must_sync(s, N_PROMPT, 0);
    assert_int_equal(s->cache.bytes, bytes);
    const sxt_history *h = &s->history;
    assert_true(h->n == N_PROMPT && h->n - h->first > 126 && h->n - h->first <= h->room);
    assert_memory_equal(h->tokens, prompt + h->first, (size_t)(h->n - h->first) * sizeof *prompt);
    sxt_session_free(s);
}

static void what_changed_in_forgotten_text_is_noticed(void **state) {
    (void)state;
    sxt_session *s = open_session(plan, 1, 64, false);
    must_sync(s, N_PROMPT, 0);
    must_sync(s, N_PROMPT, 0);
    assert_int_equal(s->stats.n_reused, N_PROMPT);
    prompt[3]++;
    must_sync(s, N_PROMPT, 0);
    assert_int_equal(s->stats.n_reused, 0);
    float *wanted = expected(plan, N_PROMPT);
    assert_same_logits(s, wanted);
    free(wanted);
    prompt[3]--;
    sxt_session_free(s);
}

/* The earliest length that a roll-back may go to still has all that it sees. */
static void it_goes_back_as_far_as_it_remembers(void **state) {
    (void)state;
    sxt_session *s = open_session(plan, 2, 64, false);
    sxt_error error;
    must_sync(s, N_PROMPT, 0);
    int64_t least = s->oldest + s->memory.n_nearest;
    assert_true(least < N_PROMPT);
    assert_int_equal(sxt_session_rollback(s, least - 1, &error), SXT_E_LIMIT);
    assert_non_null(strstr(error.text, "forgotten"));
    assert_int_equal(s->history.n, N_PROMPT);
    assert_int_equal(sxt_session_rollback(s, least, &error), SXT_OK);
    float *wanted = expected(plan, least);
    assert_same_logits(s, wanted);
    free(wanted);
    must_sync(s, N_PROMPT, 0);
    wanted = expected(plan, N_PROMPT);
    assert_same_logits(s, wanted);
    must_sync(s, 300, 0); /* forgotten: read again */
    assert_int_equal(s->stats.n_reused, 0);
    must_sync(s, N_PROMPT, 0);
    assert_same_logits(s, wanted);
    free(wanted);
    sxt_session_free(s);
}

static void a_cancelled_reading_goes_on(void **state) {
    (void)state;
    sxt_session *s = open_session(plan, 1, 64, false);
    must_sync(s, 1000, 0);
    sxt_session_cancel(s);
    assert_int_equal(sxt_session_sync(s, prompt, N_PROMPT, 0, NULL), SXT_E_CANCELLED);
    must_sync(s, N_PROMPT, 0);
    assert_int_equal(s->stats.n_reused, 1000);
    float *wanted = expected(plan, N_PROMPT);
    assert_same_logits(s, wanted);
    free(wanted);
    sxt_session_free(s);
}

static void must_load_and_go_on(const char *path, int chunk, const float *wanted) {
    sxt_session *s = open_session(plan, 2, chunk, false);
    sxt_error error = {0};
    if (sxt_session_load(s, path, &error) != SXT_OK) fail_msg("%s", error.text);
    assert_int_equal(s->history.n, 1300);
    must_sync(s, N_PROMPT, 0);
    assert_int_equal(s->stats.n_reused, 1300);
    assert_same_logits(s, wanted);
    sxt_session_free(s);
}

/* A smaller chunk makes a smaller ring. */
static void it_is_saved_and_loaded(void **state) {
    (void)state;
    char path[] = "/tmp/sxt_forgetting_XXXXXX";
    close(mkstemp(path));
    sxt_error error;
    sxt_session *s = open_session(plan, 1, 300, false);
    must_sync(s, 1300, 0);
    assert_true(s->oldest > 0);
    assert_int_equal(sxt_session_save(s, path, &error), SXT_OK);
    float *wanted = expected(plan, N_PROMPT);
    must_load_and_go_on(path, 300, wanted);
    must_load_and_go_on(path, 7, wanted);
    must_load_and_go_on(path, 2048, wanted);
    sxt_session *all = open_session(plan, 1, 64, true);
    assert_int_equal(sxt_session_load(all, path, &error), SXT_E_MISMATCH);
    assert_non_null(strstr(error.text, "forgotten"));
    assert_int_equal(all->history.n, 0);
    sxt_session_free(all);
    sxt_session_free(s);
    free(wanted);
    unlink(path);
}

static void a_filled_session_goes_on(void **state) {
    (void)state;
    sxt_session *s = open_session(plan, 1, 64, false);
    assert_int_equal(sxt_session_fill(s, 2000, NULL), SXT_OK);
    int32_t token;
    assert_int_equal(sxt_session_next(s, &token, NULL), SXT_OK);
    assert_int_equal(s->history.n, 2001);
    sxt_session_free(s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_bits_are_those_of_a_session_that_keeps_all),
        cmocka_unit_test(token_by_token_too),
        cmocka_unit_test(memory_does_not_grow_with_the_text),
        cmocka_unit_test(what_changed_in_forgotten_text_is_noticed),
        cmocka_unit_test(it_goes_back_as_far_as_it_remembers),
        cmocka_unit_test(a_cancelled_reading_goes_on),
        cmocka_unit_test(it_is_saved_and_loaded),
        cmocka_unit_test(a_filled_session_goes_on),
    };
    return cmocka_run_group_tests(tests, open_model, close_model);
}
