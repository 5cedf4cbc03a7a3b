/* Block formats against blocks that llama.cpp stored and read (tests/golden/blocks), and what the golden
 * files cannot hold: damaged values, ties, alignment. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "kernel/fenced.h"
#include "kernel/half.h"
#include "tensor/type.h"

#include <math.h>
#include <stdio.h>

enum { N = 512 };

static const uint32_t types[] = {SXT_TYPE_F16,  SXT_TYPE_BF16, SXT_TYPE_Q8_0,   SXT_TYPE_Q4_0,  SXT_TYPE_Q4_1,
                                 SXT_TYPE_Q5_0, SXT_TYPE_Q5_1, SXT_TYPE_Q2_K,   SXT_TYPE_Q3_K,  SXT_TYPE_Q4_K,
                                 SXT_TYPE_Q5_K, SXT_TYPE_Q6_K, SXT_TYPE_IQ4_NL, SXT_TYPE_IQ4_XS};
enum { N_TYPES = sizeof types / sizeof types[0] };
/* The first of them are stored without a search: every writer makes the same bytes. */
enum { N_PLAIN = 4 };

static void read_golden(const char *name, const char *suffix, void *to, size_t bytes) {
    char path[128];
    snprintf(path, sizeof path, "tests/golden/blocks/%s%s", name, suffix);
    FILE *f = fopen(path, "rb");
    if (!f) fail_msg("cannot open %s: run from the repository's root", path);
    assert_int_equal(fread(to, 1, bytes, f), bytes);
    assert_int_equal(fgetc(f), EOF);
    fclose(f);
}

static size_t stored_bytes(const sxt_type_traits *traits) {
    uint64_t bytes;
    assert_true(sxt_type_bytes(traits, 1, N, &bytes));
    return (size_t)bytes;
}

static void test_unpack_reads_what_llama_cpp_reads(void **state) {
    (void)state;
    float expected[N];
    for (int i = 0; i < N_TYPES; i++) {
        const sxt_type_traits *traits = sxt_type_find(types[i]);
        size_t bytes = stored_bytes(traits);
        fenced blocks = fenced_new(bytes), values = fenced_new(N * sizeof(float));
        read_golden(traits->name, ".blocks", blocks.data, bytes);
        read_golden(traits->name, ".f32", expected, sizeof expected);
        traits->unpack(blocks.data, values.data, N);
        for (int k = 0; k < N; k++) {
            float found = ((const float *)values.data)[k];
            if (found != expected[k])
                fail_msg("%s, element %d: %a, should be %a", traits->name, k, (double)found,
                         (double)expected[k]);
        }
        assert_true(fenced_whole(&values));
        fenced_free(&blocks);
        fenced_free(&values);
    }
}

static void test_pack_stores_what_llama_cpp_stores(void **state) {
    (void)state;
    float source[N];
    uint8_t expected[N * 4];
    read_golden("source", ".f32", source, sizeof source);
    for (int i = 0; i < N_PLAIN; i++) {
        const sxt_type_traits *traits = sxt_type_find(types[i]);
        size_t bytes = stored_bytes(traits);
        fenced blocks = fenced_new(bytes);
        read_golden(traits->name, ".blocks", expected, bytes);
        traits->pack(source, blocks.data, N);
        assert_memory_equal(blocks.data, expected, bytes);
        assert_true(fenced_whole(&blocks));
        fenced_free(&blocks);
    }
}

static void test_f32_is_copied(void **state) {
    (void)state;
    float source[5] = {1, -0.0f, INFINITY, 1e-42f, 3}, values[5];
    uint8_t odd[21];
    sxt_type_find(SXT_TYPE_F32)->pack(source, odd + 1, 5);
    sxt_type_find(SXT_TYPE_F32)->unpack(odd + 1, values, 5);
    assert_memory_equal(source, values, sizeof source);
}

/* Blocks in a mapped file may start anywhere. */
static void test_any_alignment(void **state) {
    (void)state;
    float first[N], again[N];
    for (int i = 0; i < N_TYPES; i++) {
        const sxt_type_traits *traits = sxt_type_find(types[i]);
        size_t bytes = stored_bytes(traits);
        uint8_t blocks[N * 2 + 8];
        read_golden(traits->name, ".blocks", blocks, bytes);
        traits->unpack(blocks, first, N);
        for (size_t shift = 1; shift <= 7; shift++) {
            memmove(blocks + shift, blocks + shift - 1, bytes);
            traits->unpack(blocks + shift, again, N);
            assert_memory_equal(first, again, sizeof first);
        }
    }
}

