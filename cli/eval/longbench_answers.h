/* Answers on disk: FOLDER/PLAN/TASK.jsonl, a line as soon as an answer is there. The published eval.py reads
 * these files too. */
#ifndef SEXTANT_CLI_EVAL_LONGBENCH_ANSWERS_H
#define SEXTANT_CLI_EVAL_LONGBENCH_ANSWERS_H

#include "eval/longbench_items.h"
#include "sextant.h"

typedef struct longbench_answer {
    char *text; /* valid UTF-8; may hold NUL */
    size_t n_bytes;
    int64_t n_tokens;  /* of the prompt */
    bool is_cut;       /* the prompt lost its middle */
    bool within_limit; /* of the plan */
    bool is_there;
} longbench_answer;

typedef struct answer_file {
    int descriptor; /* -1: nothing is kept */
    char *path;
} answer_file;

/* Makes the folder of -o, or checks that it holds answers of this model and these settings. */
int answer_folder_open(const option_values *options, const sxt_model_info *model);

/* Opens the file of a plan and a task, and fills `answers` (items->n) with what is in it. A line that was not
 * completed is taken away. */
int answer_file_open(const option_values *options, const char *plan, const task_file *task,
                     const longbench_items *items, longbench_answer *answers, answer_file *file);
/* The line is on the disk when this returns; on a full disk it is not there at all. */
int answer_file_add(answer_file *file, const longbench_items *items, size_t i, const longbench_answer *answer);
void answer_file_close(answer_file *file);

#endif
