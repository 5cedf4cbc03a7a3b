/* Checks of test_levels.c: functions of one row, and the ceilings. */
#ifndef SXT_TESTS_LEVEL_CHECKS_ROWS_H
#define SXT_TESTS_LEVEL_CHECKS_ROWS_H

#include "kernel/level_trial.h"

/* ---- Rows ----------------------------------------------------------------------------------------------- */

/* Differences from the maximum are the same bits in all levels, so both are 0 or neither. */
static void check_exp_sum(trial *t) {
    int64_t n = 16 * size_up_to(t, 64);
    mood m = any_mood(t);
    float *expected = numbers(t, n, m);
    for (int64_t i = 0; i < n && m == PLAIN; i++) expected[i] *= 40;
    float max = below(t, 8) ? t->scalar->max(expected, n) : number(t, m);
    float *found = copy_of(t, expected, (size_t)n * 4);
    double a = t->scalar->exp_sum(expected, max, n), b = t->level->exp_sum(found, max, n), total = 0;
    for (int64_t i = 0; i < n; i++) {
        expect_near(t, expected[i], found[i], 4e-7 * fabs((double)expected[i]));
        total += expected[i];
    }
    expect_near(t, a, b, isfinite(total) ? 4e-7 * total + sum_bound(n, total) : 0);
}

static void check_max(trial *t) {
    int64_t n = 16 * size_up_to(t, 64);
    const float *x = numbers(t, n, any_mood(t));
    float expected = t->scalar->max(x, n), found = t->level->max(x, n);
    expect_same(t, &expected, &found, 1);
}

static void check_scale(trial *t) {
    int64_t n = size_up_to(t, 600);
    float *expected = numbers(t, n, any_mood(t)), *found = copy_of(t, expected, (size_t)n * 4);
    float by = number(t, any_mood(t));
    t->scalar->scale(expected, by, n);
    t->level->scale(found, by, n);
    expect_same(t, expected, found, n);
}

static void check_add(trial *t) {
    int64_t n = size_up_to(t, 600);
    const float *x = numbers(t, n, any_mood(t));
    float *expected = numbers(t, n, any_mood(t)), *found = copy_of(t, expected, (size_t)n * 4);
    t->scalar->add(x, expected, n);
    t->level->add(x, found, n);
    expect_same(t, expected, found, n);
}

/* The sum of squares may be off by n roundings, of which the root leaves half. */
static void check_rms_norm(trial *t) {
    int64_t n = size_up_to(t, 600);
    const float *x = numbers(t, n, any_mood(t)), *weight = numbers(t, n, any_mood(t));
    float *expected = bytes(t, (size_t)n * 4), *found = bytes(t, (size_t)n * 4);
    t->scalar->rms_norm(x, weight, expected, n, 1e-5f);
    t->level->rms_norm(x, weight, found, n, 1e-5f);
    for (int64_t i = 0; i < n; i++)
        expect_near(t, expected[i], found[i], sum_bound(n, fabs((double)expected[i])));
}

static void check_swiglu(trial *t) {
    int64_t n = size_up_to(t, 600);
    mood m = any_mood(t);
    float *gate = numbers(t, n, m);
    const float *up = numbers(t, n, any_mood(t));
    for (int64_t i = 0; i < n && m == PLAIN; i++) gate[i] *= 60;
    float *expected = bytes(t, (size_t)n * 4), *found = bytes(t, (size_t)n * 4);
    t->scalar->swiglu(gate, up, expected, n);
    t->level->swiglu(gate, up, found, n);
    for (int64_t i = 0; i < n; i++)
        expect_near(t, expected[i], found[i],
                    1e-6 * fabs((double)expected[i]) + 1e-37 * fabs((double)up[i]) + 1e-44);
}

/* The mean may be off by its roundings, and so every difference from it. */
static void check_layer_norm(trial *t) {
    int64_t n = size_up_to(t, 600);
    const float *x = numbers(t, n, any_mood(t)), *weight = numbers(t, n, finite_mood(t));
    const float *bias = below(t, 2) ? numbers(t, n, finite_mood(t)) : NULL;
    float *expected = bytes(t, (size_t)n * 4), *found = bytes(t, (size_t)n * 4);
    t->scalar->layer_norm(x, weight, bias, expected, n, 1e-5f);
    t->level->layer_norm(x, weight, bias, found, n, 1e-5f);
    double sum = 0, size = 0, squares = 0;
    for (int64_t i = 0; i < n; i++) sum += (double)x[i], size += fabs((double)x[i]);
    for (int64_t i = 0; i < n; i++)
        squares += ((double)x[i] - sum / (double)n) * ((double)x[i] - sum / (double)n);
    double factor = 1 / sqrt(squares / (double)n + 1e-5), mean_off = sum_bound(n, size) / (double)n;
    for (int64_t i = 0; i < n; i++) {
        double b = bias ? fabs((double)bias[i]) : 0,
               term = fabs(((double)x[i] - sum / (double)n) * factor * weight[i]);
        double bound = 4 * mean_off * factor * fabs((double)weight[i]) + sum_bound(n + 8, term + b);
        expect_near(t, expected[i], found[i], bound);
    }
}

/* Errors are those of the distribution function, times x. */
static void check_gelu(trial *t) {
    int64_t n = size_up_to(t, 600);
    mood m = any_mood(t);
    float *gate = numbers(t, n, m);
    const float *up = below(t, 2) ? numbers(t, n, finite_mood(t)) : NULL;
    bool by_tanh = below(t, 2);
    for (int64_t i = 0; i < n && m == PLAIN; i++) gate[i] *= 10;
    float *expected = bytes(t, (size_t)n * 4), *found = bytes(t, (size_t)n * 4);
    t->scalar->gelu(gate, up, expected, n, by_tanh);
    t->level->gelu(gate, up, found, n, by_tanh);
    for (int64_t i = 0; i < n; i++) {
        double size = fabs((double)gate[i] * (up ? up[i] : 1));
        expect_near(t, expected[i], found[i], isfinite(size) ? 1e-6 * size + 1e-37 : 0);
    }
}

/* ---- Ceilings ------------------------------------------------------------------------------------------- */

/* Operations grow with the rounds; a level may have none of a kind. */
static void check_peak(trial *t, int64_t (*level)(int64_t), bool must_have) {
    int64_t one = level(1);
    assert_true(must_have ? one > 0 : one >= 0);
    int64_t rounds = 1 + below(t, 50);
    assert_true(level(rounds) == rounds * one);
}

static void check_peak_f32(trial *t) { check_peak(t, t->level->peak_f32, true); }
static void check_peak_bf16(trial *t) { check_peak(t, t->level->peak_bf16, false); }
static void check_peak_int16(trial *t) { check_peak(t, t->level->peak_int16, true); }
static void check_peak_int8(trial *t) { check_peak(t, t->level->peak_int8, true); }
static void check_peak_exp(trial *t) { check_peak(t, t->level->peak_exp, true); }

static void check_peak_read(trial *t) {
    size_t n = 4096 * (1 + below(t, 4));
    const float *x = numbers(t, (int64_t)(n / 4), finite_mood(t));
    double total = 0;
    for (size_t i = 0; i < n / 4; i++) total += fabs((double)x[i]);
    expect_near(t, t->scalar->peak_read(x, n), t->level->peak_read(x, n), sum_bound((int64_t)n / 4, total));
}

#endif
