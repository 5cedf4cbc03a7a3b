/* Recipes: every mix gives each weight the type that llama.cpp gives it. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "model/recipe.h"
#include "tensor/type.h"

#include <string.h>

/* A layer's types as a text: one digit, the K type's number of bits, for each layer. From
 * `llama-quantize --dry-run MODEL NAME` (llama.cpp 0.7) on models with such numbers of layers and heads. */
typedef struct expected {
    const char *name;
    int32_t n_layers, n_heads, n_kv_heads;
    const char *v, *o, *down;
} expected;

static const expected mixes[] = {
    {"q2_k", 9, 8, 1, "444444444", "333333333", "333333333"},
    {"q2_k", 9, 4, 2, "333333333", "333333333", "333333333"},
    {"q3_k_s", 9, 4, 2, "333333333", "333333333", "333333333"},
    {"q3_k_m", 22, 8, 1, "5544444444444444444444", "4444444444444444444444", "5444444444444444444444"},
    {"q3_k_l", 9, 4, 2, "555555555", "555555555", "555555555"},
    {"q4_k_s", 22, 8, 1, "5555444444444444444444", "4444444444444444444444", "5544444444444444444444"},
    {"q4_k_m", 22, 8, 1, "6644644644644644644666", "4444444444444444444444", "6644644644644644644666"},
    {"q5_k_s", 9, 4, 2, "555555555", "555555555", "555555555"},
    {"q5_k_m", 9, 4, 2, "655655666", "555555555", "655655666"},
    {"q6_k", 9, 4, 2, "666666666", "666666666", "666666666"},
};

static char bits(const sxt_recipe *recipe, const sxt_hparams *h, int slot, int32_t layer) {
    return sxt_type_name(sxt_recipe_type(recipe, h, slot, layer, false))[1];
}

static void test_mixes(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof mixes / sizeof mixes[0]; i++) {
        const expected *e = &mixes[i];
        const sxt_recipe *recipe = sxt_recipe_find(e->name);
        sxt_hparams h = {.n_layers = e->n_layers, .n_heads = e->n_heads, .n_kv_heads = e->n_kv_heads};
        assert_non_null(recipe);
        for (int32_t layer = 0; layer < h.n_layers; layer++) {
            if (bits(recipe, &h, SXT_W_V, layer) != e->v[layer] ||
                bits(recipe, &h, SXT_W_O, layer) != e->o[layer] ||
                bits(recipe, &h, SXT_W_DOWN, layer) != e->down[layer])
                fail_msg("%s, layer %d of %d", e->name, (int)layer, (int)h.n_layers);
            assert_int_equal(bits(recipe, &h, SXT_W_Q, layer), e->name[1]);
            assert_int_equal(bits(recipe, &h, SXT_W_UP, layer), e->name[1]);
        }
        assert_int_equal(sxt_recipe_type(recipe, &h, SXT_W_OUTPUT, 0, false), SXT_TYPE_Q6_K);
        assert_int_equal(sxt_recipe_type(recipe, &h, SXT_W_EMBED, 0, false), recipe->base);
        assert_int_equal(sxt_recipe_type(recipe, &h, SXT_W_OUTPUT, 0, true), recipe->base);
        assert_int_equal(sxt_recipe_type(recipe, &h, SXT_W_V, 0, true), recipe->base);
        h.tied_output = true;
        assert_int_equal(sxt_recipe_type(recipe, &h, SXT_W_EMBED, 0, false), SXT_TYPE_Q6_K);
    }
}

/* 80 layers and shared heads: values get five bits at least. */
static void test_large_model(void **state) {
    (void)state;
    const sxt_hparams h = {.n_layers = 80, .n_heads = 64, .n_kv_heads = 8};
    static const char *const names[] = {"q2_k", "q3_k_s", "q3_k_m", "q4_k_s"};
    for (int i = 0; i < 4; i++)
        for (int32_t layer = 0; layer < 80; layer++)
            assert_int_equal(bits(sxt_recipe_find(names[i]), &h, SXT_W_V, layer), '5');
}

static void test_plain_types(void **state) {
    (void)state;
    const sxt_hparams h = {.n_layers = 4, .n_heads = 4, .n_kv_heads = 1, .tied_output = true};
    static const char *const names[] = {"f32", "f16", "bf16", "q8_0", "q5_1", "q5_0", "q4_1", "q4_0"};
    for (int i = 0; i < 8; i++) {
        const sxt_recipe *recipe = sxt_recipe_find(names[i]);
        assert_non_null(recipe);
        assert_int_equal(strcasecmp(sxt_type_name(recipe->base), names[i]), 0);
        for (int slot = 0; slot <= SXT_W_COUNT; slot++)
            assert_int_equal(sxt_recipe_type(recipe, &h, slot, 0, false), recipe->base);
    }
}

/* The numbers of GGUF's general.file_type, and that all can be written. */
static void test_list(void **state) {
    (void)state;
    static const uint32_t numbers[] = {0, 1, 32, 7, 18, 17, 16, 9, 8, 15, 14, 3, 2, 13, 12, 11, 10};
    for (int64_t i = 0; i < 17; i++) {
        const sxt_recipe *recipe = sxt_recipe_at(i);
        assert_non_null(recipe);
        assert_int_equal(recipe->file_type, numbers[i]);
        assert_ptr_equal(sxt_recipe_find(recipe->name), recipe);
        assert_non_null(sxt_type_find(recipe->base)->pack);
    }
    assert_null(sxt_recipe_at(17));
    assert_null(sxt_recipe_at(-1));
    assert_null(sxt_recipe_find("q4_k"));
}

static void test_rows_that_do_not_fit(void **state) {
    (void)state;
    static const sxt_type chains[][3] = {
        {SXT_TYPE_Q2_K, SXT_TYPE_Q4_0, SXT_TYPE_F16}, {SXT_TYPE_Q3_K, SXT_TYPE_Q4_0, SXT_TYPE_F16},
        {SXT_TYPE_Q4_K, SXT_TYPE_Q5_0, SXT_TYPE_F16}, {SXT_TYPE_Q5_K, SXT_TYPE_Q5_1, SXT_TYPE_F16},
        {SXT_TYPE_Q6_K, SXT_TYPE_Q8_0, SXT_TYPE_F16}, {SXT_TYPE_Q4_1, SXT_TYPE_Q4_1, SXT_TYPE_F16},
        {SXT_TYPE_BF16, SXT_TYPE_BF16, SXT_TYPE_BF16}};
    for (size_t i = 0; i < sizeof chains / sizeof chains[0]; i++) {
        assert_int_equal(sxt_type_that_fits(chains[i][0], 512), chains[i][0]);
        assert_int_equal(sxt_type_that_fits(chains[i][0], 96), chains[i][1]);
        assert_int_equal(sxt_type_that_fits(chains[i][0], 80), chains[i][2]);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mixes),
        cmocka_unit_test(test_large_model),
        cmocka_unit_test(test_plain_types),
        cmocka_unit_test(test_list),
        cmocka_unit_test(test_rows_that_do_not_fit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
