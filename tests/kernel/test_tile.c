/* What makes a tile of keys ready and joins softmaxes: rotation against double precision, transposition and
 * storage exact, no byte outside, in every level. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "kernel/fenced.h"
#include "kernel/every_level.h"

#include <math.h>

enum { STRIP = 16, MOST_DIM = 256 };

static const int64_t dims[][2] = {{2, 2},   {8, 4},   {32, 32},   {34, 18},  {48, 48},   {64, 64},
                                  {80, 32}, {96, 96}, {112, 112}, {128, 64}, {250, 250}, {256, 256}};

static void check_rotation(const sxt_kernels *k, sxt_rng *rng, int64_t head, int64_t n_rot, int64_t n,
                           bool interleaved) {
    fenced x = fenced_new((size_t)(n * head) * 4), y = fenced_new((size_t)(n * head) * 4);
    fenced angle[STRIP];
    const float *angles[STRIP];
    fill_values(rng, x.data, n * head);
    for (int64_t i = 0; i < n; i++) {
        angle[i] = fenced_new((size_t)n_rot * 4);
        fill_values(rng, angle[i].data, n_rot);
        angles[i] = angle[i].data;
    }
    k->rotate(x.data, head, angles, y.data, head, n, n_rot, head, interleaved, (sxt_ahead){x.data, 0});
    for (int64_t i = 0; i < n; i++) {
        const float *from = (const float *)x.data + i * head, *to = (const float *)y.data + i * head;
        for (int64_t p = 0, half = n_rot / 2; p < half; p++) {
            double a = from[interleaved ? 2 * p : p], b = from[interleaved ? 2 * p + 1 : half + p];
            double c = angles[i][p], s = angles[i][half + p];
            double bound = 2e-7 * (fabs(a) + fabs(b)) * (fabs(c) + fabs(s));
            assert_true(fabs((double)to[p] - (a * c - b * s)) <= bound);
            assert_true(fabs((double)to[half + p] - (b * c + a * s)) <= bound);
        }
        assert_memory_equal(to + n_rot, from + n_rot, (size_t)(head - n_rot) * 4);
        fenced_free(&angle[i]);
    }
    assert_true(fenced_whole(&y));
    fenced_free(&x);
    fenced_free(&y);
}

static void test_rotation(void **state) {
    (void)state;
    const sxt_kernels *level[MAX_LEVELS];
    sxt_rng rng = sxt_rng_make(1);
    for (int i = 0, n = levels(level); i < n; i++)
        for (size_t d = 0; d < sizeof dims / sizeof *dims; d++)
            for (int interleaved = 0; interleaved < 2; interleaved++)
                check_rotation(level[i], &rng, dims[d][0], dims[d][1], 1 + (int64_t)d % STRIP, interleaved);
}

static void test_transposition(void **state) {
    (void)state;
    const sxt_kernels *level[MAX_LEVELS];
    sxt_rng rng = sxt_rng_make(2);
    for (int i = 0, n_levels = levels(level); i < n_levels; i++)
        for (size_t d = 0; d < sizeof dims / sizeof *dims; d++)
            for (int64_t n = 1; n <= STRIP; n++) {
                int64_t head = dims[d][0], ld = STRIP + 3;
                fenced x = fenced_new((size_t)(n * head) * 4);
                fenced to = fenced_new((size_t)((head - 1) * ld + STRIP) * 4);
                fill_values(&rng, x.data, n * head);
                level[i]->transpose_keys(x.data, head, to.data, ld, n, head);
                for (int64_t r = 0; r < head; r++)
                    for (int64_t j = 0; j < STRIP; j++)
                        assert_true(((float *)to.data)[r * ld + j] ==
                                    (j < n ? ((float *)x.data)[j * head + r] : 0.0f));
                assert_true(fenced_whole(&to));
                fenced_free(&x);
                fenced_free(&to);
            }
}

/* The same bytes in every level; each value within what its type can hold. */
static void test_storage(void **state) {
    (void)state;
    enum { N = 96 };
    const sxt_kernels *level[MAX_LEVELS];
    sxt_rng rng = sxt_rng_make(3);
    int n_levels = levels(level);
    for (int round = 0; round < 200; round++) {
        float x[N], back[N];
        uint16_t half[N];
        uint8_t q8[N / 32 * 34], q4[N / 32 * 18], other[N / 32 * 34];
        fill_values(&rng, x, N);
        if (round % 10 == 3) memset(x, 0, sizeof x / 3);
        level[0]->f32_to_bf16(x, half, N);
        level[0]->bf16_to_f32(half, back, N);
        for (int i = 0; i < N; i++) assert_true(fabsf(back[i] - x[i]) <= fabsf(x[i]) * 0x1p-8f);
        level[0]->f32_to_q8_0(x, q8, N);
        level[0]->q8_0_to_f32(q8, back, N);
        for (int i = 0; i < N; i++) {
            float top = 0;
            for (int j = i / 32 * 32; j < i / 32 * 32 + 32; j++) top = fmaxf(top, fabsf(x[j]));
            assert_true(fabsf(back[i] - x[i]) <= top * (0.5f / 127 + 0x1p-11f) + 1e-7f);
        }
        level[0]->f32_to_q4_0(x, q4, N);
        level[0]->q4_0_to_f32(q4, back, N);
        for (int i = 0; i < N; i++) {
            float top = 0;
            for (int j = i / 32 * 32; j < i / 32 * 32 + 32; j++) top = fmaxf(top, fabsf(x[j]));
            assert_true(fabsf(back[i] - x[i]) <= top * (1.0f / 8 + 0x1p-10f) + 1e-6f);
        }
        for (int l = 1; l < n_levels; l++) {
            uint16_t other_half[N];
            level[l]->f32_to_bf16(x, other_half, N);
            assert_memory_equal(half, other_half, sizeof half);
            level[l]->f32_to_q8_0(x, other, N);
            assert_memory_equal(q8, other, sizeof q8);
            level[l]->f32_to_q4_0(x, other, N);
            assert_memory_equal(q4, other, sizeof q4);
        }
    }
}

