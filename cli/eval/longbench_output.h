/* What a run leaves in the folder of -o besides its store. */
#ifndef SEXTANT_CLI_EVAL_LONGBENCH_OUTPUT_H
#define SEXTANT_CLI_EVAL_LONGBENCH_OUTPUT_H

#include "eval/longbench_scores.h"

/* FOLDER/PLAN for every plan: a name that cannot be a folder's must not be found out at the end. */
int longbench_make_folders(const option_values *options);

/* FOLDER/PLAN/TASK.jsonl, which the published eval.py reads: the answers that are there. */
int longbench_write_answers(const option_values *options, const char *plan, const task_file *file,
                            const longbench_items *items, const longbench_answer *answers);

/* FOLDER/longbench.csv and FOLDER/longbench.json. */
int longbench_write_scores(const option_values *options, const task_scores *scores);

#endif
