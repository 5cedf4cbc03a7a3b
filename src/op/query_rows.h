/* The query rows of one task, and what the online softmax knows of each so far. A row is one query of one
 * head; the heads of a query lie together: row = query * n_heads + head. */
#ifndef SXT_OP_QUERY_ROWS_H
#define SXT_OP_QUERY_ROWS_H

#include "op/attention.h"

typedef struct sxt_query_rows {
    const sxt_attention *a;
    int64_t first_query, n_queries; /* of a's */
    int32_t first_head, n_heads;    /* of a's: a piece of one KV head's group */
    float *q;         /* (n_queries, n_heads, head_dim): scaled, rotated for the query's turned band */
    float *out;       /* (n_queries, n_heads, head_dim): sum of p * v, relative to max */
    float *max, *sum; /* (n_queries, n_heads): running maximum and sum of exp(score - max) */
    sxt_band *bands;  /* (n_queries, SXT_PLAN_MAX_BANDS) */
    uint8_t *n_bands, *next_band; /* (n_queries): next_band is the first that later tiles can meet */
    int8_t *turned;               /* (n_queries): the band that q is rotated for, -1: none yet */
} sxt_query_rows;

/* Bytes of workspace; 64-byte aligned in every part. */
size_t sxt_query_rows_bytes(int64_t n_queries, int32_t n_heads, int32_t head_dim);
/* Takes first_query, n_queries, first_head, n_heads and a as set, `space` as workspace. */
void sxt_query_rows_init(sxt_query_rows *rows, void *space);
/* Makes q of one query ready for its band. `spare`: (n_rot). */
void sxt_query_rows_turn(sxt_query_rows *rows, int64_t query, int band, float *spare);
/* Takes scores[first..end) (multiples of 16; -inf where masked) of one row into its softmax: they become
 * weights relative to the row's new maximum, and what was summed before is brought to it. */
void sxt_query_rows_soften(sxt_query_rows *rows, int64_t row, float *scores, int first, int end);
/* Divides by the sums and stores into a->out; rows that saw nothing give zeros. */
void sxt_query_rows_finish(sxt_query_rows *rows);

#endif
