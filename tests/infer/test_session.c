/* A session gives the same bits whatever the number of threads and the way its prompt was cut, after a
 * save and load, after a roll-back and after a cancelled call; and it refuses what it cannot do. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/file.h"
#include "failing_memory.h"

#include <stdio.h>
#include <unistd.h>

enum { N_PROMPT = 420 };

#include "infer/sample_sessions.h"

static sxt_precision precision; /* of the sessions that new_session() makes */

static sxt_session *new_session(const char *plan, int threads, int chunk, sxt_type kv) {
    sxt_session_params params = params_of(plan, threads, chunk, precision);
    params.kv_type = kv;
    return must_open(&params);
}

static float *reference(const char *plan, sxt_type kv) {
    sxt_session *s = new_session(plan, 1, 512, kv);
    must_sync(s, N_PROMPT, 0);
    float *logits = copy_logits(s);
    sxt_session_free(s);
    return logits;
}

static void same_bits_for_any_split(void **state) {
    (void)state;
    static const struct {
        const char *plan;
        sxt_type kv;
        sxt_precision precision;
    } cases[] = {{"none", SXT_TYPE_F32, SXT_PRECISION_F32},
                 {"self-extend:group=8,window=64", SXT_TYPE_F16, SXT_PRECISION_F32},
                 {"self-extend:group=7,window=30", SXT_TYPE_Q8_0, SXT_PRECISION_F32},
                 {"none", SXT_TYPE_F32, SXT_PRECISION_FAST},
                 {"self-extend:group=8,window=64", SXT_TYPE_F16, SXT_PRECISION_FAST},
                 {"self-extend:group=7,window=30", SXT_TYPE_BF16, SXT_PRECISION_FAST},
                 {"none", SXT_TYPE_Q8_0, SXT_PRECISION_FAST},
                 {"self-extend:group=8,window=64", SXT_TYPE_Q4_0, SXT_PRECISION_FAST}};
    static const struct { int threads, chunk; } splits[] = {{2, 512}, {3, 64}, {8, 100}, {1, 7}, {2, 1}};
    for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++) {
        precision = cases[c].precision;
        float *expected = reference(cases[c].plan, cases[c].kv);
        for (size_t i = 0; i < sizeof splits / sizeof splits[0]; i++) {
            sxt_session *s = new_session(cases[c].plan, splits[i].threads, splits[i].chunk, cases[c].kv);
            must_sync(s, N_PROMPT, 0);
            assert_same_logits(s, expected);
            sxt_session_free(s);
        }
        free(expected);
    }
    precision = SXT_PRECISION_FAST;
}

static void plans_differ_past_the_window(void **state) {
    (void)state;
    float *none = reference("none", SXT_TYPE_F32);
    float *extended = reference("self-extend:group=8,window=64", SXT_TYPE_F32);
    assert_memory_not_equal(none, extended, logits_bytes());
    free(none);
    free(extended);
}

static void prefix_is_reused(void **state) {
    (void)state;
    float *expected = reference("none", SXT_TYPE_F16);
    sxt_session *s = new_session("none", 2, 512, SXT_TYPE_F16);
    must_sync(s, 300, 0);
    must_sync(s, N_PROMPT, 0);
    assert_int_equal(s->stats.n_reused, 300);
    assert_int_equal(s->stats.n_read, N_PROMPT - 300);
    assert_same_logits(s, expected);
    must_sync(s, N_PROMPT, 0);
    assert_int_equal(s->stats.n_read, 0);
    assert_same_logits(s, expected);
    sxt_session_free(s);
    free(expected);
}

static void same_bits_after_a_rollback(void **state) {
    (void)state;
    float *expected = reference("self-extend:group=8,window=64", SXT_TYPE_F16);
    sxt_session *s = new_session("self-extend:group=8,window=64", 2, 100, SXT_TYPE_F16);
    must_sync(s, N_PROMPT, 0);
    for (int i = 0; i < 5; i++) {
        int32_t token;
        assert_int_equal(sxt_session_next(s, &token, NULL), SXT_OK);
    }
    assert_int_equal(sxt_session_rollback(s, 311, NULL), SXT_OK);
    must_sync(s, N_PROMPT, 0);
    assert_int_equal(s->stats.n_reused, 311);
    assert_same_logits(s, expected);
    assert_int_equal(sxt_session_rollback(s, N_PROMPT + 1, NULL), SXT_E_ARGUMENT);
    sxt_session_free(s);
    free(expected);
}

