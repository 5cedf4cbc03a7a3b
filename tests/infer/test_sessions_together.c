/* Sessions of one quantised model: fast ones share its packed weights, f32 ones read the file, and neither
 * changes what the other computes. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "failing_memory.h"
#include "format/scratch_folder.h"
#include "infer/session.h"
#include "model/convert.h"
#include "tensor/packed.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { N_PROMPT = 60 };

static scratch files;
static sxt_model *model;
static int32_t prompt[N_PROMPT];

static int write_model(void **state) {
    (void)state;
    const sxt_model_params model_params = {.keep_window = true};
    const sxt_convert_params params = {.type = "q8_0", .n_threads = 2};
    sxt_convert_report report;
    sxt_model *whole;
    scratch_make(&files);
    if (sxt_model_load("models/tiny-f16.gguf", &model_params, &whole, NULL) != SXT_OK) return -1;
    sxt_status status = sxt_convert_model(whole, scratch_path(&files, "m.gguf"), &params, &report, NULL);
    sxt_model_unload(whole);
    for (int i = 1; i < N_PROMPT; i++) prompt[i] = 300 + i * 37 % 1000;
    return status == SXT_OK ? 0 : -1;
}

static int remove_model(void **state) {
    (void)state;
    scratch_remove(&files);
    return 0;
}

/* A model that no session has packed. */
static int open_model(void **state) {
    (void)state;
    const sxt_model_params params = {.keep_window = true};
    return sxt_model_load(scratch_path(&files, "m.gguf"), &params, &model, NULL) == SXT_OK ? 0 : -1;
}

static int close_model(void **state) {
    (void)state;
    sxt_model_unload(model);
    return 0;
}

static sxt_session_params params_of(sxt_precision precision) {
    sxt_session_params params = sxt_session_params_default();
    params.n_ctx = 128;
    params.n_threads = 2;
    params.precision = precision;
    return params;
}

static sxt_session *new_session(sxt_precision precision) {
    sxt_session_params params = params_of(precision);
    sxt_session *session = NULL;
    sxt_error error = {0};
    if (sxt_session_new(model, &params, &session, &error) != SXT_OK) fail_msg("%s", error.text);
    return session;
}

/* To be freed. */
static float *logits_after(sxt_session *s, int64_t n) {
    const float *logits;
    size_t bytes = (size_t)model->hparams.n_vocab * sizeof *logits;
    float *copy = malloc(bytes);
    if (!copy || sxt_session_sync(s, prompt, n, 0, NULL) != SXT_OK ||
        sxt_session_logits(s, &logits, NULL) != SXT_OK)
        abort();
    memcpy(copy, logits, bytes);
    return copy;
}

static float *fresh_logits(sxt_precision precision) {
    sxt_session *s = new_session(precision);
    float *logits = logits_after(s, N_PROMPT);
    sxt_session_free(s);
    return logits;
}

static void assert_same_and_free(float *a, float *b) {
    assert_memory_equal(a, b, (size_t)model->hparams.n_vocab * sizeof *a);
    free(a);
    free(b);
}

static void test_precisions_side_by_side(void **state) {
    (void)state;
    float *f32 = fresh_logits(SXT_PRECISION_F32);
    assert_false(sxt_packed_weights_made(model->packed));
    sxt_session *open = new_session(SXT_PRECISION_F32);
    free(logits_after(open, N_PROMPT / 2));
    float *fast = fresh_logits(SXT_PRECISION_FAST);
    assert_true(sxt_packed_weights_made(model->packed));
    assert_memory_not_equal(f32, fast, (size_t)model->hparams.n_vocab * sizeof *f32);
    float *half_before = logits_after(open, N_PROMPT); /* the file's pages went away in between */
    assert_same_and_free(half_before, f32);
    sxt_session_free(open);
    assert_same_and_free(fresh_logits(SXT_PRECISION_FAST), fast);
}

