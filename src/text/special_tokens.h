/* Finds special tokens written in a text: leftmost first, of those that start alike the longest. */
#ifndef SXT_TEXT_SPECIAL_TOKENS_H
#define SXT_TEXT_SPECIAL_TOKENS_H

#include "text/pieces.h"

/* How a special token takes its surroundings; Hugging Face's names. */
enum {
    SXT_SPECIAL_LSTRIP = 1u,      /* takes the white space in front of it */
    SXT_SPECIAL_RSTRIP = 2u,      /* and behind it */
    SXT_SPECIAL_SINGLE_WORD = 4u, /* matches only as a whole word */
    SXT_SPECIAL_RESTRICTED = 8u   /* control and unknown tokens: only where the caller allows */
};

typedef struct sxt_special_node {
    int32_t child, sibling; /* -1: none */
    int32_t id;             /* token that ends here, -1: none */
    uint8_t byte, flags;
} sxt_special_node;

/* A trie; immutable once built. */
typedef struct sxt_special_set {
    sxt_special_node *nodes; /* (n) owned */
    size_t n, room;
    int32_t first[256]; /* node of a first byte plus 1, 0: none */
} sxt_special_set;

sxt_status sxt_special_add(sxt_special_set *set, const char *text, size_t n, int32_t id, uint8_t flags,
                           sxt_error *error);
void sxt_special_set_free(sxt_special_set *set);

/* Where restricted tokens may stand: n spans, rising and disjoint. */
typedef struct sxt_allowed {
    const sxt_span *spans;
    size_t n;
} sxt_allowed;

/* First special token in text [from, n): its id, or -1; *span is what it takes, white space included, never
 * before `from`. *i_allowed starts at 0 and is kept by the caller from one call to the next. */
int32_t sxt_special_find(const sxt_special_set *set, const char *text, size_t n, size_t from,
                         sxt_allowed allowed, size_t *i_allowed, sxt_span *span);

#endif