/* Every sub-block scale and minimum of the K formats reaches its own 32 (or 16) elements. */
static void test_every_scale_has_its_group(void **state) {
    (void)state;
    const uint16_t one = sxt_f16_bits(1);
    float values[256];
    for (unsigned group = 0; group < 8; group++) {
        uint8_t block[176] = {0};
        memcpy(block, &one, 2);
        memcpy(block + 2, &one, 2);
        unsigned scale = 33 + group, minimum = 60 - group;
        if (group < 4) {
            block[4 + group] = (uint8_t)scale;
            block[8 + group] = (uint8_t)minimum;
        } else {
            block[8 + group] = (uint8_t)((scale & 15) | (minimum & 15) << 4);
            block[group] = (uint8_t)(scale >> 4 << 6);
            block[4 + group] = (uint8_t)(minimum >> 4 << 6);
        }
        memset(block + 16, 0xff, 160);
        sxt_type_find(SXT_TYPE_Q4_K)->unpack(block, values, 256);
        for (unsigned i = 0; i < 256; i++)
            assert_true(values[i] == (i / 32 == group ? (float)(scale * 15) - (float)minimum : 0));
        sxt_type_find(SXT_TYPE_Q5_K)->unpack(block, values, 256);
        for (unsigned i = 0; i < 256; i++)
            assert_true(values[i] == (i / 32 == group ? (float)(scale * 31) - (float)minimum : 0));
    }
}

/* Scales round through f16, so an element may be off by half a step and half an f16 unit of the largest. */
static void test_round_trip_error(void **state) {
    (void)state;
    float source[N], values[N];
    uint8_t blocks[N * 2];
    read_golden("source", ".f32", source, sizeof source);
    static const struct {
        uint32_t type;
        double steps;
    } cases[] = {{SXT_TYPE_Q8_0, 127}, {SXT_TYPE_Q4_0, 8}};
    for (int c = 0; c < 2; c++) {
        const sxt_type_traits *traits = sxt_type_find(cases[c].type);
        traits->pack(source, blocks, N);
        traits->unpack(blocks, values, N);
        for (int b = 0; b < N; b += 32) {
            double largest = 0;
            for (int i = 0; i < 32; i++) largest = fmax(largest, fabs(source[b + i]));
            /* Q4_0 has no +8: the far end of the other sign may lose a whole step. */
            double step = largest / cases[c].steps, bound = (c ? 1.0 : 0.5) * step + 0.001 * largest;
            for (int i = 0; i < 32; i++) assert_true(fabs(source[b + i] - values[b + i]) <= bound);
        }
    }
}

/* Infinities and NaN stay visible, and zeros stay zeros. */
static void test_values_without_a_scale(void **state) {
    (void)state;
    static const uint32_t quantised[] = {SXT_TYPE_Q8_0, SXT_TYPE_Q4_0};
    static const float bad[] = {NAN, INFINITY, -INFINITY};
    float source[32] = {0}, values[32];
    uint8_t block[34];
    for (int t = 0; t < 2; t++) {
        const sxt_type_traits *traits = sxt_type_find(quantised[t]);
        memset(source, 0, sizeof source);
        traits->pack(source, block, 32);
        traits->unpack(block, values, 32);
        for (int i = 0; i < 32; i++) assert_true(values[i] == 0);
        for (int b = 0; b < 3; b++) {
            for (int i = 0; i < 32; i++) source[i] = 1;
            source[19] = bad[b];
            traits->pack(source, block, 32);
            traits->unpack(block, values, 32);
            for (int i = 0; i < 32; i++) assert_true(isnan(values[i]));
        }
        for (int i = 0; i < 32; i++) source[i] = 1e-44f; /* the inverse of the scale overflows */
        traits->pack(source, block, 32);
        traits->unpack(block, values, 32);
        for (int i = 0; i < 32; i++) assert_true(values[i] == 0);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_unpack_reads_what_llama_cpp_reads),
        cmocka_unit_test(test_pack_stores_what_llama_cpp_stores),
        cmocka_unit_test(test_f32_is_copied),
        cmocka_unit_test(test_any_alignment),
        cmocka_unit_test(test_every_scale_has_its_group),
        cmocka_unit_test(test_round_trip_error),
        cmocka_unit_test(test_values_without_a_scale),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
