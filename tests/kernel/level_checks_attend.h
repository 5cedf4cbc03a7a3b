/* Checks of test_levels.c: attention, what makes its tiles ready, and what a cache stores. */
#ifndef SXT_TESTS_LEVEL_CHECKS_ATTEND_H
#define SXT_TESTS_LEVEL_CHECKS_ATTEND_H

#include "kernel/level_trial.h"
#include "kernel/pack_strips.h"

/* ---- Attention in f32 ----------------------------------------------------------------------------------- */

/* c (rows, columns) = start + a (rows, k) x b (k, columns). */
static void check_attend(trial *t, bool values, int64_t rows, int64_t k, int64_t columns) {
    int64_t lda = k + below(t, 3), ldb = columns + below(t, 3), ldc = columns + below(t, 3);
    const float *a = numbers(t, (rows - 1) * lda + k, any_mood(t)),
                *b = numbers(t, (k - 1) * ldb + columns, any_mood(t));
    float *start = numbers(t, (rows - 1) * ldc + columns, finite_mood(t));
    size_t c_bytes = (size_t)((rows - 1) * ldc + columns) * sizeof(float);
    float *expected = copy_of(t, start, c_bytes), *found = copy_of(t, start, c_bytes);
    if (values) {
        t->scalar->attend_values(a, lda, b, ldb, expected, ldc, rows, k, columns);
        t->level->attend_values(a, lda, b, ldb, found, ldc, rows, k, columns);
    } else {
        t->scalar->attend_scores(a, lda, b, ldb, expected, ldc, rows, columns, k);
        t->level->attend_scores(a, lda, b, ldb, found, ldc, rows, columns, k);
    }
    for (int64_t r = 0; r < rows; r++) {
        for (int64_t j = 0; j < columns; j++) {
            double magnitude = magnitude_of(a + r * lda, 1, b + j, ldb, k) + fabs((double)start[r * ldc + j]);
            expect_near(t, expected[r * ldc + j], found[r * ldc + j], sum_bound(k, magnitude));
        }
        if (r + 1 < rows)
            expect_bytes(t, start + r * ldc + columns, found + r * ldc + columns,
                         (size_t)(ldc - columns) * sizeof(float));
    }
}

static void check_attend_scores(trial *t) {
    check_attend(t, false, size_up_to(t, 14), size_up_to(t, 256), 16 * size_up_to(t, 8));
}
static void check_attend_values(trial *t) {
    check_attend(t, true, size_up_to(t, 14), size_up_to(t, 128), 2 * size_up_to(t, 128));
}

/* A cap, a bias that grows with distance, logarithms: each of them or not. Columns past n_keys stay. */
static void check_attend_adjust(trial *t) {
    int64_t rows = size_up_to(t, 9), keys = size_up_to(t, 200), ld = keys + below(t, 3);
    size_t bytes_of = (size_t)((rows - 1) * ld + keys) * 4;
    float *expected = numbers(t, (rows - 1) * ld + keys, any_mood(t)), *found = copy_of(t, expected, bytes_of);
    const float *before = copy_of(t, expected, bytes_of);
    bool is_biased = below(t, 2);
    sxt_score_step s = {.scores = expected, .ld = ld, .n_rows = rows, .n_keys = keys};
    s.cap = below(t, 2) ? 0.5f + (float)below(t, 100) : 0;
    s.slopes = is_biased ? numbers(t, rows, PLAIN) : NULL;
    s.places = is_biased ? numbers(t, keys, finite_mood(t)) : NULL;
    s.from = is_biased ? numbers(t, rows, PLAIN) : NULL;
    s.logs = below(t, 2) ? numbers(t, keys, finite_mood(t)) : NULL;
    t->scalar->attend_adjust(&s);
    s.scores = found;
    t->level->attend_adjust(&s);
    for (int64_t r = 0; r < rows; r++)
        for (int64_t j = 0; j < ld && (r + 1 < rows || j < keys); j++) {
            if (j >= keys) {
                expect_bytes(t, before + r * ld + j, found + r * ld + j, 4);
                continue;
            }
            double size = s.cap > 0 ? (double)s.cap : fabs((double)before[r * ld + j]);
            if (is_biased)
                size += fabs((double)s.slopes[r]) * (fabs((double)s.places[j]) + fabs((double)s.from[r]));
            if (s.logs) size += fabs((double)s.logs[j]);
            expect_near(t, expected[r * ld + j], found[r * ld + j], isfinite(size) ? 1e-6 * size + 1e-37 : 0);
        }
}

