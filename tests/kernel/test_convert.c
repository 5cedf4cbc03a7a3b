/* Conversions: every half, every rounding case, every nibble; exact, and the same in every level. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "kernel/fenced.h"
#include "kernel/half.h"
#include "kernel/every_level.h"

#include <math.h>
#include <stdlib.h>

/* The value of a half from its definition. */
static double half_value(uint16_t half) {
    int exponent = (half >> 10) & 31, fraction = half & 1023;
    double size = exponent == 31  ? (fraction ? NAN : INFINITY)
                  : exponent == 0 ? ldexp(fraction, -24)
                                  : ldexp(1024 + fraction, exponent - 25);
    return half & 0x8000 ? -size : size;
}

static bool same(double a, double b) { return (isnan(a) && isnan(b)) || (a == b && signbit(a) == signbit(b)); }

static void test_every_half_is_exact(void **state) {
    (void)state;
    const sxt_kernels *level[MAX_LEVELS];
    uint16_t *halves = malloc(65536 * sizeof *halves);
    float *values = malloc(65536 * sizeof *values), *brain = malloc(65536 * sizeof *brain);
    assert_true(halves && values && brain);
    for (int i = 0; i < 65536; i++) halves[i] = (uint16_t)i;
    for (int l = 0, n = levels(level); l < n; l++) {
        level[l]->f16_to_f32(halves, values, 65536);
        level[l]->bf16_to_f32(halves, brain, 65536);
        for (int i = 0; i < 65536; i++) {
            assert_true(same(values[i], half_value((uint16_t)i)));
            assert_int_equal(sxt_f32_bits(values[i]), sxt_f32_bits(sxt_f16_value((uint16_t)i)));
            assert_int_equal(sxt_f32_bits(brain[i]), (uint32_t)i << 16);
        }
    }
    free(halves);
    free(values);
    free(brain);
}

/* Nearest half, ties to even, by arithmetic: round to a multiple of the spacing at that size. */
static double nearest_half(float value) {
    if (isnan(value) || isinf(value) || value == 0) return value;
    int exponent;
    frexp(value, &exponent);
    double spacing = ldexp(1, exponent - 11 < -24 ? -24 : exponent - 11),
           rounded = rint(value / spacing) * spacing;
    return copysign(fabs(rounded) > 65504 ? INFINITY : rounded, value);
}

static void check_to_f16(const sxt_kernels *kernels, const float *values, uint16_t *halves, int n) {
    kernels->f32_to_f16(values, halves, n);
    for (int i = 0; i < n; i++) {
        if (!same(half_value(halves[i]), nearest_half(values[i])))
            fail_msg("%a became %a", (double)values[i], half_value(halves[i]));
        assert_int_equal(halves[i], sxt_f16_bits(values[i]));
    }
}

static void test_f32_to_f16_rounds_to_even(void **state) {
    (void)state;
    enum { N = 4099 };
    const sxt_kernels *level[MAX_LEVELS];
    float values[N];
    uint16_t halves[N];
    for (int l = 0, n = levels(level); l < n; l++) {
        sxt_rng rng = sxt_rng_make(11);
        for (int round = 0; round < 200; round++) {
            for (int i = 0; i < N; i++) { /* any bits; half of them near the halves' range and ties */
                uint32_t bits = sxt_rng_u32(&rng);
                if (i % 2) bits = (bits & 0x8fffffffu) + 0x30000000u;
                if (i % 4 == 3) bits = (bits & ~0x1fffu) | 0x1000u;
                values[i] = sxt_f32_from_bits(bits);
            }
            check_to_f16(level[l], values, halves, N);
        }
        float edges[] = {65504,           65519.996f, 65520,        -65520,       0x1p-24f, 0x1p-25f,
                         0x1.000002p-25f, 0x1.8p-24f, 0x1.ffcp-15f, 0x1.ffep-15f, 0x1p-14f, 0,
                         -0.0f,           INFINITY,   -INFINITY,    NAN};
        check_to_f16(level[l], edges, halves, 16);
    }
}

