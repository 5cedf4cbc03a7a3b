/* Byte-pair encoding of one piece: merges with a heap, O(n log n), without recursion. */
#ifndef SXT_TEXT_BPE_MERGE_H
#define SXT_TEXT_BPE_MERGE_H

#include "base/buffer.h"
#include "text/ids.h"
#include "text/vocabulary.h"

typedef struct sxt_bpe_symbol {
    uint32_t start, size;   /* bytes of the piece; size 0: merged into its left neighbour */
    int32_t id;             /* -1: no token */
    int32_t previous, next; /* neighbours, -1 at the ends */
    int32_t merged_id;      /* what it becomes together with `next`, -1: they do not merge */
    uint32_t priority;      /* of that merge; smaller goes first */
} sxt_bpe_symbol;

/* Working memory, reused from piece to piece. Start zeroed. */
typedef struct sxt_bpe {
    sxt_bpe_symbol *symbols;
    size_t n_symbols, symbols_room;
    uint64_t *heap; /* (n_heap) four children a node: priority << 32 | index of the left symbol */
    size_t n_heap, heap_room;
    sxt_buffer name; /* a piece in the byte alphabet */
} sxt_bpe;

/* Appends the ids of piece text (n). */
sxt_status sxt_bpe_encode(const sxt_vocabulary *v, sxt_bpe *work, const char *text, size_t n, sxt_ids *ids,
                          sxt_error *error);
void sxt_bpe_free(sxt_bpe *work);

#endif