/* What to fetch early need not exist. */
static sxt_ahead any_ahead(trial *t) {
    sxt_ahead none = {NULL, 0}, wild = {(const void *)(uintptr_t)sxt_rng_u32(&t->rng), below(t, 100000)};
    return below(t, 2) ? wild : none;
}

/* ---- Storing and turning -------------------------------------------------------------------------------- */

static void check_f32_to_bf16(trial *t) {
    int64_t n = size_up_to(t, 300);
    const float *from = below(t, 2) ? bytes(t, (size_t)n * 4) : numbers(t, n, any_mood(t));
    uint16_t *expected = bytes(t, (size_t)n * 2), *found = bytes(t, (size_t)n * 2);
    t->scalar->f32_to_bf16(from, expected, n);
    t->level->f32_to_bf16(from, found, n);
    for (int64_t i = 0; i < n; i++) assert_int_equal(expected[i], sxt_bf16_bits(from[i]));
    expect_bytes(t, expected, found, (size_t)n * 2);
}

static void check_stored_blocks(trial *t, void (*scalar)(const float *, void *, int64_t),
                                void (*level)(const float *, void *, int64_t), size_t block_bytes) {
    int64_t blocks = size_up_to(t, 20);
    const float *from = numbers(t, 32 * blocks, any_mood(t));
    void *expected = bytes(t, (size_t)blocks * block_bytes), *found = bytes(t, (size_t)blocks * block_bytes);
    scalar(from, expected, 32 * blocks);
    level(from, found, 32 * blocks);
    expect_bytes(t, expected, found, (size_t)blocks * block_bytes);
}

static void check_f32_to_q8_0(trial *t) {
    check_stored_blocks(t, t->scalar->f32_to_q8_0, t->level->f32_to_q8_0, 34);
}
static void check_f32_to_q4_0(trial *t) {
    check_stored_blocks(t, t->scalar->f32_to_q4_0, t->level->f32_to_q4_0, 18);
}

/* Two products and a sum: three roundings at most. */
static void check_rotate(trial *t) {
    int64_t rows = size_up_to(t, 9), head = 2 * size_up_to(t, 128), half = 1 + below(t, (uint32_t)head / 2);
    int64_t ldx = head + below(t, 3), ldy = head + below(t, 3);
    bool interleaved = below(t, 2);
    const float *x = numbers(t, (rows - 1) * ldx + head, any_mood(t));
    const float *turns = numbers(t, rows * 2 * half, PLAIN), **angles = bytes(t, (size_t)rows * sizeof *angles);
    for (int64_t r = 0; r < rows; r++) angles[r] = turns + 2 * half * (rows - 1 - r);
    size_t y_bytes = (size_t)((rows - 1) * ldy + head) * 4;
    float *expected = bytes(t, y_bytes), *found = copy_of(t, expected, y_bytes);
    t->scalar->rotate(x, ldx, angles, expected, ldy, rows, 2 * half, head, interleaved, any_ahead(t));
    t->level->rotate(x, ldx, angles, found, ldy, rows, 2 * half, head, interleaved, any_ahead(t));
    for (int64_t r = 0; r < rows; r++)
        for (int64_t d = 0; d < ldy && (r + 1 < rows || d < head); d++) {
            if (d >= 2 * half) { /* copied, or not touched */
                expect_bytes(t, expected + r * ldy + d, found + r * ldy + d, 4);
                continue;
            }
            int64_t p = d % half, a = interleaved ? 2 * p : p, b = interleaved ? a + 1 : p + half;
            double magnitude = fabs((double)x[r * ldx + a]) + fabs((double)x[r * ldx + b]), most = 0;
            for (int64_t i = p; i < 2 * half; i += half) most = fmax(most, fabs((double)angles[r][i]));
            expect_near(t, expected[r * ldy + d], found[r * ldy + d], sum_bound(1, magnitude * most));
        }
}

