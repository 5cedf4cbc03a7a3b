/* One pass of a task's query rows over key tiles: what each query sees of a tile, scores, softmax, sums. */
#ifndef SXT_OP_TILE_PASS_H
#define SXT_OP_TILE_PASS_H

#include "op/key_ranges.h"
#include "op/key_tile.h"
#include "op/query_rows.h"

/* The keys of a tile that a query sees through one of its bands: columns [lo, hi). */
typedef struct sxt_tile_part {
    uint8_t band, key_map;
    int16_t lo, hi;
} sxt_tile_part;

/* What a query sees of a tile: rising, disjoint parts. */
typedef struct sxt_tile_view {
    int n_parts;
    sxt_tile_part parts[SXT_PLAN_MAX_BANDS];
} sxt_tile_view;

enum { SXT_RUN_ROWS = 48 }; /* rows whose scores are held at a time (but always a whole query) */

typedef struct sxt_tile_pass {
    const sxt_attention *a;
    const sxt_kernels *k;
    sxt_query_rows rows;
    sxt_key_ranges seen; /* by some of its queries */
    sxt_key_tile tile;
    float *scores, *more_scores;       /* (run rows, SXT_KV_BLOCK) */
    uint32_t *p;                       /* (run rows, SXT_TILE_PAIRS), in integers */
    float *keep, *add;                 /* (run rows), in integers */
    float *spare;                      /* (n_rot) */
    bool adjusts;                      /* scores are capped or biased before the softmax */
    float *slopes, *from;              /* (run rows): of sxt_score_step */
    float *places, *no_logs;           /* (SXT_KV_BLOCK): of sxt_score_step; zeros */
    sxt_tile_view views[SXT_RUN_ROWS]; /* of the queries of a run */
} sxt_tile_pass;

/* Bytes of workspace for a pass; a multiple of 64. */
size_t sxt_tile_pass_bytes(int64_t n_queries, int32_t n_heads, int32_t head_dim);

/* For the rows of one KV head: n_queries from first_query, n_heads from first_head, all counted within a's.
 * `space`: 64-byte aligned workspace. */
void sxt_tile_pass_init(sxt_tile_pass *pass, const sxt_attention *a, int64_t first_query, int64_t n_queries,
                        int32_t first_head, int32_t n_heads, void *space);

/* Takes what is seen of the span of key `first`, which some query sees, from that key on into the rows. */
void sxt_tile_pass_span(sxt_tile_pass *pass, int64_t first);

#endif
