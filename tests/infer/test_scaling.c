/* Sessions under plans and files that change the rotary frequencies: the same bits for any number of threads
 * and any chunk, for a text read at once and one that grew, and after a save and load. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <unistd.h>

/* Instrumented code is slow: less of it, and not in small chunks. */
#if defined(SXT_SANITIZED)
enum { N_PROMPT = 310, N_SPLITS = 2 };
#else
enum { N_PROMPT = 420, N_SPLITS = 3 };
#endif

#include "infer/sample_sessions.h"

static sxt_rope_params plain; /* of the file */
static float short_list[16], long_list[16];

static int open_file(void **state) {
    if (open_model(state) != 0) return -1;
    plain = model->hparams.rope;
    for (int p = 0; p < 16; p++) {
        short_list[p] = 1 + 0.01f * (float)p;
        long_list[p] = 1 + 0.25f * (float)p;
    }
    return 0;
}

/* What files can ask for, put into the model as if its file had. */
static void file_asks_for(sxt_rope_scaling scaling) {
    model->hparams.rope = plain;
    if (scaling == SXT_ROPE_NONE) return;
    assert_int_equal(plain.n_rot, 32);
    model->hparams.rope.scaling = scaling;
    model->hparams.rope.factor = 2;
    model->hparams.rope.original_context = 128;
    model->hparams.rope.short_factors = short_list;
    model->hparams.rope.long_factors = long_list;
}

static sxt_session *new_session(const char *plan, int threads, int chunk, bool reread,
                                sxt_precision precision) {
    sxt_session_params params = params_of(plan, threads, chunk, precision);
    params.reread = reread;
    return must_open(&params);
}

/* The logits after n tokens read at once. */
static float *at_once(const char *plan, int64_t n, sxt_precision precision) {
    sxt_session *s = new_session(plan, 1, 512, false, precision);
    must_sync(s, n, 0);
    float *logits = copy_logits(s);
    sxt_session_free(s);
    return logits;
}

static const struct {
    const char *plan;
    sxt_rope_scaling of_file;
    bool follows_length;
} cases[] = {{"linear:factor=2", SXT_ROPE_NONE, false},
             {"ntk:factor=4", SXT_ROPE_NONE, false},
             {"dynamic-ntk", SXT_ROPE_NONE, true},
             {"ntk-mixed", SXT_ROPE_NONE, false},
             {"yarn:factor=2", SXT_ROPE_NONE, false},
             {"llama3:factor=2", SXT_ROPE_NONE, false},
             {"longrope", SXT_ROPE_LONGROPE, true},
             {"none", SXT_ROPE_LONGROPE, true},
             {"self-extend:group=8,window=64", SXT_ROPE_LONGROPE, true},
             {"none", SXT_ROPE_DYNAMIC, true},
             {"self-extend:group=8,window=64", SXT_ROPE_DYNAMIC, true},
             {"yarn:factor=2", SXT_ROPE_DYNAMIC, false}};
enum { N_CASES = sizeof cases / sizeof cases[0] };

static void same_bits_for_any_split(void **state) {
    (void)state;
    static const struct { int threads, chunk; } splits[] = {{2, 512}, {3, 64}, {1, 7}};
    for (int c = 0; c < N_CASES; c++)
        for (int precision = SXT_PRECISION_FAST; precision <= SXT_PRECISION_F32; precision++) {
            file_asks_for(cases[c].of_file);
            float *expected = at_once(cases[c].plan, N_PROMPT, (sxt_precision)precision);
            for (int i = 0; i < N_SPLITS; i++) {
                sxt_session *s = new_session(cases[c].plan, splits[i].threads, splits[i].chunk, false,
                                             (sxt_precision)precision);
                must_sync(s, N_PROMPT, 0);
                assert_same_logits(s, expected);
                sxt_session_free(s);
            }
            free(expected);
        }
    file_asks_for(SXT_ROPE_NONE);
}

/* A text that grows in steps, across the window at which dynamic and longrope change. Where the frequencies
 * follow the length, what was read before is read again when that is asked for. */
static void same_bits_after_growing(void **state) {
    (void)state;
    static const int64_t steps[] = {1, 100, 128, 129, 300, N_PROMPT, 90, 300};
    for (int c = 0; c < N_CASES; c++) {
        file_asks_for(cases[c].of_file);
        sxt_session *s = new_session(cases[c].plan, 2, 64, cases[c].follows_length, SXT_PRECISION_FAST);
        for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
            float *expected = at_once(cases[c].plan, steps[i], SXT_PRECISION_FAST);
            must_sync(s, steps[i], 0);
            assert_same_logits(s, expected);
            free(expected);
        }
        sxt_session_free(s);
    }
    file_asks_for(SXT_ROPE_NONE);
}

