/* A text cut into pieces, each tokenized on its own. */
#ifndef SXT_TEXT_PIECES_H
#define SXT_TEXT_PIECES_H

#include "base/buffer.h"

typedef struct sxt_span {
    size_t start, end; /* bytes [start, end) of the text */
} sxt_span;

typedef struct sxt_pieces {
    sxt_buffer text;
    sxt_span *spans; /* (n), rising, disjoint; empty ones mean nothing; owned */
    size_t n, room;
    bool failed; /* out of memory; spans stay as they were */
} sxt_pieces;

void sxt_pieces_add(sxt_pieces *pieces, size_t start, size_t end);
/* Forgets text and pieces, keeps the memory. */
void sxt_pieces_clear(sxt_pieces *pieces);
void sxt_pieces_free(sxt_pieces *pieces);

#endif