static void next_equals_sync(void **state) {
    (void)state;
    sxt_session *s = new_session("auto", 2, 512, SXT_TYPE_F16);
    sxt_session *whole = new_session("auto", 1, 512, SXT_TYPE_F16);
    assert_int_equal(sxt_session_sync(s, prompt, 390, 20, NULL), SXT_OK);
    for (int i = 0; i < 20; i++) {
        int32_t token;
        assert_int_equal(sxt_session_next(s, &token, NULL), SXT_OK);
    }
    float *logits = copy_logits(s);
    assert_int_equal(sxt_session_sync(whole, s->history.tokens, 410, 0, NULL), SXT_OK);
    assert_true(sxt_plan_equal(&s->plan, &whole->plan));
    assert_same_logits(whole, logits);
    free(logits);
    sxt_session_free(s);
    sxt_session_free(whole);
}

static void temporary_path(char *path, size_t n) { snprintf(path, n, "session-test-%ld.sxt", (long)getpid()); }

static void same_bits_after_save_and_load(void **state) {
    (void)state;
    char path[64];
    temporary_path(path, sizeof path);
    float *expected = reference("self-extend:group=8,window=64", SXT_TYPE_F16);
    sxt_session *s = new_session("self-extend:group=8,window=64", 2, 512, SXT_TYPE_F16);
    must_sync(s, 355, 0);
    assert_int_equal(sxt_session_save(s, path, NULL), SXT_OK);
    sxt_session_free(s);

    s = new_session("self-extend:group=8,window=64", 1, 64, SXT_TYPE_F16);
    sxt_error error = {0};
    if (sxt_session_load(s, path, &error) != SXT_OK) fail_msg("%s", error.text);
    must_sync(s, N_PROMPT, 0);
    assert_int_equal(s->stats.n_reused, 355);
    assert_same_logits(s, expected);
    sxt_session_free(s);

    s = new_session("none", 1, 64, SXT_TYPE_F16);
    assert_int_equal(sxt_session_load(s, path, &error), SXT_E_MISMATCH);
    assert_non_null(strstr(error.text, "plan"));
    sxt_session_free(s);
    s = new_session("self-extend:group=8,window=64", 1, 64, SXT_TYPE_F32);
    assert_int_equal(sxt_session_load(s, path, &error), SXT_E_MISMATCH);
    sxt_session_free(s);
    s = new_session("auto", 1, 64, SXT_TYPE_F16);
    assert_int_equal(sxt_session_load(s, path, &error), SXT_OK);
    sxt_session_free(s);
    unlink(path);
    free(expected);
}

/* The last chosen token is not in the cache yet, but the caller has it already. */
static void a_chosen_token_is_saved(void **state) {
    (void)state;
    char path[64];
    int32_t chosen, next, again;
    temporary_path(path, sizeof path);
    sxt_session *s = new_session("none", 1, 64, SXT_TYPE_F16);
    must_sync(s, 20, 0);
    assert_int_equal(sxt_session_next(s, &chosen, NULL), SXT_OK);
    assert_int_equal(sxt_session_save(s, path, NULL), SXT_OK);
    assert_int_equal(sxt_session_next(s, &next, NULL), SXT_OK);
    sxt_session_free(s);
    s = new_session("none", 1, 64, SXT_TYPE_F16);
    assert_int_equal(sxt_session_load(s, path, NULL), SXT_OK);
    assert_int_equal(s->history.n, 21);
    assert_int_equal(s->history.tokens[20], chosen);
    assert_int_equal(sxt_session_next(s, &again, NULL), SXT_OK);
    assert_int_equal(again, next);
    sxt_session_free(s);
    unlink(path);
}

static bool stop_at_50(void *user, int64_t n_read, int64_t n_total) {
    (void)user, (void)n_total;
    return n_read < 50;
}

