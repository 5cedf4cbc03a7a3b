/* Checks of test_levels.c: strips of stored keys and values, against what they mean in double precision. */
#ifndef SXT_TESTS_LEVEL_CHECKS_STRIP_H
#define SXT_TESTS_LEVEL_CHECKS_STRIP_H

#include "kernel/half.h"
#include "kernel/level_trial.h"
#include "kernel/pack_strips.h"

/* Rows as a cache stores them, and as f32 (n, padded). */
typedef struct row_strip {
    sxt_row_type type;
    int64_t n, head, padded, row_bytes;
    void *rows;
    float *f32;
} row_strip;

static void store(const sxt_kernels *k, sxt_row_type type, const float *from, void *to, float *back,
                  int64_t n) {
    switch (type) {
    case SXT_ROW_F16: k->f32_to_f16(from, to, n), k->f16_to_f32(to, back, n); break;
    case SXT_ROW_BF16: k->f32_to_bf16(from, to, n), k->bf16_to_f32(to, back, n); break;
    case SXT_ROW_Q8_0: k->f32_to_q8_0(from, to, n), k->q8_0_to_f32(to, back, n); break;
    case SXT_ROW_Q4_0: k->f32_to_q4_0(from, to, n), k->q4_0_to_f32(to, back, n); break;
    default: memcpy(to, from, (size_t)n * 4), memcpy(back, from, (size_t)n * 4); break;
    }
}

static row_strip any_rows(trial *t) {
    static const int64_t common[] = {64, 128, 192, 256, 32, 96, 80, 48, 112};
    row_strip s = {.type = (sxt_row_type)below(t, SXT_ROW_Q4_0 + 1), .n = below(t, 3) ? 16 : 1 + below(t, 16)};
    bool blocks = s.type == SXT_ROW_Q8_0 || s.type == SXT_ROW_Q4_0;
    s.head = below(t, 4) ? common[below(t, 9)] : 2 * (1 + below(t, 128));
    s.padded = blocks ? (s.head + 31) / 32 * 32 : s.head;
    s.row_bytes = s.type == SXT_ROW_F32    ? 4 * s.padded
                  : s.type == SXT_ROW_Q8_0 ? s.padded / 32 * 34
                  : s.type == SXT_ROW_Q4_0 ? s.padded / 32 * 18
                                           : 2 * s.padded;
    s.rows = bytes(t, (size_t)(s.n * s.row_bytes));
    s.f32 = bytes(t, (size_t)(s.n * s.padded) * 4);
    mood m = any_mood(t);
    for (int64_t i = 0; i < s.n; i++) {
        float *row = numbers(t, s.padded, m), size = below(t, 4) ? 1 : exp2f((float)below(t, 20) - 10);
        for (int64_t d = 0; d < s.padded; d++) row[d] = d < s.head ? row[d] * size : 0;
        store(t->scalar, s.type, row, (char *)s.rows + i * s.row_bytes, s.f32 + i * s.padded, s.padded);
    }
    return s;
}

static sxt_strip strip_of_rows(trial *t, strip_room *room, const row_strip *s) {
    return strip_at(room, s->type, s->rows, s->row_bytes, s->n, s->head, any_ahead(t));
}

/* Rows of a table in any order, good to half a unit of their last bit. */
static sxt_turn any_turn(trial *t, int64_t head) {
    int64_t n_rot = below(t, 3) ? head : 2 * (1 + below(t, (uint32_t)head / 2)), half = n_rot / 2, n_rows = 40;
    float *angles = bytes(t, (size_t)(n_rows * n_rot) * 4), mscale = below(t, 2) ? 1 : 1.25f;
    uint32_t *pairs = bytes(t, (size_t)(n_rows * half + 16) * 4); /* readable past its end */
    for (int64_t i = 0; i < n_rows * half; i++) {
        double angle = 6.3 * sxt_rng_unit(&t->rng), c = cos(angle), s = sin(angle);
        float *row = angles + i / half * n_rot + i % half;
        row[0] = (float)(c * (double)mscale);
        row[half] = (float)(s * (double)mscale);
        pairs[i] = ((uint32_t)lrint(c * 16384) & 0xffffu) | (uint32_t)lrint(s * 16384) << 16;
    }
    sxt_turn turn = {angles, pairs, {0}, n_rot, below(t, 2), mscale};
    for (int i = 0; i < SXT_TILE_STRIP; i++) turn.rows[i] = (int32_t)below(t, (uint32_t)n_rows);
    return turn;
}

