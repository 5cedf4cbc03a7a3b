/* A random model is written whole or not at all, whichever allocation fails; numbers come from their index. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "failing_memory.h"
#include "base/file.h"
#include "format/scratch_folder.h"
#include "model/random_model.h"
#include "model/random_numbers.h"

#include <math.h>
#include <string.h>

static const char config[] =
    "{\"model_type\": \"llama\", \"vocab_size\": 1536, \"hidden_size\": 64, \"intermediate_size\": 96, "
    "\"num_hidden_layers\": 1, \"num_attention_heads\": 4, \"max_position_embeddings\": 128, "
    "\"rms_norm_eps\": 1e-5}";

static void test_any_allocation_may_fail(void **state) {
    (void)state;
    scratch folder;
    char config_path[512], output[512];
    scratch_make(&folder);
    scratch_write(&folder, "config.json", config, strlen(config));
    snprintf(config_path, sizeof config_path, "%s", scratch_path(&folder, "config.json"));
    snprintf(output, sizeof output, "%s", scratch_path(&folder, "out.gguf"));
    sxt_convert_params params = {.type = "q8_0", .n_threads = 2};
    int n_failed = 0;
    for (int64_t n = 0;; n++) {
        countdown c = {.n_left = n, .for_good = true};
        sxt_error error;
        sxt_set_alloc_hook(count_down, &c);
        sxt_status status =
            sxt_random_model_write(config_path, "models/tiny-f16.gguf", output, 1, &params, &error);
        sxt_set_alloc_hook(NULL, NULL);
        if (!c.hit) {
            assert_int_equal(status, SXT_OK);
            break;
        }
        assert_int_equal(status, SXT_E_MEMORY);
        assert_false(sxt_path_exists(output));
        n_failed++;
        if (n > 40) n += n / 8; /* the vocabulary's thousands of strings fail alike */
    }
    assert_true(n_failed > 40);
    assert_true(sxt_path_exists(output));
    scratch_remove(&folder);
}

/* SplitMix64's own first outputs for the seed 1234567, as its authors publish them. */
static void test_known_sequence(void **state) {
    (void)state;
    const uint64_t expected[] = {6457827717110365317u, 3203168211198807973u, 9817491932198370423u};
    for (uint64_t i = 0; i < 3; i++) assert_true(sxt_random_bits(1234567, i + 1) == expected[i]);
}

static void test_sum_of_bytes(void **state) {
    (void)state;
    for (uint64_t i = 0; i < 1000; i++) {
        uint64_t bits = sxt_random_bits(9, i);
        int sum = -1020;
        for (int byte = 0; byte < 8; byte++) sum += (int)(bits >> 8 * byte & 255);
        assert_true(fabsf(sxt_random_normal(9, i, 209.02153f) - (float)sum) < 1e-3f);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_any_allocation_may_fail),
        cmocka_unit_test(test_known_sequence),
        cmocka_unit_test(test_sum_of_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