/* Of a prompt that was cancelled, what was read has to fit, not what was still to come. */
static void a_cancelled_prompt_loads_into_a_smaller_context(void **state) {
    (void)state;
    char path[64];
    temporary_path(path, sizeof path);
    sxt_session *s = new_session("auto", 1, 50, SXT_TYPE_F16);
    s->params.progress = stop_at_50;
    assert_int_equal(sxt_session_sync(s, prompt, N_PROMPT, 0, NULL), SXT_E_CANCELLED);
    assert_int_equal(sxt_session_save(s, path, NULL), SXT_OK);
    sxt_session_free(s);
    sxt_session_params params = sxt_session_params_default();
    params.n_ctx = 60;
    assert_int_equal(sxt_session_new(model, &params, &s, NULL), SXT_OK);
    assert_int_equal(sxt_session_load(s, path, NULL), SXT_OK);
    assert_int_equal(s->n_cached, 50);
    assert_int_equal(s->history.n, 60);
    assert_memory_equal(s->history.tokens, prompt, 60 * sizeof *prompt);
    assert_int_equal(s->plan_length, 60);
    sxt_session_free(s);
    params.n_ctx = 49;
    assert_int_equal(sxt_session_new(model, &params, &s, NULL), SXT_OK);
    assert_int_equal(sxt_session_load(s, path, NULL), SXT_E_MISMATCH);
    sxt_session_free(s);
    unlink(path);
}

/* Every flipped byte and every truncation is refused and leaves the session as it was. */
static void damaged_session_files_are_refused(void **state) {
    (void)state;
    char path[64];
    temporary_path(path, sizeof path);
    sxt_session *s = new_session("none", 1, 64, SXT_TYPE_F16);
    must_sync(s, 3, 0);
    float *expected = copy_logits(s);
    assert_int_equal(sxt_session_save(s, path, NULL), SXT_OK);
    sxt_map map;
    assert_int_equal(sxt_map_open(path, &map, NULL), SXT_OK);
    size_t n = map.size;
    uint8_t *bytes = malloc(n);
    memcpy(bytes, map.data, n);
    sxt_map_close(&map);
    for (size_t i = 0; i < n; i += i < 128 ? 1 : 97) {
        FILE *f = fopen(path, "wb");
        bytes[i] ^= 0x40;
        fwrite(bytes, 1, n, f);
        fclose(f);
        bytes[i] ^= 0x40;
        assert_int_not_equal(sxt_session_load(s, path, NULL), SXT_OK);
        assert_int_equal(truncate(path, (off_t)i), 0);
        assert_int_not_equal(sxt_session_load(s, path, NULL), SXT_OK);
    }
    assert_int_equal(s->history.n, 3);
    assert_same_logits(s, expected);
    unlink(path);
    free(bytes);
    free(expected);
    sxt_session_free(s);
}

static ssize_t full_disk(int fd, const void *bytes, size_t n) {
    (void)fd, (void)bytes, (void)n;
    return -1;
}

static void a_full_disk_leaves_the_old_file(void **state) {
    (void)state;
    char path[64];
    temporary_path(path, sizeof path);
    sxt_session *s = new_session("none", 1, 64, SXT_TYPE_F16);
    must_sync(s, 10, 0);
    assert_int_equal(sxt_session_save(s, path, NULL), SXT_OK);
    must_sync(s, 20, 0);
    sxt_file_hooks hooks = {full_disk, fsync, rename};
    sxt_set_file_hooks(&hooks);
    assert_int_equal(sxt_session_save(s, path, NULL), SXT_E_IO);
    sxt_set_file_hooks(NULL);
    assert_int_equal(sxt_session_load(s, path, NULL), SXT_OK);
    assert_int_equal(s->history.n, 10);
    unlink(path);
    sxt_session_free(s);
}

static bool stop_at_200(void *user, int64_t n_read, int64_t n_total) {
    (void)user, (void)n_total;
    return n_read < 200;
}

static void a_cancelled_sync_goes_on(void **state) {
    (void)state;
    float *expected = reference("none", SXT_TYPE_F16);
    sxt_session *s = new_session("none", 2, 50, SXT_TYPE_F16);
    s->params.progress = stop_at_200;
    assert_int_equal(sxt_session_sync(s, prompt, N_PROMPT, 0, NULL), SXT_E_CANCELLED);
    assert_int_equal(s->n_cached, 200);
    s->params.progress = NULL;
    sxt_session_cancel(s);
    assert_int_equal(sxt_session_sync(s, prompt, N_PROMPT, 0, NULL), SXT_E_CANCELLED);
    must_sync(s, N_PROMPT, 0);
    assert_int_equal(s->stats.n_reused, 200);
    assert_same_logits(s, expected);
    sxt_session_free(s);
    free(expected);
}

