/* Streaming with a dense prompt: where the prompt ends is part of the plan. The session sets it when a text is
 * given whole, and what is cached agrees with it through every call: the bits are always those of a session
 * that was told. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

enum { N_PROMPT = 301 }; /* past the window of 256 */

#include "infer/sample_sessions.h"

#include <stdio.h>
#include <unistd.h>

#define STREAM "streaming:sinks=3,recent=40"
#define DENSE STREAM ",prefill=dense"

static sxt_session *open_session(const char *plan, int threads, int chunk) {
    sxt_session_params params = params_of(plan, threads, chunk, SXT_PRECISION_FAST);
    return must_open(&params);
}

static void assert_runs(const sxt_session *s, const char *plan) {
    char text[SXT_PLAN_TEXT];
    sxt_plan_print(&s->plan, text, sizeof text);
    assert_string_equal(text, plan);
}

static void take_next(sxt_session *s, int n) {
    int32_t token;
    for (int i = 0; i < n; i++) assert_int_equal(sxt_session_next(s, &token, NULL), SXT_OK);
}

static void must_sync_text(sxt_session *s, const int32_t *tokens, int64_t n) {
    sxt_error error = {0};
    if (sxt_session_sync(s, tokens, n, 0, &error) != SXT_OK) fail_msg("%s", error.text);
}

/* The logits behind all that the session holds are those of the plan, told from the start, and of one call. */
static void assert_as_told(sxt_session *s, const char *told) {
    sxt_session *other = open_session(told, 2, 100);
    must_sync_text(other, s->history.tokens, s->history.n);
    float *expected = copy_logits(other);
    assert_same_logits(s, expected);
    free(expected);
    sxt_session_free(other);
}

static void the_prompt_is_what_is_given_whole(void **state) {
    (void)state;
    sxt_session *s = open_session(DENSE, 1, 512);
    assert_runs(s, DENSE);
    must_sync(s, 100, 50);
    assert_runs(s, DENSE ",prompt=100");
    must_sync(s, 200, 0); /* a longer prompt, not an answer: it grows */
    assert_int_equal(s->stats.n_reused, 100);
    assert_runs(s, DENSE ",prompt=200");
    assert_as_told(s, DENSE ",prompt=200");
    must_sync(s, 150, 0);
    assert_int_equal(s->stats.n_reused, 150);
    assert_runs(s, DENSE ",prompt=150");
    assert_as_told(s, DENSE ",prompt=150");
    must_sync(s, N_PROMPT, 0);
    assert_int_equal(s->stats.n_reused, 150);
    assert_runs(s, DENSE ",prompt=301");
    assert_as_told(s, DENSE ",prompt=301");
    sxt_session_free(s);
}

static void an_answer_is_none_of_it(void **state) {
    (void)state;
    for (int chunk = 512; chunk >= 7; chunk /= 8) {
        sxt_session *s = open_session(DENSE, 2, chunk);
        must_sync(s, 120, 90);
        take_next(s, 90);
        assert_runs(s, DENSE ",prompt=120");
        assert_as_told(s, DENSE ",prompt=120");
        sxt_session_free(s);
    }
}

/* Only its first prompt was read densely. */
static void a_conversation_that_goes_on_keeps_its_prompt(void **state) {
    (void)state;
    for (int n_answer = 1; n_answer < 30; n_answer += 28) {
        int32_t text[N_PROMPT];
        sxt_session *s = open_session(DENSE, 1, 64);
        must_sync(s, 110, 0);
        take_next(s, n_answer);
        memcpy(text, prompt, sizeof text);
        memcpy(text, s->history.tokens, (size_t)s->history.n * sizeof *text);
        must_sync_text(s, text, 250);
        assert_true(s->stats.n_reused >= 110 + n_answer - 1);
        assert_runs(s, DENSE ",prompt=110");
        assert_as_told(s, DENSE ",prompt=110");
        must_sync(s, 250, 0); /* another text behind the same beginning */
        assert_int_equal(s->stats.n_reused, 110);
        assert_runs(s, DENSE ",prompt=250");
        assert_as_told(s, DENSE ",prompt=250");
        sxt_session_free(s);
    }
}

static void a_rollback_into_the_prompt_ends_it_there(void **state) {
    (void)state;
    sxt_session *s = open_session(DENSE, 2, 64), *told = open_session(DENSE ",prompt=200", 1, 64);
    must_sync(s, 200, 0);
    take_next(s, 9);
    assert_int_equal(sxt_session_rollback(s, 204, NULL), SXT_OK);
    assert_runs(s, DENSE ",prompt=200");
    assert_int_equal(sxt_session_rollback(s, 130, NULL), SXT_OK);
    assert_runs(s, DENSE ",prompt=130");
    take_next(s, 60);
    assert_as_told(s, DENSE ",prompt=130");
    must_sync(s, 200, 0);
    assert_int_equal(s->stats.n_reused, 130);
    assert_as_told(s, DENSE ",prompt=200");
    assert_int_equal(sxt_session_rollback(s, 0, NULL), SXT_OK);
    assert_runs(s, DENSE);
    must_sync(told, 220, 0);
    assert_int_equal(sxt_session_rollback(told, 130, NULL), SXT_OK);
    assert_runs(told, DENSE ",prompt=200"); /* the user's stays */
    sxt_session_free(s);
    sxt_session_free(told);
}

static bool stop_at_64(void *user, int64_t n_read, int64_t n_total) {
    (void)user, (void)n_total;
    return n_read < 64;
}

