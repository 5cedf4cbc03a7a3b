/* Letting the model answer a question, greedily. */
#ifndef SEXTANT_CLI_EVAL_LONGBENCH_ASK_H
#define SEXTANT_CLI_EVAL_LONGBENCH_ASK_H

#include "eval/longbench_answers.h"
#include "eval/longbench_prompt.h"
#include "progress.h"

/* One session serves the questions one after the other, so that those on the same document read it once. What
 * it holds does not change an answer: under another plan everything is read again. */
typedef struct longbench_asker {
    const option_values *options;
    longbench_asking asking;
    const char *plan;     /* as asked */
    int64_t most;         /* tokens that the plan reaches; INT64_MAX: any number */
    int64_t n_template;   /* tokens of the chat template */
    sxt_session *session; /* NULL: none yet */
    int64_t n_ctx;        /* of the session */
} longbench_asker;

/* Opens an asker for a plan; the session comes with the first question. */
int longbench_asker_open(const option_values *options, const sxt_model *model, const char *plan,
                         longbench_asker *asker);
/* EXIT_CODE_INTERRUPTED, and no answer, after Ctrl-C. */
int longbench_ask(longbench_asker *asker, const task_file *file, const longbench_item *item,
                  longbench_answer *answer);
void longbench_asker_close(longbench_asker *asker);

#endif
