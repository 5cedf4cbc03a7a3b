/* Where keys and values lie, and what storing them touches. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/memory.h"
#include "base/rng.h"
#include "op/kv_view.h"
#include "tensor/type.h"

#include <string.h>

static void test_bytes(void **state) {
    (void)state;
    assert_int_equal(sxt_kv_bytes(SXT_TYPE_F16, 4, 64, 0), 0);
    assert_int_equal(sxt_kv_bytes(SXT_TYPE_F16, 4, 64, 1), 4 * 64 * 128 * 2);
    assert_int_equal(sxt_kv_bytes(SXT_TYPE_F32, 4, 64, 128), 4 * 64 * 128 * 4);
    assert_int_equal(sxt_kv_bytes(SXT_TYPE_F32, 4, 64, 129), 2 * 4 * 64 * 128 * 4);
    assert_int_equal(sxt_kv_bytes(SXT_TYPE_BF16, 4, 64, 1), 4 * 64 * 128 * 2);
    assert_int_equal(sxt_kv_bytes(SXT_TYPE_Q8_0, 4, 64, 1), 4 * 128 * 2 * 34);
    assert_int_equal(sxt_kv_bytes(SXT_TYPE_Q4_0, 2, 80, 129),
                     2 * 2 * 128 * 3 * 18); /* 80 elements: three blocks */
    assert_true(sxt_kv_bytes(SXT_TYPE_F32, 1 << 20, 1 << 20, INT64_MAX) == UINT64_MAX);
    assert_true(sxt_kv_type_known(SXT_TYPE_Q4_0) && !sxt_kv_type_known(SXT_TYPE_Q4_K));
}

/* Row of token i and a head: blocks of 128 tokens, then heads, then tokens. */
static size_t place(int i, int head, int n_heads) {
    return ((size_t)i / 128 * (size_t)n_heads + (size_t)head) * 128 + (size_t)i % 128;
}

/* Every row holds what the type makes of the vector with zeros behind it, and nothing else is touched. */
static void assert_stored(sxt_type type, int32_t head_dim) {
    enum { N = 150, FIRST = 120, HEADS = 2, MOST_DIM = 96, TOKENS = FIRST + N };
    const sxt_type_traits *traits = sxt_type_find(type);
    int64_t padded = (head_dim + traits->block - 1) / traits->block * traits->block;
    size_t row_bytes = (size_t)(padded / traits->block) * traits->block_bytes;
    size_t bytes = (size_t)sxt_kv_bytes(type, HEADS, head_dim, TOKENS), untouched = 0;
    assert_int_equal(bytes, 3 * 128 * HEADS * row_bytes);
    unsigned char *half[2] = {sxt_alloc(bytes, 1), sxt_alloc(bytes, 1)}, expected[MOST_DIM * 4];
    float *from[2] = {sxt_alloc(N * HEADS * MOST_DIM, 4), sxt_alloc(N * HEADS * MOST_DIM, 4)};
    assert_true(half[0] && half[1] && from[0] && from[1]);
    sxt_kv_view view = {.type = type, .n_kv_heads = HEADS, .head_dim = head_dim, .k = half[0], .v = half[1]};
    sxt_rng rng = sxt_rng_make(1);
    for (int h = 0; h < 2; h++) {
        memset(half[h], 0xff, bytes);
        for (int x = 0; x < N * HEADS * head_dim; x++) from[h][x] = (float)sxt_rng_unit(&rng) - 0.3f;
    }
    sxt_kv_store(&view, FIRST, N, from[0], from[1]);
    for (int h = 0; h < 2; h++)
        for (int i = 0; i < TOKENS; i++)
            for (int head = 0; head < HEADS; head++) {
                float vector[MOST_DIM] = {0}, loaded[MOST_DIM], unpacked[MOST_DIM];
                const unsigned char *row = half[h] + place(i, head, HEADS) * row_bytes;
                assert_int_equal(sxt_kv_place(&view, i, head), row - half[h]);
                if (i < FIRST) {
                    for (size_t b = 0; b < row_bytes; b++) untouched += row[b] == 0xff;
                    continue;
                }
                memcpy(vector, from[h] + ((i - FIRST) * HEADS + head) * head_dim, (size_t)head_dim * 4);
                traits->pack(vector, expected, padded);
                traits->unpack(expected, unpacked, padded);
                memcpy(loaded, sxt_kv_load(&view, row, 1, loaded), (size_t)padded * 4);
                /* Halves of a step may go either way. */
                float slack = type == SXT_TYPE_Q8_0 ? 0.01f : type == SXT_TYPE_Q4_0 ? 0.13f : 0;
                for (int d = 0; d < padded; d++) {
                    assert_true(loaded[d] >= unpacked[d] - slack && loaded[d] <= unpacked[d] + slack);
                    if (d >= head_dim) assert_true(loaded[d] == 0);
                }
            }
    assert_int_equal(untouched, 2 * FIRST * HEADS * row_bytes);
    for (int h = 0; h < 2; h++) {
        sxt_free(half[h]);
        sxt_free(from[h]);
    }
}

static void test_store(void **state) {
    (void)state;
    static const sxt_type types[] = {SXT_TYPE_F32, SXT_TYPE_F16, SXT_TYPE_BF16, SXT_TYPE_Q8_0, SXT_TYPE_Q4_0};
    for (size_t t = 0; t < sizeof types / sizeof *types; t++) {
        assert_stored(types[t], 4);
        assert_stored(types[t], 64);
        assert_stored(types[t], 80);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_bytes), cmocka_unit_test(test_store)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
