/* Packing: how much is lost against llama.cpp's quantiser, bounds for every element, and what no search may
 * stumble over: zeros, constants, very small and very large numbers, NaN. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "kernel/fenced.h"
#include "tensor/type.h"

#include <math.h>
#include <stdlib.h>

enum { BLOCK = 256, GOLDEN = 32 * 2048 };

/* Root-mean-square errors of llama.cpp 0.7 without importance matrix on the tensors of golden_values():
 *     tools/compare_quantisers.py --golden --sextant sextant --quantize llama-quantize --vocab
 * models/tiny-f16.gguf
 *         --folder FOLDER */
static const struct {
    sxt_type type;
    double plain, heavy;
} peers[] = {{SXT_TYPE_Q8_0, 0.00294196821, 0.00389312532}, {SXT_TYPE_Q6_K, 0.00986078677, 0.0121949644},
             {SXT_TYPE_Q5_K, 0.0200878134, 0.024802176},    {SXT_TYPE_Q5_1, 0.0212185028, 0.0260199278},
             {SXT_TYPE_Q5_0, 0.0234361365, 0.029552575},    {SXT_TYPE_Q4_K, 0.0397701459, 0.0482482283},
             {SXT_TYPE_Q4_1, 0.0437300086, 0.0537189131},   {SXT_TYPE_Q4_0, 0.0471354099, 0.0575782705},
             {SXT_TYPE_Q3_K, 0.0845712148, 0.0908002697},   {SXT_TYPE_Q2_K, 0.166055571, 0.200750325}};
enum { N_TYPES = sizeof peers / sizeof peers[0] };

/* Sums of four 16-bit draws; `heavy` takes the square with its sign. */
static float *golden_values(bool heavy, uint32_t state) {
    float *values = malloc(GOLDEN * sizeof *values);
    assert_non_null(values);
    for (int i = 0; i < GOLDEN; i++) {
        int32_t total = -131070;
        for (int k = 0; k < 4; k++) {
            state = state * 1664525u + 1013904223u;
            total += (int32_t)(state >> 16);
        }
        values[i] = (float)total / 65536;
        if (heavy) values[i] *= fabsf(values[i]);
    }
    return values;
}

/* There and back; the fences see a byte too many. */
static void round_trip(const sxt_type_traits *traits, const float *source, float *values, int64_t n) {
    fenced blocks = fenced_new((size_t)(n / traits->block) * traits->block_bytes);
    traits->pack(source, blocks.data, n);
    assert_true(fenced_whole(&blocks));
    traits->unpack(blocks.data, values, n);
    fenced_free(&blocks);
}

static double rms_error(sxt_type type, const float *source) {
    float *values = malloc(GOLDEN * sizeof *values);
    assert_non_null(values);
    round_trip(sxt_type_find(type), source, values, GOLDEN);
    double sum = 0;
    for (int i = 0; i < GOLDEN; i++) {
        double difference = (double)source[i] - (double)values[i];
        sum += difference * difference;
    }
    free(values);
    return sqrt(sum / GOLDEN);
}

static void test_no_worse_than_llama_cpp(void **state) {
    (void)state;
    float *plain = golden_values(false, 1), *heavy = golden_values(true, 2);
    for (int i = 0; i < N_TYPES; i++) {
        const char *name = sxt_type_name(peers[i].type);
        /* the numbers above have nine digits */
        double a = rms_error(peers[i].type, plain), b = rms_error(peers[i].type, heavy);
        if (a > peers[i].plain * (1 + 1e-8)) fail_msg("%s: %.9g, llama.cpp %.9g", name, a, peers[i].plain);
        if (b > peers[i].heavy * (1 + 1e-8)) fail_msg("%s: %.9g, llama.cpp %.9g", name, b, peers[i].heavy);
        assert_true(a > peers[i].plain / 2); /* an error that small would be a fault of this test */
    }
    free(plain);
    free(heavy);
}

