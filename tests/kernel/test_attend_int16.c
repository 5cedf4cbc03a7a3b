/* Attention in 16-bit integers: sums exact, every key's value found at its place, the numbers as good as their
 * bits, nothing overflows, what is not finite stays visible, no byte outside, one row the same alone and among
 * others. Every level, the plain C of the others included, against double precision. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "kernel/fenced.h"
#include "kernel/every_level.h"
#include "kernel/pack_strips.h"

#include <math.h>
#include <stdlib.h>

enum { KEYS = SXT_TILE_KEYS, MOST_ROWS = 24, MOST_DIM = 256 };

/* A tile of keys and values and rows of queries, packed by one level. */
typedef struct problem {
    const sxt_kernels *k;
    int64_t rows, keys, head, pad; /* keys that exist; head_dim rounded up to 16 */
    float *q, *key, *value;        /* (rows, head), (keys, head), (keys, head) */
    fenced pairs, tile, values, scores, p, out;
    float q_scales[MOST_ROWS], k_scales[KEYS], logs[KEYS], inverses[KEYS];
    float max[MOST_ROWS], sum[MOST_ROWS], keep[MOST_ROWS], add[MOST_ROWS];
} problem;

static float *floats(int64_t n) {
    float *x = malloc((size_t)n * sizeof *x);
    assert_non_null(x);
    return x;
}

static problem problem_new(const sxt_kernels *k, sxt_rng *rng, int64_t rows, int64_t keys, int64_t head) {
    problem p = {.k = k, .rows = rows, .keys = keys, .head = head, .pad = (head + 15) / 16 * 16};
    p.q = floats(rows * head);
    p.key = floats(keys * head);
    p.value = floats(keys * head);
    fill_values(rng, p.q, rows * head);
    fill_values(rng, p.key, keys * head);
    fill_values(rng, p.value, keys * head);
    p.pairs = fenced_new((size_t)(rows * head / 2) * 4);
    p.tile = fenced_new((size_t)(head / 2 * KEYS) * 4);
    p.values = fenced_new((size_t)(SXT_TILE_PAIRS * p.pad) * 4);
    p.scores = fenced_new((size_t)(rows * KEYS) * 4);
    p.p = fenced_new((size_t)(rows * SXT_TILE_PAIRS) * 4);
    p.out = fenced_new((size_t)(rows * head) * 4);
    memset(p.out.data, 0, (size_t)(rows * head) * 4);
    for (int r = 0; r < MOST_ROWS; r++) p.max[r] = -INFINITY;
    return p;
}

static void problem_free(problem *p) {
    fenced *all[] = {&p->pairs, &p->tile, &p->values, &p->scores, &p->p, &p->out};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        assert_true(fenced_whole(all[i]));
        fenced_free(all[i]);
    }
    free(p->q);
    free(p->key);
    free(p->value);
}

/* Keys that a call works on. */
static int64_t width(const problem *p) { return (p->keys + 31) / 32 * 32; }

static void pack(problem *p, float factor) {
    p->k->int16_queries(p->q, p->head, factor, p->pairs.data, p->head / 2, p->q_scales, p->rows, p->head);
    for (int64_t j = 0; j < width(p); j += 16) {
        int64_t n = p->keys - j < 0 ? 0 : p->keys - j < 16 ? p->keys - j : 16, at = n > 0 ? j * p->head : 0;
        pack_keys(p->k, p->key + at, p->head, (uint32_t *)p->tile.data + j, p->k_scales + j, n, p->head,
                  (sxt_ahead){p->key, 0});
        pack_values(p->k, p->value + at, p->head, p->values.data, p->pad, j, p->logs + j, p->inverses + j, n,
                    p->head, (sxt_ahead){p->value, 4096});
    }
}

static void score_rows(problem *p, int64_t row, int64_t n_rows) {
    sxt_int16_scores s = {.q = (uint32_t *)p->pairs.data + row * (p->head / 2),
                          .ldq = p->head / 2,
                          .q_scales = p->q_scales + row,
                          .tile = p->tile.data,
                          .k_scales = p->k_scales,
                          .v_logs = p->logs,
                          .scores = (float *)p->scores.data + row * KEYS,
                          .n_rows = n_rows,
                          .n_keys = width(p),
                          .n_pairs = p->head / 2};
    p->k->int16_scores(&s);
}

