/* The prompts of the pass-key test: read from a file of JSON lines, or made from a filler text. */
#ifndef SEXTANT_CLI_PASSKEY_PROMPTS_H
#define SEXTANT_CLI_PASSKEY_PROMPTS_H

#include "options.h"
#include "prompt.h"
#include "sextant.h"

typedef struct passkey_item {
    char *target; /* the key */
    char *style;  /* NULL: none */
    int64_t length;
    double depth; /* negative: not said */
    token_list tokens;
} passkey_item;

typedef struct passkey_items {
    passkey_item *list;
    int64_t n;
} passkey_items;

/* From the file that `option` named, in its order; a fault names its line. */
int passkey_items_read(const char *option, const char *path, const option_values *options,
                       const sxt_model *model, passkey_items *items);
/* From --lengths, --depths, --trials, --filler and --seed. Lengths above `longest` have no prompts, which
 * changes none of the others. */
int passkey_items_make(const option_values *options, const sxt_model *model, int64_t longest,
                       passkey_items *items);

/* Reads the prompt and continues it greedily, one token at a time, until it is decided whether the answer
 * begins with the key. The session must have room for passkey_answer_tokens() more. */
int passkey_ask(const sxt_model *model, sxt_session *session, const passkey_item *item, bool *right);
int64_t passkey_answer_tokens(const passkey_item *item);

/* Adds an empty item, to be filled by the caller. */
passkey_item *passkey_items_add(passkey_items *items);
void passkey_items_free(passkey_items *items);

#endif