/* Also a call that finds all it needs in the cache is stopped, and only one. */
static void a_cancel_stops_the_next_call(void **state) {
    (void)state;
    int32_t token;
    sxt_session *s = new_session("none", 1, 50, SXT_TYPE_F16);
    must_sync(s, 30, 0);
    sxt_session_cancel(s);
    assert_int_equal(sxt_session_sync(s, prompt, 30, 0, NULL), SXT_E_CANCELLED);
    must_sync(s, 30, 0);
    sxt_session_cancel(s);
    assert_int_equal(sxt_session_next(s, &token, NULL), SXT_E_CANCELLED);
    assert_int_equal(sxt_session_next(s, &token, NULL), SXT_OK);
    sxt_session_free(s);
}

static void missing_arguments_are_refused(void **state) {
    (void)state;
    sxt_session *s = new_session("none", 1, 50, SXT_TYPE_F16), *none;
    sxt_session_params params = sxt_session_params_default();
    assert_int_equal(sxt_session_new(NULL, &params, &none, NULL), SXT_E_ARGUMENT);
    assert_int_equal(sxt_session_new(model, &params, NULL, NULL), SXT_E_ARGUMENT);
    assert_int_equal(sxt_session_sync(s, NULL, 3, 0, NULL), SXT_E_ARGUMENT);
    assert_int_equal(sxt_session_sync(NULL, prompt, 3, 0, NULL), SXT_E_ARGUMENT);
    assert_int_equal(sxt_session_scan(s, prompt, 3, 0, NULL, NULL, NULL), SXT_E_ARGUMENT);
    assert_int_equal(sxt_session_logits(s, NULL, NULL), SXT_E_ARGUMENT);
    assert_int_equal(sxt_session_next(s, NULL, NULL), SXT_E_ARGUMENT);
    assert_int_equal(sxt_session_set_sampler(s, NULL, NULL), SXT_E_ARGUMENT);
    assert_int_equal(sxt_session_save(s, "", NULL), SXT_E_ARGUMENT);
    assert_int_equal(sxt_session_load(s, NULL, NULL), SXT_E_ARGUMENT);
    sxt_session_free(s);
}

static bool collect(void *user, int64_t pos, const float *logits) {
    float *rows = user;
    memcpy(rows + (pos - 410) * model->hparams.n_vocab, logits, logits_bytes());
    return true;
}

static void scan_equals_sync(void **state) {
    (void)state;
    int32_t n_vocab = model->hparams.n_vocab;
    float *rows = malloc((size_t)10 * (size_t)n_vocab * sizeof *rows);
    sxt_session *s = new_session("self-extend:group=8,window=64", 2, 300, SXT_TYPE_F32);
    assert_int_equal(sxt_session_scan(s, prompt, N_PROMPT, 410, collect, rows, NULL), SXT_OK);
    sxt_session *other = new_session("self-extend:group=8,window=64", 1, 512, SXT_TYPE_F32);
    for (int i = 0; i < 10; i++) {
        must_sync(other, 411 + i, 0);
        assert_same_logits(other, rows + (size_t)i * (size_t)n_vocab);
    }
    sxt_session_free(s);
    sxt_session_free(other);
    free(rows);
}

static void auto_grows_with_the_conversation(void **state) {
    (void)state;
    sxt_session *s = new_session("auto", 2, 512, SXT_TYPE_F16);
    assert_int_equal(sxt_session_sync(s, prompt, 200, 50, NULL), SXT_OK);
    assert_string_equal(s->plan.method->name, "none");
    assert_int_equal(sxt_session_sync(s, prompt, 300, 50, NULL), SXT_OK);
    assert_string_equal(s->plan.method->name, "self-extend");
    assert_int_equal(s->stats.n_reused, 200);
    sxt_plan early = s->plan;
    assert_int_equal(sxt_session_sync(s, prompt, 330, 50, NULL), SXT_OK);
    assert_true(sxt_plan_equal(&early, &s->plan));
    s->params.reread = true;
    assert_int_equal(sxt_session_sync(s, prompt, 200, 0, NULL), SXT_OK);
    assert_string_equal(s->plan.method->name, "none");
    assert_int_equal(s->stats.n_reused, 0);
    sxt_session_free(s);
}