static void check_transpose_keys(trial *t) {
    int64_t n = 1 + below(t, 16), head = size_up_to(t, 256), ldx = head + below(t, 3),
            ld_to = 16 + below(t, 40);
    const float *x = numbers(t, (n - 1) * ldx + head, any_mood(t));
    size_t to_bytes = (size_t)((head - 1) * ld_to + 16) * 4;
    float *expected = bytes(t, to_bytes), *found = copy_of(t, expected, to_bytes);
    t->scalar->transpose_keys(x, ldx, expected, ld_to, n, head);
    t->level->transpose_keys(x, ldx, found, ld_to, n, head);
    expect_bytes(t, expected, found, to_bytes);
}

/* ---- Joining two parts of a softmax --------------------------------------------------------------------- */

/* Powers are good to 2e-7; a part with sum 0 saw nothing, and its numbers do not count. */
static void check_attend_fold(trial *t) {
    int64_t rows = size_up_to(t, 40), head = size_up_to(t, 256), ldo = head + below(t, 3),
            ld_add = head + below(t, 3);
    size_t row_bytes = (size_t)rows * 4, out_bytes = (size_t)((rows - 1) * ldo + head) * 4;
    float *max = numbers(t, rows, PLAIN), *sum = numbers(t, rows, PLAIN),
          *start = numbers(t, (rows - 1) * ldo + head, PLAIN);
    float *add_max = numbers(t, rows, PLAIN), *add_sum = numbers(t, rows, PLAIN);
    const float *add_out = numbers(t, (rows - 1) * ld_add + head, any_mood(t));
    for (int64_t r = 0; r < rows; r++) {
        sum[r] = below(t, 4) ? fabsf(sum[r]) : 0;
        add_sum[r] = below(t, 4) ? fabsf(add_sum[r]) : below(t, 2) ? 0 : NAN;
        if (sum[r] == 0) max[r] = -INFINITY;
        if (add_sum[r] == 0) add_max[r] = -INFINITY;
    }
    float *max_a = copy_of(t, max, row_bytes), *max_b = copy_of(t, max, row_bytes);
    float *sum_a = copy_of(t, sum, row_bytes), *sum_b = copy_of(t, sum, row_bytes);
    float *out_a = copy_of(t, start, out_bytes), *out_b = copy_of(t, start, out_bytes);
    sxt_fold fold = {
        max_a, sum_a, add_max, add_sum, out_a, add_out, ldo, ld_add, rows, head, 0.5f + (float)below(t, 3)};
    t->scalar->attend_fold(&fold);
    fold.max = max_b;
    fold.sum = sum_b;
    fold.out = out_b;
    t->level->attend_fold(&fold);
    expect_same(t, max_a, max_b, rows);
    for (int64_t r = 0; r < rows; r++) {
        expect_near(t, sum_a[r], sum_b[r], 1e-6 * fabs((double)sum_a[r]) + 1e-37);
        for (int64_t d = 0; d < head; d++) {
            double size = fabs((double)start[r * ldo + d]) + fabs((double)add_out[r * ld_add + d]);
            expect_near(t, out_a[r * ldo + d], out_b[r * ldo + d], isfinite(size) ? 1e-6 * size + 1e-37 : 0);
        }
        if (r + 1 < rows)
            expect_bytes(t, start + r * ldo + head, out_b + r * ldo + head, (size_t)(ldo - head) * 4);
    }
}

/* ---- Attention in 16-bit integers ----------------------------------------------------------------------- */

