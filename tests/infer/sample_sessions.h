/* Sessions of the sample model, and their logits bit by bit. Include it after cmocka.h, where N_PROMPT is
 * known.
 */
#ifndef SXT_TESTS_INFER_SAMPLE_SESSIONS_H
#define SXT_TESTS_INFER_SAMPLE_SESSIONS_H

#include "infer/session.h"

#include <stdlib.h>
#include <string.h>

static sxt_model *model; /* a window of 256; grouped heads: 8 for 4 */
static int32_t prompt[N_PROMPT];

static inline int open_model(void **state) {
    (void)state;
    sxt_error error;
    sxt_model_params params = {.keep_window = true};
    if (sxt_model_load("models/tiny-f16.gguf", &params, &model, &error) != SXT_OK) {
        print_error("%s\n", error.text);
        return -1;
    }
    sxt_rng rng = sxt_rng_make(7);
    for (int i = 1; i < N_PROMPT; i++) prompt[i] = (int32_t)(300 + sxt_rng_u32(&rng) % 1000);
    return 0;
}

static inline int close_model(void **state) {
    (void)state;
    sxt_model_unload(model);
    return 0;
}

static inline sxt_session_params params_of(const char *plan, int threads, int chunk, sxt_precision precision) {
    sxt_session_params params = sxt_session_params_default();
    params.n_ctx = 1024;
    params.n_threads = threads;
    params.chunk = chunk;
    params.precision = precision;
    params.plan = plan;
    return params;
}

static inline sxt_session *must_open(const sxt_session_params *params) {
    sxt_session *session = NULL;
    sxt_error error = {0};
    if (sxt_session_new(model, params, &session, &error) != SXT_OK) fail_msg("%s", error.text);
    return session;
}

/* The first n tokens of the prompt. */
static inline void must_sync(sxt_session *s, int64_t n, int64_t n_generate) {
    sxt_error error = {0};
    if (sxt_session_sync(s, prompt, n, n_generate, &error) != SXT_OK) fail_msg("%s", error.text);
}

static inline size_t logits_bytes(void) { return (size_t)model->hparams.n_vocab * sizeof(float); }

/* A copy of the current logits (n_vocab), to be freed. */
static inline float *copy_logits(sxt_session *s) {
    const float *logits;
    assert_int_equal(sxt_session_logits(s, &logits, NULL), SXT_OK);
    float *copy = malloc(logits_bytes());
    memcpy(copy, logits, logits_bytes());
    return copy;
}

static inline void assert_same_logits(sxt_session *s, const float *expected) {
    const float *logits;
    assert_int_equal(sxt_session_logits(s, &logits, NULL), SXT_OK);
    assert_memory_equal(logits, expected, logits_bytes());
}

#endif
