/* Every entry of the kernel table, of every level of this CPU, against the scalar level: random sizes and
 * alignments, hostile numbers, fences on both sides. An entry that has no check here makes
 * test_every_entry_has_a_check fail.
 *
 * What is compared: conversions, single roundings and integers have the same bits (NaN: is one). A sum of n
 * terms may differ by its roundings, n * 2^-23 of the sum of magnitudes, since levels add in other orders and
 * some round products first. Where a number is not finite, both are, and alike: terms are too small to overflow
 * on the way. */
#include "kernel/level_checks_attend.h"
#include "kernel/level_checks_strip.h"
#include "kernel/level_checks_matmul.h"
#include "kernel/level_checks_matmul16.h"
#include "kernel/level_checks_packed.h"
#include "kernel/level_checks_rows.h"

/* ---- All of them ---------------------------------------------------------------------------------------- */

typedef struct entry_check {
    const char *name;
    size_t offset;
    void (*check)(trial *t); /* NULL: a fact of the level, not a function */
} entry_check;

#define CHECK(entry)                                                                                           \
    { #entry, offsetof(sxt_kernels, entry), check_##entry }
#define FACT(entry)                                                                                            \
    { #entry, offsetof(sxt_kernels, entry), NULL }
static const entry_check checks[] = {
    FACT(name),
    CHECK(gemm_f32),
    CHECK(gemv_f16),
    CHECK(gemv_bf16),
    CHECK(gemv_q8_0),
    CHECK(gemv_q4_0),
    CHECK(f16_to_f32),
    CHECK(f32_to_f16),
    CHECK(bf16_to_f32),
    CHECK(q8_0_to_f32),
    CHECK(q4_0_to_f32),
    CHECK(f32_to_bf16),
    CHECK(f32_to_q8_0),
    CHECK(f32_to_q4_0),
    CHECK(table_rows),
    CHECK(rotate),
    CHECK(transpose_keys),
    CHECK(attend_scores),
    CHECK(attend_values),
    CHECK(attend_adjust),
    FACT(attends_int16),
    CHECK(int16_queries),
    CHECK(int16_read_keys),
    CHECK(int16_keys),
    CHECK(int16_read_values),
    CHECK(int16_values),
    CHECK(int16_scores),
    CHECK(int16_soften),
    CHECK(int16_sums),
    CHECK(attend_fold),
    CHECK(exp_sum),
    CHECK(max),
    CHECK(scale),
    CHECK(rms_norm),
    CHECK(layer_norm),
    CHECK(gelu),
    CHECK(swiglu),
    CHECK(add),
    FACT(multiplies_int16),
    CHECK(matmul16_row),
    CHECK(matmul16_panel_f16),
    CHECK(matmul16_panel_bf16),
    CHECK(matmul16_panel_f32),
    CHECK(matmul16_gemm),
    CHECK(matmul16_gemv_f16),
    CHECK(matmul16_gemv_bf16),
    CHECK(matmul16_gemv_f32),
    CHECK(packed_quantize),
    CHECK(packed_gemm),
    CHECK(peak_f32),
    CHECK(peak_bf16),
    CHECK(peak_int16),
    CHECK(peak_int8),
    CHECK(peak_exp),
    CHECK(peak_read),
};
enum { N_CHECKS = sizeof checks / sizeof checks[0] };

/* Every place of the table is named above, once, so that a new entry cannot be forgotten. */
static void test_every_entry_has_a_check(void **state) {
    (void)state;
    for (size_t slot = 0; slot < sizeof(sxt_kernels) / sizeof(void *); slot++) {
        int found = 0;
        for (int c = 0; c < N_CHECKS; c++) found += checks[c].offset == slot * sizeof(void *);
        if (found != 1) fail_msg("entry %zu of sxt_kernels is named %d times here", slot, found);
    }
}

static void test_every_level_has_every_entry(void **state) {
    (void)state;
    const sxt_kernels *level[MAX_LEVELS];
    for (int l = 0, n = levels(level); l < n; l++)
        for (int c = 0; c < N_CHECKS; c++) {
            void *entry;
            memcpy(&entry, (const uint8_t *)level[l] + checks[c].offset, sizeof entry);
            if (checks[c].check && !entry) fail_msg("%s has no %s", level[l]->name, checks[c].name);
        }
}

static void test_every_level_agrees_with_scalar(void **state) {
    (void)state;
    const sxt_kernels *level[MAX_LEVELS];
    for (int l = 0, n = levels(level); l < n; l++) /* scalar with itself too: the checks must pass there */
        for (int c = 0; c < N_CHECKS; c++) {
            if (!checks[c].check) continue;
            trial t = {.scalar = level[0], .level = level[l], .entry = checks[c].name};
            t.rng = sxt_rng_make((uint64_t)c + 100); /* the same for all levels */
            for (t.number = 0; t.number < N_TRIALS; t.number++) {
                checks[c].check(&t);
                trial_end(&t);
            }
        }
}

/* A check that cannot fail is none: the tools must see one wrong bit and one byte too many. */
static void test_comparison_sees_faults(void **state) {
    (void)state;
    assert_false(same_number(1, 0x1.000002p0f));
    assert_false(same_number(NAN, 1));
    assert_true(same_number(NAN, -NAN) && same_number(0, -0.0f));
    for (int lower = 0; lower < 2; lower++) {
        fenced f = fenced_new_at(100, lower);
        memset(f.data, 1, 100);
        assert_true(fenced_whole(&f));
        ((uint8_t *)f.data)[lower ? 100 : -1] = 1;
        assert_false(fenced_whole(&f));
        fenced_free(&f);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_entry_has_a_check),
        cmocka_unit_test(test_every_level_has_every_entry),
        cmocka_unit_test(test_comparison_sees_faults),
        cmocka_unit_test(test_every_level_agrees_with_scalar),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
