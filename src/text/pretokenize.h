/* Pre-tokenization: a list of steps, each cutting or rewriting the pieces of the one before. */
#ifndef SXT_TEXT_PRETOKENIZE_H
#define SXT_TEXT_PRETOKENIZE_H

#include "text/pieces.h"
#include "text/regex.h"

/* What becomes of the matches of a split: Hugging Face's names. */
typedef enum sxt_split_behavior {
    SXT_SPLIT_ISOLATED,
    SXT_SPLIT_REMOVED,
    SXT_SPLIT_CONTIGUOUS,
    SXT_SPLIT_MERGED_WITH_PREVIOUS,
    SXT_SPLIT_MERGED_WITH_NEXT
} sxt_split_behavior;

typedef enum sxt_prepend { SXT_PREPEND_NEVER, SXT_PREPEND_FIRST, SXT_PREPEND_ALWAYS } sxt_prepend;

typedef enum sxt_pre_kind {
    SXT_PRE_SPLIT,
    SXT_PRE_SPACE,    /* a space in front of a piece that has none */
    SXT_PRE_ALPHABET, /* bytes become characters of the byte alphabet */
    SXT_PRE_METASPACE /* spaces become a visible character */
} sxt_pre_kind;

typedef struct sxt_pre_step {
    sxt_pre_kind kind;
    char *pattern; /* of a split, as written; of metaspace, the visible character */
    size_t n_pattern;
    sxt_regex *regex;
    sxt_split_behavior behavior;
    bool invert;
    sxt_prepend prepend; /* of metaspace */
} sxt_pre_step;

typedef struct sxt_pretokenizer {
    sxt_pre_step *steps; /* (n) owned */
    size_t n, room;
    bool byte_level; /* pieces are bytes, tokens are written in the byte alphabet */
} sxt_pretokenizer;

/* The pattern of GPT-2, which "ByteLevel" means. */
extern const char sxt_gpt2_pattern[];

sxt_status sxt_pre_add_split(sxt_pretokenizer *p, const char *pattern, size_t n, sxt_split_behavior behavior,
                             bool invert, sxt_error *error);
/* A literal instead of a pattern. */
sxt_status sxt_pre_add_split_literal(sxt_pretokenizer *p, const char *text, size_t n,
                                     sxt_split_behavior behavior, bool invert, sxt_error *error);
sxt_status sxt_pre_add_byte_level(sxt_pretokenizer *p, bool add_prefix_space, bool use_regex, sxt_error *error);
sxt_status sxt_pre_add_digits(sxt_pretokenizer *p, bool individual, sxt_error *error);
sxt_status sxt_pre_add_punctuation(sxt_pretokenizer *p, sxt_split_behavior behavior, sxt_error *error);
sxt_status sxt_pre_add_metaspace(sxt_pretokenizer *p, const char *replacement, size_t n, sxt_prepend prepend,
                                 bool split, sxt_error *error);
/* Call after the last step. */
void sxt_pre_finish(sxt_pretokenizer *p);
void sxt_pretokenizer_free(sxt_pretokenizer *p);

/* True when both cut every text alike because their steps are the same. */
bool sxt_pretokenizer_equal(const sxt_pretokenizer *a, const sxt_pretokenizer *b);

/* Runs all steps. `pieces` holds the text as one piece on entry and the result on return (raw bytes when
 * byte_level); `spare` is working memory. `at_start`: the text's first byte is the whole text's first. */
sxt_status sxt_pretokenize(const sxt_pretokenizer *p, sxt_matcher *matcher, bool at_start, sxt_pieces *pieces,
                           sxt_pieces *spare, sxt_error *error);

#endif
