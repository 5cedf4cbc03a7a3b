/* The tokens that a session has been given. Those that nothing needs any more can be forgotten: a checksum of
 * them stays, so that a longer text can still be told from another one. */
#ifndef SXT_INFER_HISTORY_H
#define SXT_INFER_HISTORY_H

#include "base/hash.h"

typedef struct sxt_history {
    int32_t *tokens;    /* (room): those of [first, n) */
    int64_t room;       /* most tokens that are held at a time */
    int64_t first, n;   /* tokens forgotten, and with those held; first is a multiple of a block */
    sxt_hash forgotten; /* of the first ones, block by block */
} sxt_history;

/* Tokens are forgotten in blocks of so many. */
enum { SXT_HISTORY_BLOCK = 128 };

sxt_status sxt_history_make(sxt_history *history, int64_t room, sxt_error *error);
void sxt_history_free(sxt_history *history);

/* Begins anew behind `first` tokens, a multiple of a block, whose checksum is `forgotten`. */
void sxt_history_resume(sxt_history *history, int64_t first, sxt_hash forgotten);

/* How many tokens can be added. */
int64_t sxt_history_left(const sxt_history *history);
void sxt_history_add(sxt_history *history, const int32_t *tokens, int64_t n);
/* Keeps the first n, from `first` on or 0. */
void sxt_history_cut(sxt_history *history, int64_t n);
/* Forgets whole blocks that end at `first` or before. */
void sxt_history_forget(sxt_history *history, int64_t first);

/* How many of `tokens` (n), from the beginning, are those of the history; 0 when that ends among those that are
 * forgotten. */
int64_t sxt_history_same(const sxt_history *history, const int32_t *tokens, int64_t n);
/* Token i and those after it; i is at least `first`. */
const int32_t *sxt_history_at(const sxt_history *history, int64_t i);

#endif