/* Scales come from sums of squares, so they may differ by roundings and the integers by one. */
static void expect_near_int16(trial *t, const uint32_t *expected, const uint32_t *found, int64_t n) {
    for (int64_t i = 0; i < n; i++)
        for (int shift = 0; shift < 32; shift += 16) {
            int a = (int16_t)(expected[i] >> shift & 0xffff), b = (int16_t)(found[i] >> shift & 0xffff);
            if (abs(a - b) > 1)
                fail_msg("%s of %s, trial %d: pair %lld of %lld holds %d, should be %d", t->entry,
                         t->level->name, t->number, (long long)i, (long long)n, b, a);
        }
}

static void expect_near_scales(trial *t, const float *expected, const float *found, int64_t n, int64_t head) {
    for (int64_t i = 0; i < n; i++)
        expect_near(t, expected[i], found[i], sum_bound(head, fabs((double)expected[i])));
}

static int64_t any_head(trial *t) { return 2 * (1 + below(t, 128)); }

static void check_int16_queries(trial *t) {
    int64_t rows = size_up_to(t, 40), head = any_head(t), ldx = head + below(t, 3), ld = head / 2 + below(t, 3);
    const float *x = numbers(t, (rows - 1) * ldx + head, any_mood(t));
    size_t pair_bytes = (size_t)((rows - 1) * ld + head / 2) * 4;
    uint32_t *expected = bytes(t, pair_bytes), *found = copy_of(t, expected, pair_bytes);
    float *scales = bytes(t, (size_t)rows * 4), *found_scales = bytes(t, (size_t)rows * 4);
    float factor = 0.01f + (float)below(t, 100);
    t->scalar->int16_queries(x, ldx, factor, expected, ld, scales, rows, head);
    t->level->int16_queries(x, ldx, factor, found, ld, found_scales, rows, head);
    expect_near_scales(t, scales, found_scales, rows, head);
    for (int64_t r = 0; r < rows; r++)
        if (!isnan(scales[r])) expect_near_int16(t, expected + r * ld, found + r * ld, head / 2);
    for (int64_t r = 0; r + 1 < rows; r++)
        expect_bytes(t, expected + r * ld + head / 2, found + r * ld + head / 2, (size_t)(ld - head / 2) * 4);
}

static void check_int16_keys(trial *t) {
    int64_t n = 1 + below(t, 16), head = any_head(t), ldx = head + below(t, 3);
    const float *x = numbers(t, (n - 1) * ldx + head, any_mood(t));
    size_t tile_bytes = (size_t)((head / 2 - 1) * SXT_TILE_KEYS + 16) * 4;
    uint32_t *expected = bytes(t, tile_bytes), *found = copy_of(t, expected, tile_bytes);
    float *scales = bytes(t, 64), *found_scales = bytes(t, 64);
    pack_keys(t->scalar, x, ldx, expected, scales, n, head, any_ahead(t));
    pack_keys(t->level, x, ldx, found, found_scales, n, head, any_ahead(t));
    expect_near_scales(t, scales, found_scales, 16, head);
    for (int64_t i = 0; i < head / 2; i++)
        for (int64_t j = 0; j < 16; j++) {
            int64_t at = i * SXT_TILE_KEYS + j;
            if (!isnan(scales[j]) && j < n) expect_near_int16(t, expected + at, found + at, 1);
        }
}

/* A tile of values as one level makes it, in strips of 16 keys of which the last may have none. */
typedef struct value_tile {
    int64_t head, ld;
    uint32_t *pairs;
    float *logs, *inverses;
} value_tile;

static value_tile new_value_tile(trial *t, const sxt_kernels *kernels, const float *x, int64_t ldx, int64_t n,
                                 int64_t head) {
    int64_t ld = (head + 15) / 16 * 16;
    size_t key_bytes = SXT_TILE_KEYS * sizeof(float);
    value_tile v = {head, ld, bytes(t, (size_t)(SXT_TILE_PAIRS * ld) * 4), bytes(t, key_bytes),
                    bytes(t, key_bytes)};
    for (int64_t first = 0; first < SXT_TILE_KEYS; first += 16) {
        int64_t here = n < first ? 0 : n - first < 16 ? n - first : 16;
        pack_values(kernels, x + (here > 0 ? first : 0) * ldx, ldx, v.pairs, ld, first, v.logs + first,
                    v.inverses + first, here, head, any_ahead(t));
    }
    return v;
}