/* Blocks with something not finite become NaN, as bf16 values do, and infinities stay. */
static void test_storage_of_what_is_not_finite(void **state) {
    (void)state;
    static const float bad[] = {NAN, -NAN, INFINITY, -INFINITY};
    const sxt_kernels *level[MAX_LEVELS];
    for (int i = 0, n = levels(level); i < n; i++)
        for (size_t b = 0; b < sizeof bad / sizeof *bad; b++) {
            float x[64] = {0}, back[64];
            uint8_t blocks[64 / 32 * 34];
            uint16_t half[64];
            x[40] = bad[b];
            level[i]->f32_to_q8_0(x, blocks, 64);
            level[i]->q8_0_to_f32(blocks, back, 64);
            assert_true(back[5] == 0 && isnan(back[40]) && isnan(back[63]));
            level[i]->f32_to_q4_0(x, blocks, 64);
            level[i]->q4_0_to_f32(blocks, back, 64);
            assert_true(back[5] == 0 && isnan(back[40]) && isnan(back[63]));
            level[i]->f32_to_bf16(x, half, 64);
            level[i]->bf16_to_f32(half, back, 64);
            assert_true(back[5] == 0 && (isnan(bad[b]) ? isnan(back[40]) : back[40] == bad[b]));
        }
}

static void check_fold(const sxt_kernels *k, sxt_rng *rng, int64_t rows, int64_t head, float unit) {
    float max[40], sum[40], more_max[40], more_sum[40], old_max[40], old_sum[40];
    fenced out = fenced_new((size_t)(rows * head) * 4), more = fenced_new((size_t)(rows * head) * 4);
    float start[40 * 80];
    fill_values(rng, out.data, rows * head);
    fill_values(rng, more.data, rows * head);
    memcpy(start, out.data, (size_t)(rows * head) * 4);
    for (int64_t r = 0; r < rows; r++) {
        bool nothing = r % 5 == 1, first = r % 5 == 2;
        old_max[r] = max[r] = first ? -INFINITY : (float)(10 * sxt_rng_unit(rng));
        old_sum[r] = sum[r] = first ? 0 : 1 + (float)sxt_rng_unit(rng);
        more_max[r] = nothing ? -INFINITY : (float)(10 * sxt_rng_unit(rng));
        more_sum[r] = nothing ? 0 : r % 7 == 3 ? NAN : 1 + (float)sxt_rng_unit(rng);
    }
    sxt_fold fold = {.max = max, .sum = sum, .add_max = more_max, .add_sum = more_sum, .out = out.data};
    fold.add_out = more.data;
    fold.ldo = fold.ld_add = fold.head_dim = head;
    fold.n_rows = rows;
    fold.unit = unit;
    k->attend_fold(&fold);
    for (int64_t r = 0; r < rows; r++) {
        double top = fmax((double)old_max[r], (double)more_max[r]), u = unit;
        double keep = exp(u * (old_max[r] - top)), add = exp(u * (more_max[r] - top));
        double total = keep * (double)old_sum[r] + add * (double)more_sum[r];
        if (isnan(total)) {
            assert_true(isnan(sum[r]));
            continue;
        }
        assert_true((double)max[r] == top && fabs((double)sum[r] - total) <= 1e-6 * total);
        for (int64_t d = 0; d < head; d++) {
            double a = keep * (double)start[r * head + d], b = add * (double)((float *)more.data)[r * head + d];
            if (old_sum[r] == 0) a = 0;
            if (more_sum[r] == 0) b = 0;
            assert_true(fabs((double)((float *)out.data)[r * head + d] - (a + b)) <=
                        3e-6 * (fabs(a) + fabs(b)));
        }
    }
    assert_true(fenced_whole(&out));
    fenced_free(&out);
    fenced_free(&more);
}

static void test_fold(void **state) {
    (void)state;
    const sxt_kernels *level[MAX_LEVELS];
    sxt_rng rng = sxt_rng_make(4);
    for (int i = 0, n = levels(level); i < n; i++)
        for (int64_t rows = 1; rows <= 40; rows += 3)
            for (int64_t head = 2; head <= 80; head += 26)
                check_fold(level[i], &rng, rows, head, rows % 2 ? 1 : 0.7f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rotation), cmocka_unit_test(test_transposition),
        cmocka_unit_test(test_storage),  cmocka_unit_test(test_storage_of_what_is_not_finite),
        cmocka_unit_test(test_fold),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
