/* The table of storage types: names, sizes, and arithmetic that hostile shapes cannot break. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "tensor/tensor.h"

typedef struct expected {
    uint32_t number;
    const char *name;
    int64_t block;
    size_t block_bytes;
    bool packs;
} expected;

static const expected types[] = {
    {0, "F32", 1, 4, true},       {1, "F16", 1, 2, true},        {30, "BF16", 1, 2, true},
    {8, "Q8_0", 32, 34, true},    {2, "Q4_0", 32, 18, true},     {3, "Q4_1", 32, 20, true},
    {6, "Q5_0", 32, 22, true},    {7, "Q5_1", 32, 24, true},     {10, "Q2_K", 256, 84, true},
    {11, "Q3_K", 256, 110, true}, {12, "Q4_K", 256, 144, true},  {13, "Q5_K", 256, 176, true},
    {14, "Q6_K", 256, 210, true}, {20, "IQ4_NL", 32, 18, false}, {23, "IQ4_XS", 256, 136, false},
};

static void test_rows_of_the_table(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        const sxt_type_traits *traits = sxt_type_find(types[i].number);
        assert_non_null(traits);
        assert_int_equal(traits->type, types[i].number);
        assert_string_equal(traits->name, types[i].name);
        assert_int_equal(traits->block, types[i].block);
        assert_int_equal(traits->block_bytes, types[i].block_bytes);
        assert_non_null(traits->unpack);
        assert_int_equal(traits->pack != NULL, types[i].packs);
        assert_true(!types[i].packs || traits->largest >= 65504);
    }
}

static void test_unknown_types(void **state) {
    (void)state;
    static const uint32_t unknown[] = {4, 5, 9, 15, 16, 24, 28, 31, 255, UINT32_MAX};
    for (size_t i = 0; i < sizeof unknown / sizeof unknown[0]; i++) assert_null(sxt_type_find(unknown[i]));
}

static void test_bytes(void **state) {
    (void)state;
    uint64_t bytes = 7;
    assert_true(sxt_type_bytes(sxt_type_find(SXT_TYPE_F16), 3, 5, &bytes));
    assert_int_equal(bytes, 30);
    assert_true(sxt_type_bytes(sxt_type_find(SXT_TYPE_Q4_0), 10, 64, &bytes));
    assert_int_equal(bytes, 360);
    assert_true(sxt_type_bytes(sxt_type_find(SXT_TYPE_Q6_K), 1, 512, &bytes));
    assert_int_equal(bytes, 420);
    assert_true(sxt_type_bytes(sxt_type_find(SXT_TYPE_Q8_0), 0, 32, &bytes));
    assert_int_equal(bytes, 0);
}

static void test_bytes_that_do_not_exist(void **state) {
    (void)state;
    uint64_t bytes = 7;
    assert_false(sxt_type_bytes(sxt_type_find(SXT_TYPE_Q4_0), 1, 33, &bytes));
    assert_false(sxt_type_bytes(sxt_type_find(SXT_TYPE_Q4_K), 4, 128, &bytes));
    assert_false(sxt_type_bytes(sxt_type_find(SXT_TYPE_F32), 1, UINT64_MAX / 2, &bytes));
    assert_false(sxt_type_bytes(sxt_type_find(SXT_TYPE_F32), UINT64_C(1) << 33, UINT64_C(1) << 30, &bytes));
    assert_int_equal(bytes, 7); /* written only on success */
}

static void test_elements(void **state) {
    (void)state;
    sxt_tensor t = {.n_dims = 3, .dims = {4, 5, 6, 99}};
    assert_int_equal(sxt_tensor_elements(&t), 120);
    t.n_dims = 0;
    assert_int_equal(sxt_tensor_elements(&t), 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows_of_the_table),
        cmocka_unit_test(test_unknown_types),
        cmocka_unit_test(test_bytes),
        cmocka_unit_test(test_bytes_that_do_not_exist),
        cmocka_unit_test(test_elements),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
