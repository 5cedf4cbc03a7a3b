/* What L-Eval and line retrieval have in their authors' programs rather than in files. L-Eval's prompts are
 * worded anew here, to the same end; the published ones can be put into dataset2prompt.json under the tasks'
 * names. */
#ifndef SEXTANT_CLI_EVAL_LONGBENCH_WORDS_H
#define SEXTANT_CLI_EVAL_LONGBENCH_WORDS_H

#include "eval/metric_task.h"

/* Longest answers, as published. */
enum { LEVAL_ANSWER_TOKENS = 512, LINES_ANSWER_TOKENS = 100 };

/* The prompt of an L-Eval task, with {context} and {input}; NULL for other measures. */
const char *longbench_own_prompt(metric_kind kind);

/* L-Eval asks each question on science fiction twice: as to the story, and, without the story, as to the world.
 * The words of its questions that say the first, and what takes their place in the second. */
extern const char longbench_of_story[], longbench_of_world[];
/* What follows the second question. */
extern const char longbench_world_ending[];

#endif
