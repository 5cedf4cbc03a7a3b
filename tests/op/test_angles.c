/* Rows of cos and sin for positions in steps of a unit: the right ones, and the same bits whether or not a
 * table holds them. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "op/angles.h"

#include <math.h>
#include <string.h>

enum { N_ROT = 12, HALF = N_ROT / 2 };

static const double units[] = {1, 0.5, 1.0 / 3, 1 / 2.3, 1.0 / 16};

static sxt_rope *make(void) {
    sxt_rope *rope;
    sxt_rope_params params = {.n_rot = N_ROT, .theta = 1e4};
    assert_int_equal(sxt_rope_new(&params, &rope, NULL), SXT_OK);
    return rope;
}

static void assert_angles(const sxt_rope *rope, double unit, double position) {
    float spare[N_ROT];
    const float *row = sxt_angles(rope, unit, position, spare);
    for (int p = 0; p < HALF; p++) {
        double angle = position * unit * sxt_rope_frequencies(rope)[p];
        assert_true(fabs((double)row[p] - cos(angle)) <= 1.2e-7);
        assert_true(fabs((double)row[HALF + p] - sin(angle)) <= 1.2e-7);
    }
}

static void test_angles(void **state) {
    (void)state;
    for (size_t u = 0; u < sizeof units / sizeof *units; u++) {
        sxt_rope *rope = make();
        for (int reserved = 0; reserved < 2; reserved++) {
            for (double position = -300; position < 300; position += 0.75)
                assert_angles(rope, units[u], position);
            assert_int_equal(sxt_rope_reserve(rope, 50, NULL), SXT_OK);
            assert_int_equal(sxt_rope_reserve_unit(rope, units[u], 200, NULL), SXT_OK);
        }
        sxt_rope_free(rope);
    }
}

static void test_same_bits_with_and_without_a_table(void **state) {
    (void)state;
    for (size_t u = 0; u < sizeof units / sizeof *units; u++) {
        sxt_rope *rope = make(), *bare = make();
        assert_int_equal(sxt_rope_reserve_unit(rope, units[u], 60, NULL), SXT_OK);
        assert_int_equal(sxt_rope_reserve_unit(rope, units[u], 500, NULL), SXT_OK);
        for (double first = 0; first < 470; first += 9) {
            float spare[2 * SXT_TILE_STRIP * N_ROT], other_spare[2 * SXT_TILE_STRIP * N_ROT];
            double positions[SXT_TILE_STRIP], base = first < 100 ? 0 : 100;
            for (int i = 0; i < SXT_TILE_STRIP; i++) positions[i] = first + i;
            sxt_turn turn, other;
            sxt_turn_of(rope, units[u], positions, base, SXT_TILE_STRIP, spare, &turn);
            sxt_turn_of(bare, units[u], positions, base, SXT_TILE_STRIP, other_spare, &other);
            assert_ptr_not_equal(turn.angles, spare);
            assert_ptr_equal(other.angles, other_spare);
            for (int i = 0; i < SXT_TILE_STRIP; i++) {
                assert_memory_equal(turn.angles + turn.rows[i] * N_ROT, other.angles + other.rows[i] * N_ROT,
                                    N_ROT * sizeof(float));
                assert_memory_equal(turn.pairs + turn.rows[i] * HALF, other.pairs + other.rows[i] * HALF,
                                    HALF * sizeof(uint32_t));
            }
        }
        sxt_rope_free(rope);
        sxt_rope_free(bare);
    }
}

static void test_one_other_unit_at_a_time(void **state) {
    (void)state;
    sxt_rope *rope = make();
    assert_int_equal(sxt_rope_reserve(rope, 70, NULL), SXT_OK);
    assert_int_equal(sxt_rope_reserve_unit(rope, 0.5, 100, NULL), SXT_OK);
    assert_int_equal(sxt_rope_reserve_unit(rope, 0.25, 10, NULL), SXT_OK);
    assert_int_equal(sxt_rope_rows(rope, 1).n_rows, 70);
    assert_int_equal(sxt_rope_rows(rope, 0.5).n_rows, 0);
    assert_int_equal(sxt_rope_rows(rope, 0.25).n_rows, 10);
    assert_angles(rope, 0.25, 9);
    assert_int_equal(sxt_rope_reserve_unit(rope, 1, 90, NULL), SXT_OK);
    assert_int_equal(sxt_rope_rows(rope, 1).n_rows, 90);
    sxt_rope_free(rope);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_angles),
        cmocka_unit_test(test_same_bits_with_and_without_a_table),
        cmocka_unit_test(test_one_other_unit_at_a_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
