/* Marking answers. */
#ifndef SEXTANT_CLI_EVAL_LONGBENCH_MARK_H
#define SEXTANT_CLI_EVAL_LONGBENCH_MARK_H

#include "eval/longbench_answers.h"

/* Sets answer->score. `words` finds the words of Chinese text; NULL where the task needs none. */
int longbench_mark(const metric_task *task, segmenter *words, const longbench_item *item,
                   longbench_answer *answer);

#endif