/* ---- Every element ---- */

/* No element may be off by more than the widest step of its group; and by that only where a search clips or a
 * scale is rounded. The spread is that of the block: its scales are stored in units of the largest. */
static void test_every_element(void **state) {
    (void)state;
    static const struct {
        sxt_type type;
        double steps;
    } cases[] = {{SXT_TYPE_Q8_0, 254}, {SXT_TYPE_Q6_K, 62}, {SXT_TYPE_Q5_K, 31}, {SXT_TYPE_Q5_1, 31},
                 {SXT_TYPE_Q5_0, 30},  {SXT_TYPE_Q4_K, 15}, {SXT_TYPE_Q4_1, 15}, {SXT_TYPE_Q4_0, 14},
                 {SXT_TYPE_Q3_K, 6},   {SXT_TYPE_Q2_K, 3}};
    float *source = golden_values(true, 3), values[BLOCK];
    for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++)
        for (int at = 0; at < GOLDEN; at += BLOCK) {
            double largest = 0;
            for (int i = 0; i < BLOCK; i++) largest = fmax(largest, fabs((double)source[at + i]));
            round_trip(sxt_type_find(cases[c].type), source + at, values, BLOCK);
            for (int i = 0; i < BLOCK; i++) {
                double off = fabs((double)source[at + i] - (double)values[i]);
                if (off > 2 * largest / cases[c].steps)
                    fail_msg("%s: %g off at %d", sxt_type_name(cases[c].type), off, at + i);
            }
        }
    free(source);
}

static double squared_error(const sxt_type_traits *traits, const float *source) {
    float values[BLOCK];
    double sum = 0;
    round_trip(traits, source, values, BLOCK);
    for (int i = 0; i < BLOCK; i++) {
        double difference = (double)source[i] - (double)values[i];
        sum += difference * difference;
    }
    return sum;
}

/* Numbers of any size lose the same share. */
static void test_sizes(void **state) {
    (void)state;
    float *source = golden_values(false, 4), scaled[BLOCK];
    for (int t = 0; t < N_TYPES; t++)
        for (int power = -6; power <= 8; power += 7) {
            const sxt_type_traits *traits = sxt_type_find(peers[t].type);
            for (int i = 0; i < BLOCK; i++) scaled[i] = ldexpf(source[i], power);
            double expected = ldexp(squared_error(traits, source), 2 * power),
                   found = squared_error(traits, scaled);
            /* scales below 2^-14 have fewer bits */
            if (fabs(found - expected) > 0.1 * expected) fail_msg("%s: %g, %g", traits->name, found, expected);
        }
    free(source);
}

/* ---- Odd numbers ---- */

static void fill(float *values, float value) {
    for (int i = 0; i < BLOCK; i++) values[i] = value;
}

static void test_zeros_and_constants(void **state) {
    (void)state;
    static const float constants[] = {0, 1, -1, 0.37f, -3000, 1e-3f};
    float source[BLOCK], values[BLOCK];
    for (int t = 0; t < N_TYPES; t++)
        for (size_t c = 0; c < sizeof constants / sizeof constants[0]; c++) {
            fill(source, constants[c]);
            round_trip(sxt_type_find(peers[t].type), source, values, BLOCK);
            /* f16 scales near 1e-3 / 4000 are subnormal */
            double bound = fabs((double)constants[c]) * (fabsf(constants[c]) < 0.01f ? 0.1 : 0.002);
            for (int i = 0; i < BLOCK; i++) assert_true(fabs((double)(values[i] - constants[c])) <= bound);
        }
}

/* One number alone among zeros, at every place. */
static void test_one_number(void **state) {
    (void)state;
    float source[BLOCK], values[BLOCK];
    for (int t = 0; t < N_TYPES; t++)
        for (int at = 0; at < BLOCK; at++) {
            fill(source, 0);
            source[at] = at % 2 ? -2.5f : 2.5f;
            round_trip(sxt_type_find(peers[t].type), source, values, BLOCK);
            for (int i = 0; i < BLOCK; i++) assert_true(fabsf(values[i] - source[i]) <= 0.005f);
        }
}

