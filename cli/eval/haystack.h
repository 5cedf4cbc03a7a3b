/* The text that needles are hidden in, and where it may be cut. */
#ifndef SEXTANT_CLI_EVAL_HAYSTACK_H
#define SEXTANT_CLI_EVAL_HAYSTACK_H

#include "options.h"
#include "sextant.h"
#include "text_buffer.h"

typedef enum haystack_cuts {
    CUT_AT_LINES,     /* RULER's noise: needles are lines of their own */
    CUT_AT_SENTENCES, /* essays, novels */
    CUT_AT_WORDS,
    CUT_AT_CHARACTERS
} haystack_cuts;

typedef struct haystack {
    text_buffer text; /* repeated until it is long enough */
    size_t n_once;    /* bytes before it begins anew */
    int64_t *ends;    /* (n_tokens): the byte behind each token, near enough: prompts are counted in the end */
    int64_t n_tokens;
    haystack_cuts cuts;
} haystack;

/* The files of --haystack one after another, or RULER's noise without; at least n_tokens tokens. */
int haystack_open(const option_values *options, const sxt_model *model, bool any_word, int64_t n_tokens,
                  haystack *haystack);
void haystack_close(haystack *haystack);

/* The last place to cut that has at most n_tokens tokens before it, in bytes from the beginning. A text without
 * such a place nearby (a sentence of pages, a script without blanks) is cut at a word, or else between any two
 * characters. */
size_t haystack_cut(const haystack *haystack, int64_t n_tokens);

/* What stands between the text before a cut and a needle there, and between the needle and the text behind. */
const char *haystack_gap(const haystack *haystack);

/* A number for the text as it was given: another text, another number. */
uint64_t haystack_fingerprint(const haystack *haystack);

#endif