/* The one that packed is the first to go. */
static void test_packed_weights_outlive_their_session(void **state) {
    (void)state;
    sxt_session *first = new_session(SXT_PRECISION_FAST);
    const uint8_t *groups = model->weights.output.packed->groups;
    sxt_session *second = new_session(SXT_PRECISION_FAST);
    assert_non_null(groups);
    assert_ptr_equal(model->weights.output.packed->groups, groups);
    float *expected = logits_after(first, N_PROMPT);
    sxt_session_free(first);
    assert_same_and_free(logits_after(second, N_PROMPT), expected);
    sxt_session_free(second);
}

static void test_memory_is_counted(void **state) {
    (void)state;
    sxt_session_params fast_params = params_of(SXT_PRECISION_FAST), f32_params = params_of(SXT_PRECISION_F32);
    sxt_memory_plan fast, f32, later;
    assert_int_equal(sxt_session_memory(model, &fast_params, &fast, NULL), SXT_OK);
    assert_int_equal(sxt_session_memory(model, &f32_params, &f32, NULL), SXT_OK);
    assert_true(sxt_packed_weights_bytes(model->packed) > 0);
    assert_int_equal(fast.private_bytes - f32.private_bytes, sxt_packed_weights_bytes(model->packed));
    assert_int_equal(f32.weights_bytes - fast.weights_bytes, sxt_packed_weights_file_bytes(model->packed));
    sxt_session_free(new_session(SXT_PRECISION_FAST));
    assert_int_equal(sxt_session_memory(model, &fast_params, &later, NULL), SXT_OK);
    assert_int_equal(later.private_bytes, fast.private_bytes);
    assert_int_equal(later.weights_bytes, fast.weights_bytes);
}

/* In turn; a failure leaves nothing half packed, and the next session packs. */
static void test_every_allocation_may_fail(void **state) {
    (void)state;
    sxt_session_params params = params_of(SXT_PRECISION_FAST);
    bool was_unpacked = false;
    for (int64_t n = 0;; n++) {
        countdown c = {n, true, false};
        sxt_session *s = NULL;
        sxt_set_alloc_hook(count_down, &c);
        sxt_status status = sxt_session_new(model, &params, &s, NULL);
        sxt_set_alloc_hook(NULL, NULL);
        if (status == SXT_OK) {
            assert_true(was_unpacked && sxt_packed_weights_made(model->packed));
            sxt_session_free(s);
            return;
        }
        assert_int_equal(status, SXT_E_MEMORY);
        was_unpacked = was_unpacked || !sxt_packed_weights_made(model->packed);
        bool has_groups = model->weights.output.packed->groups;
        assert_true(has_groups == sxt_packed_weights_made(model->packed));
    }
}

typedef struct job {
    sxt_precision precision;
    float *logits;
} job;

static void *run_job(void *arg) {
    job *j = arg;
    j->logits = fresh_logits(j->precision);
    return NULL;
}

/* f32 sessions read the file while fast ones pack it and give its pages back. */
static void test_sessions_at_the_same_time(void **state) {
    (void)state;
    enum { N_JOBS = 4 };
    job jobs[N_JOBS];
    pthread_t threads[N_JOBS];
    for (int i = 0; i < N_JOBS; i++) {
        jobs[i] = (job){i % 2 ? SXT_PRECISION_FAST : SXT_PRECISION_F32, NULL};
        assert_int_equal(pthread_create(&threads[i], NULL, run_job, &jobs[i]), 0);
    }
    for (int i = 0; i < N_JOBS; i++) assert_int_equal(pthread_join(threads[i], NULL), 0);
    for (int i = 0; i < N_JOBS; i++) assert_same_and_free(jobs[i].logits, fresh_logits(jobs[i].precision));
}

#define ON_A_FRESH_MODEL(test) cmocka_unit_test_setup_teardown(test, open_model, close_model)

int main(void) {
    const struct CMUnitTest tests[] = {
        ON_A_FRESH_MODEL(test_precisions_side_by_side),
        ON_A_FRESH_MODEL(test_packed_weights_outlive_their_session),
        ON_A_FRESH_MODEL(test_memory_is_counted),
        ON_A_FRESH_MODEL(test_every_allocation_may_fail),
        ON_A_FRESH_MODEL(test_sessions_at_the_same_time),
    };
    return cmocka_run_group_tests(tests, write_model, remove_model);
}
