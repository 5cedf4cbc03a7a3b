/* Successive halving (Jamieson and Talwalkar, AISTATS 2016): all candidates are measured a little, the better
 * half of them twice as much, and so on. Nothing here is random: the same losses give the same search. */
#ifndef SEXTANT_EVAL_HALVING_H
#define SEXTANT_EVAL_HALVING_H

#include <stdbool.h>
#include <stdint.h>

enum { HALVING_MOST_ROUNDS = 64 };

typedef struct halving_round {
    int64_t n_candidates; /* at most: those that failed in an earlier round are missing */
    int64_t budget;       /* of each of them, in any unit, what earlier rounds spent included */
} halving_round;

/* The rounds for n candidates and a full budget, both at least 1. Every round keeps the better half (rounded
 * up) and doubles the budget (or one more); the last one has the full budget, and two candidates: more where
 * the full budget is too small for so many doublings, one where there is no other. Returns how many rounds. */
int halving_rounds(int64_t n, int64_t full_budget, halving_round rounds[HALVING_MOST_ROUNDS]);

typedef enum halving_answer {
    HALVING_MEASURED,
    HALVING_FAILED, /* this candidate is out */
    HALVING_STOPPED /* the search ends here, without a choice */
} halving_answer;

/* Measures a candidate with a budget: less loss is better; NaN is a failure. */
typedef halving_answer (*halving_measure)(void *user, int64_t candidate, int64_t budget, double *loss);

typedef struct halving_entry {
    int64_t budget; /* of its last measurement; 0: never measured */
    double loss;    /* by it */
    bool failed;
} halving_entry;

/* Searches among n candidates. entries (n) are written also where the search stops early or fails. Of equal
 * losses the lower index wins. Returns the chosen index; -1 when it was stopped or had no memory, -2 when every
 * candidate failed. */
int64_t halving_search(int64_t n, int64_t full_budget, halving_measure measure, void *user,
                       halving_entry *entries);

/* The i-th of n items (0 <= i < n) in an order whose every beginning is spread over all of them: a
 * candidate that is measured on a few items then sees a fair sample. A permutation of 0 ... n - 1. */
int64_t halving_spread(int64_t i, int64_t n);

#endif