static void sum_rows(problem *p, int64_t row, int64_t n_rows) {
    sxt_int16_soften s = {.scores = (float *)p->scores.data + row * KEYS,
                          .inverses = p->inverses,
                          .p = (uint32_t *)p->p.data + row * SXT_TILE_PAIRS,
                          .max = p->max + row,
                          .sum = p->sum + row,
                          .keep = p->keep + row,
                          .add = p->add + row,
                          .n_rows = n_rows,
                          .n_keys = width(p)};
    p->k->int16_soften(&s);
    sxt_int16_sums v = {.p = s.p,
                        .tile = p->values.data,
                        .ld_tile = p->pad,
                        .keep = s.keep,
                        .add = s.add,
                        .out = (float *)p->out.data + row * p->head,
                        .ldo = p->head,
                        .n_rows = n_rows,
                        .n_pairs = width(p) / 2,
                        .head_dim = p->head};
    p->k->int16_sums(&v);
}

static void hide(problem *p, int64_t from) {
    for (int64_t r = 0; r < p->rows; r++)
        for (int64_t j = from; j < width(p); j++) ((float *)p->scores.data)[r * KEYS + j] = -INFINITY;
}

static double product(uint32_t a, uint32_t b) {
    return (double)(int16_t)(a & 0xffff) * (int16_t)(b & 0xffff) +
           (double)(int16_t)(a >> 16) * (int16_t)(b >> 16);
}

/* ---- Tests ----------------------------------------------------------------------------------------------- */

static const int64_t heads[] = {2, 32, 34, 48, 64, 78, 80, 96, 112, 128, 250, 256};
static const int64_t row_counts[] = {1, 2, 3, 5, 6, 8, 13, 24};
static const int64_t key_counts[] = {128, 1, 16, 31, 33, 70, 97};

typedef void (*check_fn)(problem *p, sxt_rng *rng);

static void each(check_fn check) {
    const sxt_kernels *level[MAX_LEVELS];
    sxt_rng rng = sxt_rng_make(3);
    for (int i = 0, n = levels(level); i < n; i++)
        for (size_t h = 0; h < sizeof heads / sizeof *heads; h++)
            for (size_t r = 0; r < sizeof row_counts / sizeof *row_counts; r++) {
                problem p = problem_new(level[i], &rng, row_counts[r], key_counts[(h + r) % 7], heads[h]);
                check(&p, &rng);
                problem_free(&p);
            }
}

/* The integers' sums are exact; with the scales they are close to what was packed. */
static void check_scores(problem *p, sxt_rng *rng) {
    (void)rng;
    pack(p, 0.5f);
    score_rows(p, 0, p->rows);
    for (int64_t r = 0; r < p->rows; r++)
        for (int64_t j = 0; j < p->keys; j++) {
            double sum = 0, real = 0, q2 = 0, k2 = 0, found = ((float *)p->scores.data)[r * KEYS + j];
            for (int64_t t = 0; t < p->head / 2; t++)
                sum += product(((uint32_t *)p->pairs.data)[r * (p->head / 2) + t],
                               ((uint32_t *)p->tile.data)[t * KEYS + j]);
            double expected = sum * (double)p->q_scales[r] * (double)p->k_scales[j] + (double)p->logs[j];
            for (int64_t d = 0; d < p->head; d++) {
                double q = p->q[r * p->head + d], k = p->key[j * p->head + d];
                real += q * k / 2, q2 += q * q, k2 += k * k;
            }
            double size = fabs(expected) + fabs((double)p->logs[j]) + 0.5 * sqrt(q2 * k2);
            if (!(fabs(found - expected) <= 3e-7 * size))
                fail_msg("%s row %d key %d: %.9g, not %.9g", p->k->name, (int)r, (int)j, found, expected);
            /* Half a unit in each of head elements, of lengths 32700. */
            double bound = 0.5 * sqrt(q2 * k2) * sqrt((double)p->head) / 32000;
            if (!(fabs(found - p->logs[j] - real) <= bound + 1e-6 * size))
                fail_msg("%s row %d key %d: %.9g is far from %.9g", p->k->name, (int)r, (int)j, found, real);
        }
}

static void test_scores(void **state) {
    (void)state;
    each(check_scores);
}