/* Rows of whole positions that a table holds, and no other: what is added to one of them must be noticed. */
static void check_table_rows(trial *t) {
    static const double strange[] = {0, 0.5, -1, 0x1p-40, 0x1p40, -0x1p40, 1e300, NAN, INFINITY, -INFINITY};
    double *positions = bytes(t, SXT_TILE_STRIP * sizeof *positions);
    int32_t *rows = bytes(t, SXT_TILE_STRIP * sizeof *rows);
    int64_t n_rows = below(t, 8) ? 1 + below(t, 1u << 30) : below(t, 2), base = below(t, 100000);
    if (!below(t, 8)) n_rows += INT64_C(1) << 33;
    uint32_t end = n_rows > INT32_MAX ? INT32_MAX : (uint32_t)n_rows;
    for (int i = 0; i < SXT_TILE_STRIP; i++) positions[i] = (double)(base + (end ? below(t, end) : 0));
    uint32_t changed = below(t, SXT_TILE_STRIP);
    double added = strange[below(t, 10)];
    if (!below(t, 4)) positions[changed] = (double)base + (double)n_rows - below(t, 2); /* at the end */
    positions[changed] += added;
    bool all = n_rows > 0;
    for (int i = 0; i < SXT_TILE_STRIP; i++) {
        double position = positions[i] - (double)base;
        all &=
            position >= 0 && position < (double)n_rows && position <= INT32_MAX && floor(position) == position;
    }
    assert_true(t->level->table_rows(positions, (double)base, n_rows, rows) == all);
    for (int i = 0; i < SXT_TILE_STRIP && all; i++) assert_true((double)rows[i] == positions[i] - (double)base);
}

/* Elements `low` and `high` of key i after the rotation are what a pair of the tile must hold. */
static void turned_pair(const row_strip *s, const sxt_turn *turn, int64_t i, int64_t low, double *pair) {
    const float *row = s->f32 + i * s->padded, *angles = turn->angles + turn->rows[i] * turn->n_rot;
    int64_t half = turn->n_rot / 2;
    for (int which = 0; which < 2; which++) {
        int64_t d = low + which * (s->head / 2), p = d % half;
        if (d >= turn->n_rot) {
            pair[which] = (double)row[d];
            continue;
        }
        int64_t at = turn->interleaved ? 2 * p : p, other = turn->interleaved ? at + 1 : p + half;
        double a = (double)row[at], b = (double)row[other], c = (double)angles[p], n = (double)angles[half + p];
        pair[which] = d < half ? a * c - b * n : a * n + b * c;
    }
}

/* Two units: of the integers before they are turned, and of the turned ones. */
static void check_int16_read_keys(trial *t) {
    row_strip s = any_rows(t);
    sxt_turn turn = any_turn(t, s.head);
    strip_room *room = malloc(sizeof *room);
    sxt_strip strip = strip_of_rows(t, room, &s);
    uint32_t *tile = bytes(t, (size_t)((s.head / 2 - 1) * SXT_TILE_KEYS + 16) * 4);
    float scales[16], inverses[16];
    t->level->int16_read_keys(&strip, &turn, scales, inverses);
    t->level->int16_keys(&strip, &turn, inverses, tile);
    for (int64_t i = 0; i < 16; i++) {
        double square = 0, packed_square = 0;
        for (int64_t d = 0; d < s.head && i < s.n; d++)
            square += (double)s.f32[i * s.padded + d] * (double)s.f32[i * s.padded + d];
        if (i >= s.n) assert_true(scales[i] == 0);
        if (i < s.n && !isfinite(square)) assert_true(isnan(scales[i]));
        if (i >= s.n || sqrt(square) > (double)FLT_MAX / 1e19 || !isfinite(square)) continue;
        assert_true(scales[i] >= 0 && (double)scales[i] <= sqrt(square) / 3000 + 1e-18);
        for (int64_t low = 0; low < s.head / 2; low++) {
            double pair[2];
            turned_pair(&s, &turn, i, low, pair);
            for (int which = 0; which < 2; which++) {
                double number = (int16_t)(tile[low * SXT_TILE_KEYS + i] >> 16 * which & 0xffff);
                packed_square += number * number;
                expect_near(t, pair[which], number * (double)scales[i],
                            2 * (double)scales[i] + 1e-5 * sqrt(square) / 100 + 1e-18);
            }
        }
        assert_true(packed_square * 32704.0 * 32704.0 < 0x1p62); /* no sum of products passes 2^31 */
    }
    free(room);
}

