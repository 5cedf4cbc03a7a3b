/* The query rows of one task, and what the online softmax knows of each so far. A row is one query of one
 * head; the heads of a query lie together: row = query * n_heads + head. Keys are taken in spans: each span has
 * a softmax of its own, which then joins those before it. */
#ifndef SXT_OP_QUERY_ROWS_H
#define SXT_OP_QUERY_ROWS_H

#include "kernel/kernel.h"
#include "op/attention.h"

typedef struct sxt_query_rows {
    const sxt_attention *a;
    bool int16;                     /* products of small integers, softmax to base 2; else f32, to base e */
    int64_t first_query, n_queries; /* of a's */
    int32_t first_head, n_heads;    /* of a's: a piece of one KV head's group */
    int64_t span;                   /* a key of the span that is being read */
    float *turned_q;                /* (n_heads, head_dim): one query, rotated */
    union {
        float *f32;      /* (n_queries, n_heads, head_dim): scaled, rotated for the query's turned band */
        uint32_t *pairs; /* (n_queries, n_heads, head_dim / 2) */
    } q;
    float *q_scales;  /* (n_queries, n_heads), of pairs */
    float *out;       /* (n_queries, n_heads, head_dim): sum of p * v, relative to max */
    float *max, *sum; /* (n_queries, n_heads): running maximum and sum of the weights of this span */
    float *total_max, *total_sum; /* (n_queries, n_heads): of the spans before; their sums are in a->out */
    sxt_band *bands;              /* (n_queries, SXT_PLAN_MAX_BANDS) */
    uint8_t *n_bands, *next_band; /* (n_queries): next_band is the first that later tiles can meet */
    int8_t *turned;               /* (n_queries): the band that q is rotated for, -1: none yet */
} sxt_query_rows;

/* Bytes of workspace; 64-byte aligned in every part. */
size_t sxt_query_rows_bytes(int64_t n_queries, int32_t n_heads, int32_t head_dim);
/* Takes first_query, n_queries, first_head, n_heads, int16 and a as set, `space` as workspace. */
void sxt_query_rows_init(sxt_query_rows *rows, void *space);
/* Begins the span of key `first`. */
void sxt_query_rows_start_span(sxt_query_rows *rows, int64_t first);
/* Makes q of one query ready for its band. `spare`: (n_rot). */
void sxt_query_rows_turn(sxt_query_rows *rows, int64_t query, int band, float *spare);
/* f32: takes scores[first..end) (multiples of 16; -inf where masked) of one row into its softmax: they become
 * weights relative to the row's new maximum, and what was summed before is brought to it. */
void sxt_query_rows_soften(sxt_query_rows *rows, int64_t row, float *scores, int first, int end);
/* Joins the span to those before it, whose sums are in a->out. */
void sxt_query_rows_end_span(sxt_query_rows *rows);
/* Divides a->out by the sums; rows that saw nothing give zeros. */
void sxt_query_rows_finish(sxt_query_rows *rows);

/* What turns differences of scores into logarithms to base e. */
float sxt_softmax_unit(bool int16);
/* Row / sum, zeros for a sum of 0, NaN for one of NaN. */
void sxt_softmax_divide(float *row, float sum, int32_t head_dim);

#endif