/* With one key seen the output is its value, to 12 bits of its largest element: it is found at its place. */
static void check_places(problem *p, sxt_rng *rng) {
    (void)rng;
    pack(p, 1);
    for (int64_t j = 0; j<p->keys; j += p->keys> 40 ? 7 : 1) {
        hide(p, 0);
        for (int64_t r = 0; r < p->rows; r++) {
            ((float *)p->scores.data)[r * KEYS + j] = (float)r - 5 + p->logs[j];
            p->max[r] = -INFINITY;
            p->sum[r] = 0;
        }
        sum_rows(p, 0, p->rows);
        const float *value = p->value + j * p->head;
        double top = 0;
        for (int64_t d = 0; d < p->head; d++) top = fmax(top, fabs((double)value[d]));
        for (int64_t r = 0; r < p->rows; r++)
            for (int64_t d = 0; d < p->head; d++) {
                double found = (double)((float *)p->out.data)[r * p->head + d] / (double)p->sum[r];
                if (!(fabs(found - (double)value[d]) <= top / 3600))
                    fail_msg("%s key %d row %d dim %d: %.6g, not %.6g", p->k->name, (int)j, (int)r, (int)d,
                             found, (double)value[d]);
            }
    }
}

static void test_places_of_values(void **state) {
    (void)state;
    each(check_places);
}

/* Softmax over two tiles, the second under other scores, against double precision. */
static void check_softmax(problem *p, sxt_rng *rng) {
    double *sums = calloc((size_t)(p->rows * (p->head + 1)), sizeof *sums), top = 0;
    assert_non_null(sums);
    pack(p, 0.3f);
    for (int tile = 0; tile < 2; tile++) {
        for (int64_t r = 0; r < p->rows; r++)
            for (int64_t j = 0; j < width(p); j++) {
                float score = (float)(8 * sxt_rng_unit(rng)) + (float)tile * (float)(r % 5 - 2);
                ((float *)p->scores.data)[r * KEYS + j] = j < p->keys ? score + p->logs[j] : -INFINITY;
                for (int64_t d = 0; d < p->head && j < p->keys; d++)
                    sums[r * (p->head + 1) + d] += exp2((double)score) * (double)p->value[j * p->head + d];
                if (j < p->keys) sums[r * (p->head + 1) + p->head] += exp2((double)score);
            }
        sum_rows(p, 0, p->rows);
    }
    for (int64_t i = 0; i < p->keys * p->head; i++) top = fmax(top, fabs((double)p->value[i]));
    for (int64_t r = 0; r < p->rows; r++)
        for (int64_t d = 0; d < p->head; d++) {
            double expected = sums[r * (p->head + 1) + d] / sums[r * (p->head + 1) + p->head];
            double found = (double)((float *)p->out.data)[r * p->head + d] / (double)p->sum[r];
            if (!(fabs(found - expected) <= 1e-3 * top))
                fail_msg("%s row %d dim %d: %.6g, not %.6g", p->k->name, (int)r, (int)d, found, expected);
        }
    free(sums);
}

static void test_softmax(void **state) {
    (void)state;
    each(check_softmax);
}

static void check_alone(problem *p, sxt_rng *rng) {
    (void)rng;
    size_t bytes = (size_t)(p->rows * p->head) * 4;
    float sum[MOST_ROWS], *out = floats(p->rows * p->head);
    pack(p, 0.3f);
    score_rows(p, 0, p->rows);
    hide(p, p->keys);
    sum_rows(p, 0, p->rows);
    memcpy(out, p->out.data, bytes);
    memcpy(sum, p->sum, sizeof sum);
    memset(p->out.data, 0, bytes);
    for (int64_t r = 0; r < p->rows; r++) {
        p->max[r] = -INFINITY;
        p->sum[r] = 0;
        p->k->int16_queries(p->q + r * p->head, p->head, 0.3f, (uint32_t *)p->pairs.data + r * (p->head / 2),
                            p->head / 2, p->q_scales + r, 1, p->head);
        score_rows(p, r, 1);
    }
    hide(p, p->keys);
    for (int64_t r = 0; r < p->rows; r++) sum_rows(p, r, 1);
    assert_memory_equal(out, p->out.data, bytes);
    assert_memory_equal(sum, p->sum, (size_t)p->rows * sizeof *sum);
    free(out);
}

static void test_rows_alone_equal(void **state) {
    (void)state;
    each(check_alone);
}

