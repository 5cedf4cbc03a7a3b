/* From the prompt's options to bytes, and from bytes to tokens. */
#ifndef SEXTANT_CLI_PROMPT_H
#define SEXTANT_CLI_PROMPT_H

#include "options.h"
#include "sextant.h"
#include "text_buffer.h"

typedef struct token_list {
    int32_t *ids; /* released with sxt_free() */
    int64_t n;
} token_list;

/* Adds the whole of `path` ("-": standard input) to `text`; an exit code, after a message when not 0. `flag`
 * is the option that named it. Standard input is read once: whoever asks again gets the same. */
int prompt_read_file(const char *flag, const char *path, text_buffer *text);
/* The same of a file of at most `most` bytes, into an empty text: a longer one is refused, even one without an
 * end. */
int prompt_read_small_file(const char *flag, const char *path, size_t most, text_buffer *text);

/* -f and -p as they are; both: the document, a blank line, the question. An empty prompt is an error. */
int prompt_text(const option_values *options, text_buffer *text);

/* Tokens of a prompt that will be continued: the model's BOS in front unless no_bos, never an EOS behind. */
int prompt_tokens(const sxt_model *model, const char *bytes, size_t n_bytes, bool no_bos, bool parse_special,
                  token_list *tokens);

#endif
