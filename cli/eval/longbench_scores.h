/* Scores of tasks and their averages, and how they are shown. */
#ifndef SEXTANT_CLI_EVAL_LONGBENCH_SCORES_H
#define SEXTANT_CLI_EVAL_LONGBENCH_SCORES_H

#include "eval/longbench_answers.h"

/* LongBench-E's lengths in words: below 4000, below 8000, and the rest. */
enum { N_LENGTH_CLASSES = 3 };

/* Scores from 0 to 1 that are added up. */
typedef struct score_sum {
    double sum;
    int64_t n;
} score_sum;

typedef struct task_score {
    const task_file *file;
    const char *plan; /* as asked */
    int64_t n_asked;  /* questions; all.n of them have an answer */
    score_sum all, by_length[N_LENGTH_CLASSES];
    int64_t n_cut;        /* prompts that lost their middle */
    int64_t longest;      /* tokens of a prompt */
    int64_t n_past_limit; /* of the plan */
} task_score;

typedef struct task_scores {
    task_score *list;
    size_t n;
} task_scores;

/* Adds an answer, whose score is known. */
void task_score_add(task_score *score, const longbench_item *item, const longbench_answer *answer);

/* Tasks without an answer are left out of all of these. */
void task_scores_print(const task_scores *scores);
json_document *task_scores_document(const task_scores *scores);
void task_scores_write_csv(const task_scores *scores, FILE *stream);

#endif
