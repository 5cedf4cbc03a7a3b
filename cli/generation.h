/* Letting a session continue its text, token by token. */
#ifndef SEXTANT_CLI_GENERATION_H
#define SEXTANT_CLI_GENERATION_H

#include "sextant.h"
#include "text_output.h"

typedef struct generation {
    bool passing; /* set by the caller: neither ids nor text are kept, however long it goes on */
    int32_t *ids; /* n, without the token that ended the text */
    int64_t n, capacity;
    text_buffer text;
    const char *stopped_by; /* "end", "length", "context", "interrupt", "output" */
} generation;

/* Reads `tokens` into the session, with a progress line, until done or interrupted. */
int read_prompt(sxt_session *session, const int32_t *tokens, int64_t n_tokens, int64_t n_generate);

/* Generates at most n_max tokens. The text goes to `output` as it comes, unless that is NULL; special tokens
 * are part of it only when `show_special`. Stopping early is not an error. May be called again, with a larger
 * n_max, to go on. */
int generate(const sxt_model *model, sxt_session *session, int64_t n_max, bool show_special,
             text_output *output, generation *result);
void generation_free(generation *result);

#endif