static void decisions_do_not_depend_on_the_chunk(void **state) {
    (void)state;
    for (int chunk = 16; chunk <= 512; chunk *= 2) {
        sxt_session *s = new_session("auto", 1, chunk, SXT_TYPE_F16);
        must_sync(s, 300, 0);
        assert_string_equal(s->plan.method->name, "self-extend");
        sxt_session_free(s);
    }
}

static void bad_arguments_are_named(void **state) {
    (void)state;
    sxt_error error;
    sxt_session *s = new_session("none", 1, 64, SXT_TYPE_F16);
    int32_t wrong[2] = {0, 1536};
    assert_int_equal(sxt_session_sync(s, wrong, 2, 0, &error), SXT_E_ARGUMENT);
    assert_non_null(strstr(error.text, "1536"));
    assert_int_equal(sxt_session_sync(s, wrong, 0, 0, &error), SXT_E_ARGUMENT);
    assert_non_null(strstr(error.text, "empty"));
    assert_int_equal(sxt_session_sync(s, prompt, 1025, 0, &error), SXT_E_LIMIT);
    sxt_session_free(s);
    sxt_session_params params = sxt_session_params_default();
    params.n_ctx = (int64_t)1 << 31;
    assert_int_equal(sxt_session_new(model, &params, &s, &error), SXT_E_MEMORY);
    assert_non_null(strstr(error.text, "MiB"));
    params = sxt_session_params_default();
    params.chunk = -1;
    assert_int_equal(sxt_session_new(model, &params, &s, &error), SXT_E_ARGUMENT);
}

static void a_full_context_says_so(void **state) {
    (void)state;
    sxt_session_params params = sxt_session_params_default();
    params.n_ctx = 5;
    params.n_threads = 1;
    sxt_session *s;
    int32_t token;
    assert_int_equal(sxt_session_new(model, &params, &s, NULL), SXT_OK);
    must_sync(s, 4, 0);
    assert_int_equal(sxt_session_next(s, &token, NULL), SXT_OK);
    assert_int_equal(sxt_session_next(s, &token, NULL), SXT_E_LIMIT);
    sxt_session_free(s);
}

/* Fails every allocation in turn: each time the call reports it, leaks nothing (sanitizer builds) and the
 * next attempt may succeed. */
static void every_allocation_may_fail(void **state) {
    (void)state;
    sxt_session_params params = sxt_session_params_default();
    params.n_threads = 2;
    for (long n = 0;; n++) {
        countdown count = {n, true, false};
        sxt_session *s = NULL;
        sxt_set_alloc_hook(count_down, &count);
        sxt_status status = sxt_session_new(model, &params, &s, NULL);
        if (status == SXT_OK) status = sxt_session_sync(s, prompt, 4, 0, NULL);
        sxt_set_alloc_hook(NULL, NULL);
        sxt_session_free(s);
        if (status == SXT_OK) {
            assert_true(n > 5);
            return;
        }
        assert_int_equal(status, SXT_E_MEMORY);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(same_bits_for_any_split),
        cmocka_unit_test(plans_differ_past_the_window),
        cmocka_unit_test(prefix_is_reused),
        cmocka_unit_test(same_bits_after_a_rollback),
        cmocka_unit_test(next_equals_sync),
        cmocka_unit_test(same_bits_after_save_and_load),
        cmocka_unit_test(damaged_session_files_are_refused),
        cmocka_unit_test(a_full_disk_leaves_the_old_file),
        cmocka_unit_test(a_cancelled_sync_goes_on),
        cmocka_unit_test(a_chosen_token_is_saved),
        cmocka_unit_test(a_cancelled_prompt_loads_into_a_smaller_context),
        cmocka_unit_test(a_cancel_stops_the_next_call),
        cmocka_unit_test(missing_arguments_are_refused),
        cmocka_unit_test(scan_equals_sync),
        cmocka_unit_test(auto_grows_with_the_conversation),
        cmocka_unit_test(decisions_do_not_depend_on_the_chunk),
        cmocka_unit_test(bad_arguments_are_named),
        cmocka_unit_test(a_full_context_says_so),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, open_model, close_model);
}
