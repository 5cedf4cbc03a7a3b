/* A vocabulary in memory, whichever file it came from. Filled by vocab_gguf.c or vocab_hf.c, completed by
 * sxt_vocabulary_finish(), then immutable. */
#ifndef SXT_TEXT_VOCABULARY_H
#define SXT_TEXT_VOCABULARY_H

#include "text/token_map.h"

/* GGUF's numbers. */
enum {
    SXT_TOKEN_NORMAL = 1,
    SXT_TOKEN_UNKNOWN = 2,
    SXT_TOKEN_CONTROL = 3,
    SXT_TOKEN_USER = 4,
    SXT_TOKEN_UNUSED = 5,
    SXT_TOKEN_BYTE = 6
};

#define SXT_MAX_VOCAB (INT32_C(1) << 22)
#define SXT_MAX_MERGES (INT64_C(1) << 24)

/* The visible space of SentencePiece, U+2581. */
#define SXT_SPACE_MARK "\xE2\x96\x81"
#define SXT_SPACE_MARK_BYTES 3

typedef struct sxt_vocabulary {
    bool byte_level; /* tokens are written in the byte alphabet */
    int32_t n_tokens;
    char *arena; /* texts of all tokens, each with a NUL */
    size_t arena_used, arena_size;
    const char **texts; /* (n_tokens) */
    size_t *sizes;      /* (n_tokens) */
    int32_t *types;     /* (n_tokens) */
    float *scores;      /* (n_tokens); NULL when merges have ranks */
    float *rank_scores; /* (n_tokens) scores that give the same merges as the ranks; NULL: not needed */
    sxt_token_map by_text;
    size_t max_size; /* bytes of the longest text */

    sxt_merge *merges; /* (n_merges) by rank */
    int64_t n_merges;
    sxt_merge_map by_pair;

    bool ignore_merges;      /* a piece that is a token needs no merges */
    bool byte_fallback;      /* characters that are no token become byte tokens */
    bool fuse_unknown;       /* neighbouring unknown characters become one token */
    int32_t unknown;         /* -1: none */
    int32_t byte_ids[256];   /* token of each byte, -1: none */
    bool space_leads;        /* no token has a visible space behind another character */
    char *pieces;            /* the bytes that the tokens stand for */
    size_t *piece_starts;    /* (n_tokens + 1) into pieces */
    char *merge_arena;       /* "left right" of each merge, each with a NUL */
    const char **merge_text; /* (n_merges) */
} sxt_vocabulary;

/* Room for n tokens, all unused and empty, whose texts have `text_bytes` bytes together. */
sxt_status sxt_vocabulary_make(sxt_vocabulary *v, int32_t n, size_t text_bytes, sxt_error *error);
/* Sets token `id`; the texts must fit the room that was asked for. */
void sxt_vocabulary_set(sxt_vocabulary *v, int32_t id, const char *text, size_t n, int32_t type);
/* Builds `by_text`; call when all tokens are set. */
sxt_status sxt_vocabulary_index(sxt_vocabulary *v, sxt_error *error);
/* Appends a merge of two texts to `merges`, which has room; its rank is its place. `where` names the
 * field for errors. */
sxt_status sxt_vocabulary_add_merge(sxt_vocabulary *v, const char *left, size_t n_left, const char *right,
                                    size_t n_right, const char *where, sxt_error *error);
/* Everything that follows from the tokens and merges. */
sxt_status sxt_vocabulary_finish(sxt_vocabulary *v, sxt_error *error);
void sxt_vocabulary_free(sxt_vocabulary *v);

/* -1 when absent. */
int32_t sxt_vocabulary_find(const sxt_vocabulary *v, const char *text, size_t n);
/* May come out of merging: text never turns into control tokens that way. */
bool sxt_vocabulary_mergeable(const sxt_vocabulary *v, int32_t id);
/* Control, unknown or user-defined: matched as a whole, never by merging. */
bool sxt_vocabulary_special(const sxt_vocabulary *v, int32_t id);
/* Value of a byte token's text "<0xNN>", -1 when it is none. */
int sxt_byte_token_value(const char *text, size_t n);

#endif