/* What is to be generated counts from the start: no token of it changes the frequencies. */
static void length_to_come_counts(void **state) {
    (void)state;
    for (int c = 0; c < N_CASES; c++) {
        file_asks_for(cases[c].of_file);
        float *expected = at_once(cases[c].plan, N_PROMPT, SXT_PRECISION_FAST);
        sxt_session *s = new_session(cases[c].plan, 1, 512, false, SXT_PRECISION_FAST);
        must_sync(s, 300, N_PROMPT - 300);
        must_sync(s, N_PROMPT, 0);
        assert_int_equal(s->stats.n_reused, 300);
        assert_same_logits(s, expected);
        sxt_session_free(s);
        free(expected);
    }
    file_asks_for(SXT_ROPE_NONE);
}

/* Without reread, keys and values above the first layer stay as they were computed. */
static void growing_without_reread_keeps_the_cache(void **state) {
    (void)state;
    float *expected = at_once("dynamic-ntk", N_PROMPT, SXT_PRECISION_FAST);
    sxt_session *s = new_session("dynamic-ntk", 1, 512, false, SXT_PRECISION_FAST);
    must_sync(s, 300, 0);
    double before = sxt_rope_frequencies(s->rope)[15];
    must_sync(s, N_PROMPT, 0);
    assert_int_equal(s->stats.n_reused, 300);
    assert_true(sxt_rope_frequencies(s->rope)[15] < before);
    float *grown = copy_logits(s);
    assert_memory_not_equal(grown, expected, logits_bytes());
    /* Token by token past the length that was known, the frequencies follow. */
    int32_t token;
    before = sxt_rope_frequencies(s->rope)[15];
    for (int i = 0; i < 3; i++) assert_int_equal(sxt_session_next(s, &token, NULL), SXT_OK);
    assert_true(sxt_rope_frequencies(s->rope)[15] < before);
    free(grown);
    free(expected);
    sxt_session_free(s);
}

/* Every scaling gives other logits than the model as trained, and a plan's are not those of the file's scaling.
 */
static void frequencies_matter(void **state) {
    (void)state;
    float *none = at_once("none", N_PROMPT, SXT_PRECISION_FAST);
    for (int c = 0; c < N_CASES; c++) {
        file_asks_for(cases[c].of_file);
        float *scaled = at_once(cases[c].plan, N_PROMPT, SXT_PRECISION_FAST);
        assert_memory_not_equal(none, scaled, logits_bytes());
        free(scaled);
    }
    file_asks_for(SXT_ROPE_DYNAMIC);
    float *replaced = at_once("linear:factor=1", N_PROMPT, SXT_PRECISION_FAST);
    assert_memory_equal(none, replaced, logits_bytes());
    free(replaced);
    free(none);
    file_asks_for(SXT_ROPE_NONE);
}

static void saved_and_loaded(void **state) {
    (void)state;
    char path[64];
    snprintf(path, sizeof path, "/tmp/sxt-scaling-%ld.session", (long)getpid());
    for (int c = 0; c < N_CASES; c++) {
        file_asks_for(cases[c].of_file);
        float *expected = at_once(cases[c].plan, N_PROMPT, SXT_PRECISION_FAST);
        sxt_session *a = new_session(cases[c].plan, 1, 512, false, SXT_PRECISION_FAST);
        must_sync(a, 300, N_PROMPT - 300);
        assert_int_equal(sxt_session_save(a, path, NULL), SXT_OK);
        sxt_session *b = new_session(cases[c].plan, 2, 100, false, SXT_PRECISION_FAST);
        must_sync(b, 50, 0);
        assert_int_equal(sxt_session_load(b, path, NULL), SXT_OK);
        float *saved = copy_logits(a);
        assert_same_logits(b, saved); /* before any call that would choose the plan again */
        free(saved);
        must_sync(b, N_PROMPT, 0);
        assert_int_equal(b->stats.n_reused, 300);
        assert_same_logits(b, expected);
        sxt_session_free(a);
        sxt_session_free(b);
        free(expected);
    }
    sxt_error error;
    file_asks_for(SXT_ROPE_NONE);
    sxt_session *a = new_session("yarn:factor=2", 1, 512, false, SXT_PRECISION_FAST);
    sxt_session *b = new_session("yarn:factor=2.5", 1, 512, false, SXT_PRECISION_FAST);
    must_sync(a, 50, 0);
    assert_int_equal(sxt_session_save(a, path, NULL), SXT_OK);
    assert_int_equal(sxt_session_load(b, path, &error), SXT_E_MISMATCH);
    assert_non_null(strstr(error.text, "saved under the plan yarn:factor=2,original=256, this session runs"));
    sxt_session_free(a);
    sxt_session_free(b);
    unlink(path);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(same_bits_for_any_split), cmocka_unit_test(same_bits_after_growing),
        cmocka_unit_test(length_to_come_counts),   cmocka_unit_test(growing_without_reread_keeps_the_cache),
        cmocka_unit_test(frequencies_matter),      cmocka_unit_test(saved_and_loaded),
    };
    return cmocka_run_group_tests(tests, open_file, close_model);
}
