/* Successive halving on losses that are known: who is measured how much, and who wins. */
#include "eval/halving.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <stdlib.h>

enum { MOST = 32 };

/* Losses by candidate and budget, and what was asked for. */
typedef struct trial {
    const double *losses; /* (n) */
    int64_t better_late;  /* this candidate's loss falls by 100 from a budget of 4 on; -1: none */
    int64_t failing;      /* this one fails when it has this budget or more */
    int64_t failing_from;
    int64_t stop_after; /* calls; -1: never */
    int64_t n_calls, n_at[MOST + 1];
    int64_t spent[MOST]; /* the greatest budget of each */
} trial;

static halving_answer measure(void *user, int64_t candidate, int64_t budget, double *loss) {
    trial *t = user;
    if (t->stop_after >= 0 && t->n_calls >= t->stop_after) return HALVING_STOPPED;
    t->n_calls++;
    t->n_at[budget]++;
    assert_true(budget >= t->spent[candidate]);
    t->spent[candidate] = budget;
    if (candidate == t->failing && budget >= t->failing_from) return HALVING_FAILED;
    *loss = t->losses[candidate] - (candidate == t->better_late && budget >= 4 ? 100 : 0);
    return HALVING_MEASURED;
}

static trial plain(const double *losses) {
    return (trial){.losses = losses, .better_late = -1, .failing = -1, .stop_after = -1};
}

static void assert_rounds(int64_t n, int64_t full, int n_expected, const halving_round *expected) {
    halving_round rounds[HALVING_MOST_ROUNDS];
    assert_int_equal(halving_rounds(n, full, rounds), n_expected);
    for (int r = 0; r < n_expected; r++) {
        assert_int_equal(rounds[r].n_candidates, expected[r].n_candidates);
        assert_int_equal(rounds[r].budget, expected[r].budget);
    }
}

static void test_rounds(void **state) {
    (void)state;
    assert_rounds(1, 8, 1, (halving_round[]){{1, 8}});
    assert_rounds(2, 8, 1, (halving_round[]){{2, 8}});
    assert_rounds(3, 8, 2, (halving_round[]){{3, 4}, {2, 8}});
    assert_rounds(5, 8, 3, (halving_round[]){{5, 2}, {3, 4}, {2, 8}});
    assert_rounds(16, 8, 4, (halving_round[]){{16, 1}, {8, 2}, {4, 4}, {2, 8}});
    /* Too many for the budget: nobody is left out twice on the same evidence. */
    assert_rounds(21, 8, 4, (halving_round[]){{21, 1}, {11, 2}, {6, 4}, {3, 8}});
    assert_rounds(9, 1, 1, (halving_round[]){{9, 1}});
    assert_rounds(8, 10, 3, (halving_round[]){{8, 2}, {4, 5}, {2, 10}});
}

static void test_best_wins(void **state) {
    (void)state;
    const double losses[] = {9, 7, 8, 3, 5, 6, 2, 4};
    halving_entry entries[8];
    trial t = plain(losses);
    assert_int_equal(halving_search(8, 4, measure, &t, entries), 6);
    assert_int_equal(t.n_calls, 8 + 4 + 2);
    assert_int_equal(t.n_at[1], 8);
    assert_int_equal(t.n_at[2], 4);
    assert_int_equal(t.n_at[4], 2);
    const int64_t budgets[] = {1, 1, 1, 4, 2, 1, 4, 2};
    for (int i = 0; i < 8; i++) {
        assert_int_equal(entries[i].budget, budgets[i]);
        assert_true(entries[i].loss == losses[i]);
        assert_false(entries[i].failed);
    }
    /* Of those in the last round, what is measured last decides. */
    t = plain(losses);
    t.better_late = 3;
    assert_int_equal(halving_search(8, 4, measure, &t, entries), 3);
}

static void test_ties_go_to_the_first(void **state) {
    (void)state;
    const double same[] = {1, 1, 1, 1, 1}, later[] = {2, 1, 2, 1, 1};
    halving_entry entries[5];
    trial t = plain(same);
    assert_int_equal(halving_search(5, 8, measure, &t, entries), 0);
    assert_int_equal(entries[4].budget, 2);
    assert_int_equal(entries[2].budget, 4);
    assert_int_equal(entries[1].budget, 8);
    t = plain(later);
    assert_int_equal(halving_search(5, 8, measure, &t, entries), 1);
    assert_int_equal(entries[3].budget, 8);
    assert_int_equal(entries[4].budget, 4);
}

static void test_one_candidate(void **state) {
    (void)state;
    const double losses[] = {5};
    halving_entry entry;
    trial t = plain(losses);
    assert_int_equal(halving_search(1, 8, measure, &t, &entry), 0);
    assert_int_equal(t.n_calls, 1);
    assert_int_equal(entry.budget, 8);
}

static void test_failures_are_out(void **state) {
    (void)state;
    const double losses[] = {4, 1, 3, 2}, with_nan[] = {4, NAN, 3, 2}, nan_only[] = {NAN, NAN};
    halving_entry entries[4];
    trial t = plain(losses);
    t.failing = 1;
    t.failing_from = 1;
    assert_int_equal(halving_search(4, 8, measure, &t, entries), 3);
    assert_true(entries[1].failed);
    assert_int_equal(entries[1].budget, 0);
    /* Late: the other one of the last round wins. */
    t = plain(losses);
    t.failing = 1;
    t.failing_from = 8;
    assert_int_equal(halving_search(4, 8, measure, &t, entries), 3);
    assert_true(entries[1].failed);
    assert_int_equal(entries[1].budget, 4);
    t = plain(with_nan);
    assert_int_equal(halving_search(4, 8, measure, &t, entries), 3);
    t = plain(nan_only);
    assert_int_equal(halving_search(2, 8, measure, &t, entries), -2);
}

static void test_stopped(void **state) {
    (void)state;
    const double losses[] = {4, 1, 3, 2};
    halving_entry entries[4];
    trial t = plain(losses);
    t.stop_after = 5;
    assert_int_equal(halving_search(4, 8, measure, &t, entries), -1);
    assert_int_equal(entries[0].budget, 4); /* what was measured is there */
    assert_int_equal(entries[1].budget, 8);
    assert_int_equal(entries[3].budget, 4);
}

/* Every item once; and of any first m of n items the largest gap on the circle is at most three times the fair
 * one. */
static void test_spread(void **state) {
    (void)state;
    enum { LARGEST = 150 };
    for (int64_t n = 1; n <= LARGEST; n++) {
        bool seen[LARGEST] = {false};
        for (int64_t m = 1; m <= n; m++) {
            int64_t item = halving_spread(m - 1, n), gap = 1, largest = 0;
            assert_true(item >= 0 && item < n && !seen[item]);
            seen[item] = true;
            for (int64_t i = item + 1; i <= item + n; i++, gap++) {
                if (!seen[i % n]) continue;
                if (gap > largest) largest = gap;
                gap = 0;
            }
            assert_true(largest <= 3 * ((n + m - 1) / m));
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rounds),
        cmocka_unit_test(test_best_wins),
        cmocka_unit_test(test_ties_go_to_the_first),
        cmocka_unit_test(test_one_candidate),
        cmocka_unit_test(test_failures_are_out),
        cmocka_unit_test(test_stopped),
        cmocka_unit_test(test_spread),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