/* All weights and all values at their largest: the sums come within 0.1 % of 2^31 and must not pass it. */
static void test_no_overflow(void **state) {
    (void)state;
    const sxt_kernels *level[MAX_LEVELS];
    sxt_rng rng = sxt_rng_make(5);
    for (int i = 0, n = levels(level); i < n; i++)
        for (int sign = -1; sign < 2; sign += 2) {
            problem p = problem_new(level[i], &rng, 3, 128, 64);
            for (int64_t x = 0; x < 128 * 64; x++) p.value[x] = (float)sign;
            for (int64_t x = 0; x < 128 * 64; x++)
                p.key[x] = x % 64 == 0 ? 1e15f : 0; /* one element has it all */
            for (int64_t x = 0; x < 3 * 64; x++) p.q[x] = x % 64 == 0 ? (float)sign * 1e-15f : 0;
            pack(&p, 1);
            score_rows(&p, 0, 3);
            for (int j = 0; j < 128; j++) assert_true(fabsf(((float *)p.scores.data)[j] - (float)sign) < 1e-4f);
            sum_rows(&p, 0, 3);
            for (int d = 0; d < 3 * 64; d++)
                assert_true(fabsf(((float *)p.out.data)[d] / p.sum[d / 64] - (float)sign) < 1e-4f);
            problem_free(&p);
        }
}

/* What is not finite makes exactly the rows NaN that see it; zeros and tiny numbers do not. */
static void test_not_finite(void **state) {
    (void)state;
    static const float bad[] = {NAN, INFINITY, -INFINITY, 1e-42f, 0, 1e-30f};
    const sxt_kernels *level[MAX_LEVELS];
    sxt_rng rng = sxt_rng_make(8);
    for (int i = 0, n = levels(level); i < n; i++)
        for (int where = 0; where < 3; where++)
            for (size_t b = 0; b < sizeof bad / sizeof *bad; b++)
                for (int hidden = 0; hidden < 2; hidden++) {
                    problem p = problem_new(level[i], &rng, 7, 60, 48);
                    float *at = where == 0 ? p.q : where == 1 ? p.key + 50 * 48 : p.value + 50 * 48;
                    if (!isfinite(bad[b])) at[17] = bad[b];
                    for (int d = 0; d < 48 && isfinite(bad[b]); d++) at[d] = bad[b];
                    pack(&p, 1);
                    score_rows(&p, 0, 7);
                    hide(&p, hidden ? 40 : 60);
                    sum_rows(&p, 0, 7);
                    for (int r = 0; r < 7; r++) {
                        bool wrong = !isfinite(bad[b]) && (where == 0 ? r == 0 : !hidden);
                        float found = ((float *)p.out.data)[r * 48] / p.sum[r];
                        assert_true(wrong ? isnan(found) : isfinite(found));
                    }
                    problem_free(&p);
                }
}

/* A key that draws all weight to a value of zero does not hide the values of the others. */
static void test_weight_on_a_zero_value(void **state) {
    (void)state;
    const sxt_kernels *level[MAX_LEVELS];
    sxt_rng rng = sxt_rng_make(9);
    for (int i = 0, n = levels(level); i < n; i++) {
        problem p = problem_new(level[i], &rng, 1, 64, 32);
        for (int64_t x = 0; x < 64 * 32; x++) p.value[x] = x < 32 ? 0 : 1;
        pack(&p, 1);
        for (int j = 0; j < 64; j++) ((float *)p.scores.data)[j] = (j == 0 ? 14.0f : 0.0f) + p.logs[j];
        sum_rows(&p, 0, 1);
        double expected = 63 / (63 + 16384.0);
        assert_true(fabs((double)((float *)p.out.data)[5] / (double)p.sum[0] - expected) < 1e-3 * expected);
        problem_free(&p);
    }
}

/* A tile of which nothing is seen leaves maximum, sum and output as they were. */
static void test_nothing_seen(void **state) {
    (void)state;
    const sxt_kernels *level[MAX_LEVELS];
    sxt_rng rng = sxt_rng_make(10);
    for (int i = 0, n = levels(level); i < n; i++) {
        problem p = problem_new(level[i], &rng, 2, 32, 32);
        pack(&p, 1);
        hide(&p, 0);
        p.max[1] = 3, p.sum[1] = 7;
        ((float *)p.out.data)[32] = 5;
        sum_rows(&p, 0, 2);
        assert_true(p.max[0] == -INFINITY && p.sum[0] == 0 && ((float *)p.out.data)[0] == 0);
        assert_true(p.max[1] == 3 && p.sum[1] == 7 && ((float *)p.out.data)[32] == 5);
        problem_free(&p);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_scores),       cmocka_unit_test(test_places_of_values),
        cmocka_unit_test(test_softmax),      cmocka_unit_test(test_rows_alone_equal),
        cmocka_unit_test(test_no_overflow),  cmocka_unit_test(test_not_finite),
        cmocka_unit_test(test_nothing_seen), cmocka_unit_test(test_weight_on_a_zero_value),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