/* Scales fit their rows: the largest element takes at least 7/8 of the range unless it is tiny. */
static void check_int16_read_values(trial *t) {
    row_strip s = any_rows(t);
    strip_room *room = malloc(sizeof *room);
    sxt_strip strip = strip_of_rows(t, room, &s);
    float logs[16], inverses[16];
    t->level->int16_read_values(&strip, logs, inverses);
    for (int64_t i = 0; i < 16; i++) {
        double largest = 0;
        for (int64_t d = 0; d < s.head && i < s.n; d++) {
            double size = fabs((double)s.f32[i * s.padded + d]);
            largest = isnan(size) || size > largest ? size : largest;
            if (isnan(size)) break;
        }
        if (i >= s.n) {
            assert_true(logs[i] == 0 && inverses[i] == 0);
        } else if (!(largest < 0x1p96)) {
            assert_true(isnan(logs[i]));
        } else {
            expect_near(t, 2047, (double)inverses[i] * exp2((double)logs[i]), 2047e-5);
            assert_true((double)inverses[i] * largest <= 2047.01);
            if (largest >= 0x1p-59) assert_true((double)inverses[i] * largest >= 2047 * 0.87);
        }
    }
    free(room);
}

/* One key seen at a time: the output is its value, to 10 bits of its row's largest element. */
static void check_int16_values(trial *t) {
    enum { ROWS = 1 };
    row_strip s = any_rows(t);
    int64_t ld = (s.head + 15) / 16 * 16, first = 16 * below(t, 8);
    strip_room *room = malloc(sizeof *room);
    sxt_strip strip = strip_of_rows(t, room, &s);
    uint32_t *tile = bytes(t, (size_t)(SXT_TILE_PAIRS * ld) * 4), *p = bytes(t, SXT_TILE_PAIRS * 4);
    float logs[SXT_TILE_KEYS] = {0}, inverses[SXT_TILE_KEYS] = {0}, *out = bytes(t, (size_t)s.head * 4);
    t->level->int16_read_values(&strip, logs + first, inverses + first);
    memset(tile, 0, (size_t)(SXT_TILE_PAIRS * ld) * 4);
    t->level->int16_values(&strip, inverses + first, tile, ld, first);
    for (int64_t i = 0; i < s.n; i++) {
        float scores[SXT_TILE_KEYS], max = -INFINITY, sum = 0, keep, add;
        double largest = 0;
        for (int j = 0; j < SXT_TILE_KEYS; j++) scores[j] = j == first + i ? logs[j] : -INFINITY;
        memset(out, 0, (size_t)s.head * 4);
        sxt_int16_soften soften = {scores, inverses, p, &max, &sum, &keep, &add, ROWS, SXT_TILE_KEYS};
        t->level->int16_soften(&soften);
        sxt_int16_sums sums = {p, tile, ld, &keep, &add, out, s.head, ROWS, SXT_TILE_PAIRS, s.head};
        t->level->int16_sums(&sums);
        for (int64_t d = 0; d < s.head; d++) {
            double x = (double)s.f32[i * s.padded + d];
            largest = isnan(x) || fabs(x) > largest ? fabs(x) : largest;
            if (isnan(x)) break;
        }
        if (!(largest < 0x1p95)) {
            assert_true(!(largest < 0x1p96) ? isnan(sum) : true);
            continue;
        }
        for (int64_t d = 0; d < s.head; d++)
            expect_near(t, (double)s.f32[i * s.padded + d], (double)out[d] / (double)sum,
                        largest / 1000 + 0x1p-60);
    }
    free(room);
}

#endif
