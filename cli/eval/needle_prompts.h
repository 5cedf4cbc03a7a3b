/* The prompts of a needle run: one for each length, depth and trial. */
#ifndef SEXTANT_CLI_EVAL_NEEDLE_PROMPTS_H
#define SEXTANT_CLI_EVAL_NEEDLE_PROMPTS_H

#include "eval/needle_task.h"
#include "haystack.h"
#include "prompt.h"

typedef struct needle_prompt {
    int64_t length;
    double depth; /* in per cent */
    int64_t trial;
    token_list tokens;         /* in memory of its own: released with free() */
    char *values[NEEDLE_MOST]; /* what the answer must hold */
    int n_values;
} needle_prompt;

typedef struct needle_prompts {
    needle_task task; /* with the user's own needle and question in it */
    bool skips_short; /* a length that the needles and the question do not fit in is left out, not refused */
    haystack haystack;
    needle_prompt *list;
    int64_t n;
} needle_prompts;

/* The task of --task, --needle-text and --question. */
int needle_prompts_task(const option_values *options, needle_task *task);

/* prompts->task is there already. Makes the prompts of the lengths up to `longest`, which memory allows. */
int needle_prompts_make(const option_values *options, const sxt_model *model, int64_t longest,
                        needle_prompts *prompts);
void needle_prompts_free(needle_prompts *prompts);

#endif
