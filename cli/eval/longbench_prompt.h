/* From a question to the tokens that the model reads. */
#ifndef SEXTANT_CLI_EVAL_LONGBENCH_PROMPT_H
#define SEXTANT_CLI_EVAL_LONGBENCH_PROMPT_H

#include "eval/longbench_items.h"
#include "prompt.h"
#include "sextant.h"

typedef struct longbench_asking {
    const sxt_model *model;
    bool has_template; /* a chat template that the library knows */
    bool no_bos;
} longbench_asking;

/* False, with a message, where the template of `file` asks for something else than {context} and {input}. */
int longbench_prompt_check(const task_file *file);

/* The tokens of `item`'s prompt. Of more than `most` tokens, BOS among them, the first and the last half are
 * kept, as text, before the chat template is put around (0: as many as there are); *is_cut tells. */
int longbench_prompt_tokens(const longbench_asking *asking, const task_file *file, const longbench_item *item,
                            int64_t most, token_list *tokens, bool *is_cut);

/* L-Eval's second question on science fiction: as to the world, without the story. */
int longbench_world_tokens(const longbench_asking *asking, const longbench_item *item, token_list *tokens);

/* The tokens that the chat template adds to a message. */
int longbench_template_tokens(const longbench_asking *asking, int64_t *n);

#endif