static void a_cancelled_prompt_may_become_another(void **state) {
    (void)state;
    sxt_session *s = open_session(DENSE, 1, 32);
    s->params.progress = stop_at_64;
    assert_int_equal(sxt_session_sync(s, prompt, N_PROMPT, 0, NULL), SXT_E_CANCELLED);
    s->params.progress = NULL;
    must_sync(s, 90, 0);
    assert_int_equal(s->stats.n_reused, 64);
    assert_runs(s, DENSE ",prompt=90");
    assert_as_told(s, DENSE ",prompt=90");
    sxt_session_free(s);
}

/* A prompt that grows makes nothing invalid. */
static void nothing_is_reread_for_it(void **state) {
    (void)state;
    sxt_session_params params = params_of(DENSE, 1, 64, SXT_PRECISION_FAST);
    params.reread = true;
    sxt_session *s = must_open(&params);
    must_sync(s, 100, 0);
    must_sync(s, 180, 0);
    assert_int_equal(s->stats.n_reused, 100);
    assert_as_told(s, DENSE ",prompt=180");
    sxt_session_free(s);
}

static void must_load(const char *path, const char *plan, sxt_status wanted) {
    sxt_error error = {0};
    sxt_session *s = open_session(plan, 1, 64);
    sxt_status status = sxt_session_load(s, path, &error);
    if (status != wanted) fail_msg("%s: status %d, %s", plan, (int)status, error.text);
    if (status == SXT_OK) {
        assert_runs(s, DENSE ",prompt=140");
        assert_int_equal(s->history.n, 170);
        take_next(s, 5);
        assert_as_told(s, DENSE ",prompt=140");
    } else {
        assert_non_null(strstr(error.text, "saved under the plan " DENSE ",prompt=140"));
    }
    sxt_session_free(s);
}

static void it_is_saved_and_loaded(void **state) {
    (void)state;
    char path[64];
    snprintf(path, sizeof path, "dense-prompt-test-%ld.sxt", (long)getpid());
    sxt_session *s = open_session(DENSE, 2, 64);
    must_sync(s, 140, 0);
    take_next(s, 30);
    assert_int_equal(sxt_session_save(s, path, NULL), SXT_OK);
    must_load(path, DENSE, SXT_OK);
    must_load(path, DENSE ",prompt=140", SXT_OK);
    must_load(path, DENSE ",prompt=141", SXT_E_MISMATCH);
    must_load(path, STREAM, SXT_E_MISMATCH);
    must_load(path, STREAM ",prefill=dense+log-n", SXT_E_MISMATCH);
    unlink(path);
    sxt_session_free(s);
}

/* Both are the model as trained until something is out of sight. */
static void stream_and_dense_part_behind_the_window(void **state) {
    (void)state;
    static const int64_t lengths[] = {44, 45, 200};
    sxt_session *dense = open_session(DENSE, 1, 512), *stream = open_session(STREAM, 1, 512);
    for (int i = 0; i < 3; i++) {
        must_sync(dense, lengths[i], 0);
        must_sync(stream, lengths[i], 0);
        float *a = copy_logits(dense), *b = copy_logits(stream);
        assert_int_equal(memcmp(a, b, logits_bytes()) == 0, lengths[i] == 44);
        free(a);
        free(b);
    }
    assert_true(dense->cache.room.n_ring == 0 && stream->cache.room.n_ring >= 0);
    sxt_session_free(dense);
    sxt_session_free(stream);
}

static void the_limit_is_the_prompts(void **state) {
    (void)state;
    sxt_session *s = open_session(DENSE, 2, 512);
    must_sync(s, 256, 0);
    take_next(s, 8);
    assert_true(sxt_plan_limit(&s->plan) == INT64_MAX);
    must_sync(s, 257, 0);
    assert_int_equal(sxt_plan_limit(&s->plan), 256);
    sxt_session_free(s);
}

typedef struct last_row {
    float *logits; /* (n_vocab) */
} last_row;

static bool keep_last(void *user, int64_t pos, const float *logits) {
    (void)pos;
    memcpy(((last_row *)user)->logits, logits, logits_bytes());
    return true;
}

static void a_scan_reads_a_prompt(void **state) {
    (void)state;
    last_row row = {malloc(logits_bytes())};
    sxt_session *s = open_session(DENSE, 1, 50), *told = open_session(DENSE ",prompt=210", 1, 512);
    must_sync(s, 90, 0);
    take_next(s, 4);
    assert_int_equal(sxt_session_scan(s, prompt, 210, 0, keep_last, &row, NULL), SXT_OK);
    assert_runs(s, DENSE ",prompt=210");
    must_sync(told, 210, 0);
    assert_same_logits(told, row.logits);
    sxt_session_free(s);
    sxt_session_free(told);
    free(row.logits);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_prompt_is_what_is_given_whole),
        cmocka_unit_test(an_answer_is_none_of_it),
        cmocka_unit_test(a_conversation_that_goes_on_keeps_its_prompt),
        cmocka_unit_test(a_rollback_into_the_prompt_ends_it_there),
        cmocka_unit_test(a_cancelled_prompt_may_become_another),
        cmocka_unit_test(nothing_is_reread_for_it),
        cmocka_unit_test(it_is_saved_and_loaded),
        cmocka_unit_test(stream_and_dense_part_behind_the_window),
        cmocka_unit_test(the_limit_is_the_prompts),
        cmocka_unit_test(a_scan_reads_a_prompt),
    };
    return cmocka_run_group_tests(tests, open_model, close_model);
}
