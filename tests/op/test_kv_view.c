/* Where keys and values lie, and what storing them touches. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/memory.h"
#include "kernel/kernel.h"
#include "op/kv_view.h"

#include <string.h>

static void test_bytes(void **state) {
    (void)state;
    assert_int_equal(sxt_kv_bytes(SXT_TYPE_F16, 4, 64, 0), 0);
    assert_int_equal(sxt_kv_bytes(SXT_TYPE_F16, 4, 64, 1), 4 * 64 * 128 * 2);
    assert_int_equal(sxt_kv_bytes(SXT_TYPE_F32, 4, 64, 128), 4 * 64 * 128 * 4);
    assert_int_equal(sxt_kv_bytes(SXT_TYPE_F32, 4, 64, 129), 2 * 4 * 64 * 128 * 4);
    assert_true(sxt_kv_bytes(SXT_TYPE_F32, 1 << 20, 1 << 20, INT64_MAX) == UINT64_MAX);
}

/* Element (head, dim) of token i: blocks of 128 tokens, then heads, then tokens, then dims. */
static size_t place(int i, int head, int dim) {
    return (((size_t)i / 128 * 2 + (size_t)head) * 128 + (size_t)i % 128) * 4 + (size_t)dim;
}

static void assert_stored(sxt_type type) {
    enum { N = 150, FIRST = 120, HEADS = 2, DIM = 4, TOKENS = FIRST + N };
    size_t size = type == SXT_TYPE_F16 ? 2 : 4, bytes = (size_t)sxt_kv_bytes(type, HEADS, DIM, TOKENS);
    unsigned char *k = sxt_alloc(bytes, 1), *v = sxt_alloc(bytes, 1);
    float from[2][N * HEADS * DIM];
    assert_true(k && v);
    memset(k, 0xff, bytes);
    memset(v, 0xff, bytes);
    for (int x = 0; x < N * HEADS * DIM; x++) {
        from[0][x] = (float)(x + 1); /* exact in f16 */
        from[1][x] = -(float)(x + 1) / 4;
    }
    sxt_kv_view view = {.type = type, .n_kv_heads = HEADS, .head_dim = DIM, .k = k, .v = v};
    sxt_kv_store(&view, FIRST, N, from[0], from[1]);
    size_t touched = 0;
    for (int i = 0; i < N; i++)
        for (int head = 0; head < HEADS; head++)
            for (int dim = 0; dim < DIM; dim++, touched++) {
                size_t at = place(FIRST + i, head, dim) * size;
                float key, value;
                memcpy(&key, k + at, 4 < size ? 4 : size);
                memcpy(&value, v + at, 4 < size ? 4 : size);
                if (size == 2) {
                    sxt_kernels_get()->f16_to_f32((const uint16_t *)(const void *)(k + at), &key, 1);
                    sxt_kernels_get()->f16_to_f32((const uint16_t *)(const void *)(v + at), &value, 1);
                }
                assert_true(key == from[0][(i * HEADS + head) * DIM + dim]);
                assert_true(value == from[1][(i * HEADS + head) * DIM + dim]);
            }
    /* Everything else is as it was. */
    size_t untouched = 0;
    for (size_t b = 0; b < bytes; b += size) untouched += k[b] == 0xff && k[b + 1] == 0xff;
    assert_int_equal(untouched + touched, bytes / size);
    sxt_free(k);
    sxt_free(v);
}

static void test_store(void **state) {
    (void)state;
    assert_stored(SXT_TYPE_F32);
    assert_stored(SXT_TYPE_F16);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_bytes), cmocka_unit_test(test_store)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
