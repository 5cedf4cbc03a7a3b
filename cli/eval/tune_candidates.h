/* The plans that `tune` chooses from. */
#ifndef SEXTANT_CLI_TUNE_CANDIDATES_H
#define SEXTANT_CLI_TUNE_CANDIDATES_H

#include "sextant.h"

typedef struct tune_candidate {
    char plan[256];  /* canonical */
    char method[32]; /* its name, parameters and add-ons left out */
    int64_t window;  /* its window and group (of leaky-rerope k); 0: it has none, or no whole number */
    int64_t group;
} tune_candidate;

typedef struct tune_candidates {
    tune_candidate *list; /* no two are the same plan; the first is what auto would run */
    int64_t n;
} tune_candidates;

/* For contexts of `target` tokens. `methods` are names, whose parameters are varied, and whole plans, between
 * blanks or semicolons; `all` is every method. What the model cannot run is refused where it is a whole plan,
 * else left out. */
int tune_candidates_find(const sxt_model *model, const char *methods, int64_t target,
                         tune_candidates *candidates);
void tune_candidates_free(tune_candidates *candidates);

#endif