static void test_very_small(void **state) {
    (void)state;
    static const float sizes[] = {1e-44f, 1e-38f, 1e-20f, 1e-12f, 1e-8f, 1e-6f};
    float source[BLOCK], values[BLOCK];
    for (int t = 0; t < N_TYPES; t++)
        for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
            for (int i = 0; i < BLOCK; i++) source[i] = i % 3 ? sizes[s] : -sizes[s];
            round_trip(sxt_type_find(peers[t].type), source, values, BLOCK);
            /* never worse than zeros, by more than f16's rounding of the scale */
            for (int i = 0; i < BLOCK; i++) assert_true(fabsf(values[i] - source[i]) <= 2 * sizes[s]);
        }
}

/* Up to the largest magnitude that the table promises, nothing becomes infinite; far above, it is seen. */
static void test_very_large(void **state) {
    (void)state;
    float source[BLOCK], values[BLOCK];
    for (int t = 0; t < N_TYPES; t++) {
        const sxt_type_traits *traits = sxt_type_find(peers[t].type);
        /* Q4_0 has no +8 */
        double bound = traits->largest * (peers[t].type == SXT_TYPE_Q4_0 ? 0.13 : 0.01);
        for (int signs = 0; signs < 3; signs++) {
            for (int i = 0; i < BLOCK; i++)
                source[i] = (float)traits->largest * (signs == 0 || (signs == 1 && i % 2) ? 1.0f : -1.0f);
            round_trip(traits, source, values, BLOCK);
            for (int i = 0; i < BLOCK; i++) assert_true(fabs((double)(values[i] - source[i])) <= bound);
        }
        static const float huge[] = {1e30f, 3e38f, -3e38f};
        for (int h = 0; h < 3; h++) {
            fill(source, 1);
            source[77] = huge[h];
            round_trip(traits, source, values, BLOCK);
            assert_false(isfinite(values[77]));
        }
    }
}

/* Of the block that a number which is not finite stands in, every element becomes NaN. */
static void test_not_finite(void **state) {
    (void)state;
    static const float bad[] = {NAN, INFINITY, -INFINITY};
    float source[BLOCK], values[BLOCK];
    for (int t = 0; t < N_TYPES; t++) {
        const sxt_type_traits *traits = sxt_type_find(peers[t].type);
        for (int b = 0; b < 3; b++) {
            fill(source, 1);
            source[BLOCK - 2] = bad[b];
            round_trip(traits, source, values, BLOCK);
            for (int64_t i = BLOCK - traits->block; i < BLOCK; i++) assert_true(isnan(values[i]));
        }
    }
}

/* Any bytes are some numbers: no block can make unpack fail, and packing what is finite again loses little. */
static void test_random_blocks(void **state) {
    (void)state;
    float values[BLOCK];
    uint8_t blocks[BLOCK * 4];
    uint32_t seed = 9;
    for (uint32_t type = 0; type < 64; type++) {
        const sxt_type_traits *traits = sxt_type_find(type);
        for (int round = 0; traits && round < 500; round++) {
            for (size_t i = 0; i < sizeof blocks; i++) {
                seed = seed * 1664525u + 1013904223u;
                blocks[i] = (uint8_t)(seed >> 24);
            }
            traits->unpack(blocks, values, BLOCK);
            if (traits->pack) traits->pack(values, blocks, BLOCK);
            traits->unpack(blocks, values, BLOCK);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_worse_than_llama_cpp),
        cmocka_unit_test(test_every_element),
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_zeros_and_constants),
        cmocka_unit_test(test_one_number),
        cmocka_unit_test(test_very_small),
        cmocka_unit_test(test_very_large),
        cmocka_unit_test(test_not_finite),
        cmocka_unit_test(test_random_blocks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
