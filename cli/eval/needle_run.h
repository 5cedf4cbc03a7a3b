/* Asking the prompts of a needle run under every plan, what can be shared read once. */
#ifndef SEXTANT_CLI_EVAL_NEEDLE_RUN_H
#define SEXTANT_CLI_EVAL_NEEDLE_RUN_H

#include "eval/result_store.h"
#include "needle_prompts.h"
#include "progress.h"

typedef enum needle_state {
    NEEDLE_OPEN, /* not asked yet */
    NEEDLE_DONE,
    NEEDLE_NOT_RUN, /* no memory for this length */
} needle_state;

/* One prompt under one plan. */
typedef struct needle_outcome {
    needle_state state;
    bool exact, within_limit;
    int n_found;
    char plan[128]; /* what ran: what `auto` chose */
} needle_outcome;

typedef struct needle_run {
    const option_values *options;
    const sxt_model *model;
    needle_prompts prompts;
    result_store *store;      /* NULL without -o */
    int64_t longest;          /* the longest length for which any plan has memory */
    needle_outcome *outcomes; /* (plans, prompts.n) */
    progress line;
    int64_t n_tokens, n_read;     /* of the prompts that were asked now: their tokens, those that were read */
    int64_t n_expected, n_passed; /* for the progress: tokens to read, and read before this prompt */
    int64_t n_shared;             /* tokens of this prompt that need not be read */
    double seconds;               /* reading and answering */
} needle_run;

needle_outcome *needle_run_outcome(const needle_run *run, int i_plan, int64_t i_prompt);

/* The longest of --lengths that some plan has the memory for; 0: none. */
int needle_run_longest(const option_values *options, const sxt_model *model, int64_t *longest);

/* The run's task, haystack and seed as facts of a store; the texts live as long as the run and `facts`. */
enum { N_NEEDLE_FACTS = 8 };
typedef struct needle_facts {
    char seed[32], haystack[32], n_answer[32];
    result_fact list[N_NEEDLE_FACTS];
} needle_facts;
void needle_run_facts(const needle_run *run, needle_facts *facts);

/* When the prompts are made: takes over what the store holds of them. */
int needle_run_load(needle_run *run);
/* Asks what is open after that. */
int needle_run_all(needle_run *run);
void needle_run_free(needle_run *run);

#endif
