#include "eval/halving.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

int halving_rounds(int64_t n, int64_t full_budget, halving_round rounds[HALVING_MOST_ROUNDS]) {
    int n_rounds = 1;
    for (int64_t left = n, budget = full_budget; left > 2 && budget > 1; left = (left + 1) / 2, budget /= 2)
        n_rounds++;
    for (int r = 0; r < n_rounds; r++) {
        rounds[r] = (halving_round){n, full_budget >> (n_rounds - 1 - r)};
        n = (n + 1) / 2;
    }
    return n_rounds;
}

/* ---- The better ones, in order ---- */

typedef struct ranked {
    double loss;
    int64_t candidate;
} ranked;

static int by_loss(const void *a, const void *b) {
    const ranked *x = a, *y = b;
    if (x->loss != y->loss) return x->loss < y->loss ? -1 : 1;
    return (x->candidate > y->candidate) - (x->candidate < y->candidate);
}

/* Measures those in the race and leaves out what failed. False: stopped. */
static bool run_round(ranked *race, int64_t *n, int64_t budget, halving_measure measure, void *user,
                      halving_entry *entries) {
    int64_t n_left = 0;
    for (int64_t i = 0; i < *n; i++) {
        halving_entry *entry = &entries[race[i].candidate];
        double loss = NAN;
        halving_answer answer = measure(user, race[i].candidate, budget, &loss);
        if (answer == HALVING_STOPPED) return false;
        entry->failed = answer == HALVING_FAILED || isnan(loss);
        if (entry->failed) continue;
        entry->budget = budget;
        entry->loss = loss;
        race[n_left++] = (ranked){loss, race[i].candidate};
    }
    *n = n_left;
    qsort(race, (size_t)n_left, sizeof *race, by_loss);
    return true;
}

int64_t halving_search(int64_t n, int64_t full_budget, halving_measure measure, void *user,
                       halving_entry *entries) {
    halving_round rounds[HALVING_MOST_ROUNDS];
    int n_rounds = halving_rounds(n, full_budget, rounds);
    ranked *race = malloc((size_t)n * sizeof *race);
    if (race == NULL) return -1;
    for (int64_t i = 0; i < n; i++) {
        race[i] = (ranked){0, i};
        entries[i] = (halving_entry){0};
    }
    bool going = true;
    for (int r = 0; r < n_rounds && going && n > 0; r++) {
        if (n > rounds[r].n_candidates) n = rounds[r].n_candidates;
        going = run_round(race, &n, rounds[r].budget, measure, user, entries);
    }
    int64_t best = !going ? -1 : n > 0 ? race[0].candidate : -2;
    free(race);
    return best;
}

/* ---- A fair sample ---- */

/* Multiples of the golden section, taken round a circle, never crowd: item i is where the i-th of them stands
 * among all n. */
static double place_on_circle(int64_t i) {
    const double golden = 0.6180339887498949;
    double turns = (double)(i + 1) * golden;
    return turns - floor(turns);
}

int64_t halving_spread(int64_t i, int64_t n) {
    double place = place_on_circle(i);
    int64_t n_before = 0;
    for (int64_t k = 0; k < n; k++) n_before += place_on_circle(k) < place;
    return n_before;
}
