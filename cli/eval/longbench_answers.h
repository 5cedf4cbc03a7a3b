/* Answers in the store of the output folder: a cell for each, under "longbench|PLAN|TASK|NUMBER OF THE
 * QUESTION". */
#ifndef SEXTANT_CLI_EVAL_LONGBENCH_ANSWERS_H
#define SEXTANT_CLI_EVAL_LONGBENCH_ANSWERS_H

#include "eval/longbench_items.h"
#include "output_folder.h"

typedef struct longbench_answer {
    char *text; /* valid UTF-8; may hold NUL */
    size_t n_bytes;
    int64_t n_tokens;  /* of the prompt */
    bool is_cut;       /* the prompt lost its middle */
    bool within_limit; /* of the plan */
    double score;      /* 0 to 1 */
    bool is_there;
} longbench_answer;

/* Opens the store of -o for answers of this model and these settings. */
int answer_store_open(const option_values *options, const sxt_model *model, result_store **store);

/* What is kept of a question under a plan, if anything is: answer->is_there. An answer to a question that has
 * changed since is a fault. */
int answer_store_get(result_store *store, const char *plan, const task_file *file, const longbench_item *item,
                     longbench_answer *answer);
/* The answer is on the disk when this returns. */
int answer_store_put(result_store *store, const char *plan, const task_file *file, const longbench_item *item,
                     const longbench_answer *answer);

/* Reads what is kept of all `items` into `answers` (items->n), which are released with answers_free(). */
int answers_read(result_store *store, const char *plan, const task_file *file, const longbench_items *items,
                 longbench_answer **answers);
void answers_free(longbench_answer *answers, size_t n);

#endif