/* The same integers for both: sums are exact, the float operations after them four. */
static void check_int16_scores(trial *t) {
    int64_t rows = size_up_to(t, 20), n_keys = 32 * (1 + below(t, 4)), head = any_head(t),
            ldq = head / 2 + below(t, 3);
    const float *x = numbers(t, rows * head, any_mood(t)), *keys = numbers(t, n_keys * head, any_mood(t));
    uint32_t *q = bytes(t, (size_t)((rows - 1) * ldq + head / 2) * 4);
    uint32_t *tile = bytes(t, (size_t)(head / 2) * SXT_TILE_KEYS * 4);
    float *q_scales = bytes(t, (size_t)rows * 4), *k_scales = bytes(t, SXT_TILE_KEYS * 4);
    const float *logs = numbers(t, SXT_TILE_KEYS, PLAIN);
    t->scalar->int16_queries(x, head, 0.125f, q, ldq, q_scales, rows, head);
    for (int64_t j = 0; j < n_keys; j += 16)
        pack_keys(t->scalar, keys + j * head, head, tile + j, k_scales + j, 16, head, any_ahead(t));
    float *expected = bytes(t, (size_t)(rows * SXT_TILE_KEYS) * 4);
    float *found = copy_of(t, expected, (size_t)(rows * SXT_TILE_KEYS) * 4);
    sxt_int16_scores s = {q, ldq, q_scales, tile, k_scales, logs, expected, rows, n_keys, head / 2};
    t->scalar->int16_scores(&s);
    s.scores = found;
    t->level->int16_scores(&s);
    for (int64_t i = 0; i < rows * SXT_TILE_KEYS; i++) {
        double log = logs[i % SXT_TILE_KEYS], size = fabs((double)expected[i]) + 2 * fabs(log);
        if (i % SXT_TILE_KEYS < n_keys)
            expect_near(t, expected[i], found[i], sum_bound(2, size));
        else
            expect_bytes(t, expected + i, found + i, 4);
    }
}

/* What int16_soften() reads and writes, with its own copies for one level. */
static sxt_int16_soften new_soften(trial *t, const float *scores, const float *inverses, const float *max,
                                   const float *sum, int64_t rows, int64_t n_keys) {
    size_t row_bytes = (size_t)rows * 4;
    return (sxt_int16_soften){.scores = scores,
                              .inverses = inverses,
                              .p = bytes(t, (size_t)(rows * SXT_TILE_PAIRS) * 4),
                              .max = copy_of(t, max, row_bytes),
                              .sum = copy_of(t, sum, row_bytes),
                              .keep = bytes(t, row_bytes),
                              .add = bytes(t, row_bytes),
                              .n_rows = rows,
                              .n_keys = n_keys};
}

/* Scores of a softmax: some rows with nothing visible, now and then a NaN. */
static float *some_scores(trial *t, int64_t rows) {
    float *scores = numbers(t, rows * SXT_TILE_KEYS, PLAIN);
    for (int64_t r = 0; r < rows; r++) {
        uint32_t kind = below(t, 8);
        for (int64_t j = 0; j < SXT_TILE_KEYS; j++) {
            float *s = scores + r * SXT_TILE_KEYS + j;
            *s = kind == 0 || below(t, 9) == 0 ? -INFINITY : *s * (kind == 1 ? 60 : 4);
        }
        if (kind == 2 && below(t, 3) == 0) scores[r * SXT_TILE_KEYS] = NAN;
    }
    return scores;
}