static void test_bf16_rounds_to_even(void **state) {
    (void)state;
    assert_int_equal(sxt_bf16_bits(1.0f), 0x3f80);
    assert_int_equal(sxt_bf16_bits(sxt_f32_from_bits(0x3f808000u)), 0x3f80); /* a tie, down to even */
    assert_int_equal(sxt_bf16_bits(sxt_f32_from_bits(0x3f818000u)), 0x3f82); /* a tie, up to even */
    assert_int_equal(sxt_bf16_bits(sxt_f32_from_bits(0x3f808001u)), 0x3f81);
    assert_int_equal(sxt_bf16_bits(3.4e38f), 0x7f80);
    assert_int_equal(sxt_bf16_bits(-INFINITY), 0xff80);
    assert_true(isnan(sxt_bf16_value(sxt_bf16_bits(sxt_f32_from_bits(0x7f800001u)))));
}

/* Every byte as a quant, under scales of both signs, subnormal and large. */
static void test_blocks_follow_their_definition(void **state) {
    (void)state;
    static const float scales[] = {1, -1, 0.0371f, -0.25f, 0x1p-24f, 6e-6f, 60000, 0};
    const sxt_kernels *level[MAX_LEVELS];
    for (int l = 0, n = levels(level); l < n; l++) {
        fenced q8 = fenced_new(8 * 34), q4 = fenced_new(16 * 18), y8 = fenced_new(256 * 4),
               y4 = fenced_new(512 * 4);
        for (int s = 0; s < 8; s++) {
            uint16_t half = sxt_f16_bits(scales[s]);
            double d = half_value(half);
            for (int i = 0; i < 256; i++) {
                memcpy((uint8_t *)q8.data + i / 32 * 34, &half, 2);
                memcpy((uint8_t *)q4.data + i / 16 * 18, &half, 2);
                ((uint8_t *)q8.data)[i / 32 * 34 + 2 + i % 32] = (uint8_t)i;
                ((uint8_t *)q4.data)[i / 16 * 18 + 2 + i % 16] = (uint8_t)i;
            }
            level[l]->q8_0_to_f32(q8.data, y8.data, 256);
            level[l]->q4_0_to_f32(q4.data, y4.data, 512);
            for (int i = 0; i < 256; i++) {
                int at = i / 16 * 32 + i % 16;
                assert_true(((float *)y8.data)[i] == d * (i < 128 ? i : i - 256));
                assert_true(((float *)y4.data)[at] == d * (i % 16 - 8));
                assert_true(((float *)y4.data)[at + 16] == d * (i / 16 - 8));
            }
        }
        fenced_free(&q8);
        fenced_free(&q4);
        fenced_free(&y8);
        fenced_free(&y4);
    }
}

/* Runs of any length at any address. */
static void test_runs_of_any_length(void **state) {
    (void)state;
    const sxt_kernels *level[MAX_LEVELS];
    for (int l = 0, n = levels(level); l < n; l++) {
        for (int64_t size = 0; size <= 41; size++) {
            fenced half = fenced_new((size_t)size * 2), value = fenced_new((size_t)size * 4);
            for (int64_t i = 0; i < size; i++) {
                uint16_t bits = sxt_f16_bits((float)i - 7.5f);
                memcpy((uint8_t *)half.data + 2 * i, &bits, 2);
            }
            level[l]->f16_to_f32(half.data, value.data, size);
            for (int64_t i = 0; i < size; i++) assert_true(((float *)value.data)[i] == (float)i - 7.5f);
            memset(half.data, 0, (size_t)size * 2);
            level[l]->f32_to_f16(value.data, half.data, size);
            for (int64_t i = 0; i < size; i++)
                assert_int_equal(((uint16_t *)half.data)[i], sxt_f16_bits((float)i - 7.5f));
            level[l]->bf16_to_f32(half.data, value.data, size);
            assert_true(fenced_whole(&value) && fenced_whole(&half));
            fenced_free(&half);
            fenced_free(&value);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_half_is_exact), cmocka_unit_test(test_f32_to_f16_rounds_to_even),
        cmocka_unit_test(test_bf16_rounds_to_even), cmocka_unit_test(test_blocks_follow_their_definition),
        cmocka_unit_test(test_runs_of_any_length),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
