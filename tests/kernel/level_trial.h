/* One trial of one kernel of a level against the scalar one: fenced memory, hostile numbers, comparison. */
#ifndef SXT_TESTS_LEVEL_TRIAL_H
#define SXT_TESTS_LEVEL_TRIAL_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "kernel/every_level.h"
#include "kernel/fenced.h"
#include "kernel/half.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

enum { N_TRIALS = 80, MAX_FENCED = 24 };

/* ---- A trial: two levels, the memory they get ----------------------------------------------------------- */

typedef struct trial {
    const sxt_kernels *scalar, *level;
    const char *entry;
    sxt_rng rng;
    int number;
    fenced memory[MAX_FENCED];
    int n_memory;
} trial;

static uint32_t below(trial *t, uint32_t n) { return sxt_rng_u32(&t->rng) % n; }

/* Memory of random bytes (the first 16 KiB), against the upper fence in one half of the trials and the lower
 * one in the other. */
static void *bytes(trial *t, size_t n) {
    assert_true(t->n_memory < MAX_FENCED);
    fenced *f = &t->memory[t->n_memory++];
    *f = fenced_new_at(n, t->number % 2);
    for (size_t i = 0; i < n && i < 16 << 10; i++) ((uint8_t *)f->data)[i] = (uint8_t)sxt_rng_u32(&t->rng);
    return f->data;
}

static void trial_end(trial *t) {
    for (int i = 0; i < t->n_memory; i++) {
        if (!fenced_whole(&t->memory[i]))
            fail_msg("%s of %s wrote outside, trial %d", t->entry, t->level->name, t->number);
        fenced_free(&t->memory[i]);
    }
    t->n_memory = 0;
}

/* A copy, with the same place against the fences. */
static void *copy_of(trial *t, const void *data, size_t n) { return memcpy(bytes(t, n), data, n); }

/* A size from 1 to most, often one next to a multiple of a vector's. */
static int64_t size_up_to(trial *t, uint32_t most) {
    static const int near[] = {1,  2,  3,  7,  8,   9,   15,  16,  17,  31, 32,
                               33, 63, 64, 65, 127, 128, 129, 255, 256, 257};
    uint32_t size = below(t, 2) ? (uint32_t)near[below(t, sizeof near / sizeof near[0])] : 1 + below(t, most);
    return size <= most ? size : 1 + below(t, most);
}

/* ---- Hostile numbers ------------------------------------------------------------------------------------ */

typedef enum mood { PLAIN, HUGE_SIZE, TINY, DENORMAL, ZERO, MIXED, SOME_INFINITE, SOME_NAN, N_MOODS } mood;
enum { FINITE_MOODS = SOME_INFINITE };

static mood any_mood(trial *t) { return (mood)below(t, N_MOODS); }
static mood finite_mood(trial *t) { return (mood)below(t, FINITE_MOODS); }

static float number(trial *t, mood m) {
    static const float large[] = {1e15f, -3e14f, 7e15f}, small[] = {1e-18f, -1e-30f, 3e-38f, 1e-42f, 0};
    float x = hostile_value(&t->rng);
    switch (m) {
    case HUGE_SIZE: return x * 1e12f;
    case TINY: return x * 1e-25f;
    case DENORMAL: return x * 1e-39f;
    case ZERO: return below(t, 2) ? 0.0f : -0.0f;
    case MIXED: return below(t, 5) ? x : below(t, 2) ? large[below(t, 3)] : small[below(t, 5)];
    case SOME_INFINITE: return below(t, 20) ? x : below(t, 4) ? INFINITY : -INFINITY;
    case SOME_NAN: return below(t, 40) ? x : NAN;
    default: return x;
    }
}

static float *numbers(trial *t, int64_t n, mood m) {
    float *x = bytes(t, (size_t)n * sizeof *x);
    for (int64_t i = 0; i < n; i++) x[i] = number(t, m);
    return x;
}

/* ---- Comparison ----------------------------------------------------------------------------------------- */

static bool same_number(float a, float b) { return (isnan(a) && isnan(b)) || a == b; }

static void expect_same(trial *t, const float *expected, const float *found, int64_t n) {
    for (int64_t i = 0; i < n; i++)
        if (!same_number(expected[i], found[i]))
            fail_msg("%s of %s, trial %d: %lld of %lld is %a, should be %a", t->entry, t->level->name,
                     t->number, (long long)i, (long long)n, (double)found[i], (double)expected[i]);
}

static void expect_bytes(trial *t, const void *expected, const void *found, size_t n) {
    if (memcmp(expected, found, n) != 0)
        fail_msg("%s of %s, trial %d: not the same %zu bytes", t->entry, t->level->name, t->number, n);
}

/* |expected - found| <= bound, and alike where not finite. */
static void expect_near(trial *t, double expected, double found, double bound) {
    bool alike = (isnan(expected) && isnan(found)) || expected == found || fabs(expected - found) <= bound;
    if (!alike)
        fail_msg("%s of %s, trial %d: %a, should be %a within %a", t->entry, t->level->name, t->number, found,
                 expected, bound);
}

/* What two sums of n products of this total magnitude may differ by; products may underflow. */
static double sum_bound(int64_t n, double magnitude) {
    if (!isfinite(magnitude)) return 0; /* such a sum is not finite in any order */
    return ((double)n + 2) * (0x1p-23 * magnitude + 2 * (double)FLT_TRUE_MIN);
}

/* The sum of |a[i * step_a] * b[i * step_b]|. */
static double magnitude_of(const float *a, int64_t step_a, const float *b, int64_t step_b, int64_t n) {
    double sum = 0;
    for (int64_t i = 0; i < n; i++) sum += fabs((double)a[i * step_a] * b[i * step_b]);
    return sum;
}

#endif