/* Runs both levels: *a scalar, *b the other. Rows begin with what earlier tiles left, or with nothing. */
static void soften_both(trial *t, int64_t rows, int64_t n_keys, const float *scalar_inverses,
                        const float *level_inverses, sxt_int16_soften *a, sxt_int16_soften *b) {
    const float *scores = some_scores(t, rows);
    float *max = numbers(t, rows, PLAIN), *sum = bytes(t, (size_t)rows * 4);
    for (int64_t r = 0; r < rows; r++) {
        bool seen = below(t, 2);
        max[r] = seen ? max[r] * 8 : -INFINITY;
        sum[r] = seen ? 1 + (float)below(t, 1000) : 0;
    }
    *a = new_soften(t, scores, scalar_inverses, max, sum, rows, n_keys);
    *b = new_soften(t, scores, level_inverses, max, sum, rows, n_keys);
    t->scalar->int16_soften(a);
    t->level->int16_soften(b);
}

/* Powers are good to 4e-6. */
static void expect_near_soften(trial *t, const sxt_int16_soften *a, const sxt_int16_soften *b) {
    for (int64_t r = 0; r < a->n_rows; r++) {
        expect_near(t, a->sum[r], b->sum[r], 2e-5 * fabs((double)a->sum[r]) + 1e-37);
        if (isnan(a->sum[r])) continue;
        expect_same(t, a->max + r, b->max + r, 1);
        expect_near(t, a->keep[r], b->keep[r], 1e-5 * (double)a->keep[r] + 1e-37);
        expect_near(t, a->add[r], b->add[r], 1e-5 * (double)a->add[r] + 1e-37);
    }
}

static void check_int16_soften(trial *t) {
    int64_t rows = size_up_to(t, 40), n_keys = 32 * (1 + below(t, 4));
    float *inverses = numbers(t, SXT_TILE_KEYS, PLAIN);
    for (int j = 0; j < SXT_TILE_KEYS; j++) inverses[j] = fabsf(inverses[j]);
    sxt_int16_soften a, b;
    soften_both(t, rows, n_keys, inverses, inverses, &a, &b);
    expect_near_soften(t, &a, &b);
}

/* Weights and values may each be off by one: n_keys * (8191 + 2047 + 1) of the integers' sums. That pairs of
 * the weights meet their values shows here. */
static void check_int16_sums(trial *t) {
    int64_t rows = size_up_to(t, 20), n_keys = 32 * (1 + below(t, 4)), n = n_keys - below(t, 32),
            head = any_head(t);
    int64_t ldo = head + below(t, 3);
    const float *x = numbers(t, n * head, finite_mood(t));
    value_tile v = new_value_tile(t, t->scalar, x, head, n, head);
    value_tile w = new_value_tile(t, t->level, x, head, n, head);
    sxt_int16_soften a, b;
    soften_both(t, rows, n_keys, v.inverses, w.inverses, &a, &b);
    float *start = numbers(t, (rows - 1) * ldo + head, PLAIN);
    size_t out_bytes = (size_t)((rows - 1) * ldo + head) * 4;
    float *expected = copy_of(t, start, out_bytes), *found = copy_of(t, start, out_bytes);
    sxt_int16_sums s = {a.p, v.pairs, v.ld, a.keep, a.add, expected, ldo, rows, n_keys / 2, head};
    t->scalar->int16_sums(&s);
    s = (sxt_int16_sums){b.p, w.pairs, w.ld, b.keep, b.add, found, ldo, rows, n_keys / 2, head};
    t->level->int16_sums(&s);
    for (int64_t r = 0; r < rows; r++) {
        if (isnan(a.sum[r])) continue;
        double most = (double)n_keys * 8191 * 2047 * (double)a.add[r];
        double bound = (double)n_keys * 10239 * (double)a.add[r] + 2e-5 * most;
        for (int64_t d = 0; d < head; d++)
            expect_near(t, expected[r * ldo + d], found[r * ldo + d],
                        bound + 2e-5 * fabs((double)start[r * ldo + d] * (double)a.keep[r]) + 1e-37);
        if (r + 1 < rows)
            expect_bytes(t, start + r * ldo + head, found + r * ldo + head, (size_t)(ldo - head) * 4);
    }
}

#endif
