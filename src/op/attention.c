/* Attention in one pass. A task owns a piece of one KV head's query rows and walks the key tiles in rising
 * order; tiles start at multiples of SXT_KV_BLOCK whatever the call, and what a row does with a tile depends
 * on that row alone. So the bits are the same for every split of the queries and every number of threads. */
#include "op/attention.h"

#include "base/num.h"
#include "kernel/kernel.h"
#include "op/key_tile.h"
#include "op/query_rows.h"

#include <math.h>
#include <string.h>

enum {
    TASK_ROWS = 4096, /* most rows of a task (but always a whole query): bounds the workspace */
    MIN_QUERIES = 64, /* fewer queries would rotate each key tile too often for the work it gives */
    RUN_ROWS = 96     /* rows whose scores are held at a time (but always a whole query) */
};

/* The keys of a tile that a query sees through one of its bands: columns [lo, hi). */
typedef struct part {
    uint8_t band, key_map;
    int16_t lo, hi;
} part;

/* What a query sees of a tile: rising, disjoint parts. */
typedef struct view {
    int n_parts;
    part parts[SXT_PLAN_MAX_BANDS];
} view;

typedef struct task {
    const sxt_attention *a;
    const sxt_kernels *k;
    sxt_query_rows rows;
    sxt_key_tile tile;
    float *scores, *more_scores; /* (run rows, SXT_KV_BLOCK) */
    float *spare;                /* (n_rot) */
    view views[RUN_ROWS];        /* of the queries of a run */
} task;

/* How a call is cut: tasks are (KV head, piece of its heads, piece of the queries), the last fastest. */
typedef struct split {
    const sxt_attention *a;
    char *scratch;
    size_t scratch_bytes;
    int64_t n_query_pieces, n_head_pieces, queries_per_piece;
    int32_t heads_per_piece;
} split;

/* ---- One tile ---------------------------------------------------------------------------------- */

/* O(1): the query's bands are walked along with the tiles. */
static void see_tile(task *t, int64_t query, view *v) {
    sxt_query_rows *rows = &t->rows;
    const sxt_band *bands = rows->bands + query * SXT_PLAN_MAX_BANDS;
    int64_t first = t->tile.first, end = first + t->tile.n_keys;
    uint8_t b = rows->next_band[query];
    while (b < rows->n_bands[query] && bands[b].end_key <= first) b++;
    rows->next_band[query] = b;
    v->n_parts = 0;
    for (; b < rows->n_bands[query] && bands[b].first_key < end; b++) {
        int64_t lo = sxt_max_i64(bands[b].first_key, first), hi = sxt_min_i64(bands[b].end_key, end);
        v->parts[v->n_parts++] = (part){
            .band = b, .key_map = bands[b].key_map, .lo = (int16_t)(lo - first), .hi = (int16_t)(hi - first)};
    }
}

/* Queries in a run meet the same key maps in the same order, so each part is one matrix product. */
static bool same_maps(const view *x, const view *y) {
    if (x->n_parts != y->n_parts) return false;
    for (int p = 0; p < x->n_parts; p++)
        if (x->parts[p].key_map != y->parts[p].key_map) return false;
    return true;
}

static int down16(int x) { return x & ~15; }
static int up16(int x) { return (x + 15) & ~15; }

/* Scores of part p for the run's n queries, from `query` on, into `scores`. */
static void score_part(task *t, int64_t query, int n, int p, float *scores) {
    int32_t d = t->a->head_dim, heads = t->rows.n_heads;
    int lo = SXT_KV_BLOCK, hi = 0;
    for (int i = 0; i < n; i++) {
        const part *seen = &t->views[i].parts[p];
        sxt_query_rows_turn(&t->rows, query + i, seen->band, t->spare);
        if (seen->lo < lo) lo = seen->lo;
        if (seen->hi > hi) hi = seen->hi;
    }
    lo = down16(lo);
    const float *keys = sxt_key_tile_keys(&t->tile, t->views[0].parts[p].key_map);
    t->k->attend_scores(t->rows.q + query * heads * d, d, keys + lo, SXT_KV_BLOCK, scores + lo, SXT_KV_BLOCK,
                        (int64_t)n * heads, up16(hi) - lo, d);
}

/* Copies what the queries see through part p from the other map's scores. */
static void take_part(task *t, int n, int p) {
    int32_t heads = t->rows.n_heads;
    for (int i = 0; i < n; i++) {
        const part *seen = &t->views[i].parts[p];
        for (int32_t h = 0; h < heads; h++) {
            int64_t at = ((int64_t)i * heads + h) * SXT_KV_BLOCK + seen->lo;
            memcpy(t->scores + at, t->more_scores + at, (size_t)(seen->hi - seen->lo) * sizeof(float));
        }
    }
}

static void hide(float *scores, int lo, int hi) {
    for (int j = lo; j < hi; j++) scores[j] = -INFINITY;
}

/* Masks what query i of the run does not see, and takes the rest into its rows' softmax. */
static void soften_query(task *t, int64_t query, int i) {
    const view *v = &t->views[i];
    int32_t heads = t->rows.n_heads;
    int first = down16(v->parts[0].lo), end = up16(v->parts[v->n_parts - 1].hi);
    for (int32_t h = 0; h < heads; h++) {
        float *scores = t->scores + ((int64_t)i * heads + h) * SXT_KV_BLOCK;
        int seen = first;
        for (int p = 0; p < v->n_parts; p++) {
            hide(scores, seen, v->parts[p].lo);
            seen = v->parts[p].hi;
        }
        hide(scores, seen, end);
        sxt_query_rows_soften(&t->rows, (query + i) * heads + h, scores, first, end);
    }
}

/* Part p together with the parts that follow it without a gap; returns the first part after them. */
static int join_parts(const view *v, int p, int *lo, int *hi) {
    *lo = v->parts[p].lo;
    *hi = v->parts[p].hi;
    for (p++; p < v->n_parts && v->parts[p].lo == *hi; p++) *hi = v->parts[p].hi;
    return p;
}

static bool same_range(const view *x, const view *y) {
    return x->parts[0].lo == y->parts[0].lo && x->parts[x->n_parts - 1].hi == y->parts[y->n_parts - 1].hi;
}

/* Adds p * v over exactly the keys that the queries see: those of a whole tile in one product, those of an
 * edge query by query. Plans without gaps join to one range. */
static void add_values(task *t, int64_t query, int n) {
    int32_t d = t->a->head_dim, heads = t->rows.n_heads;
    const float *values = sxt_key_tile_values(&t->tile);
    for (int i = 0, end; i < n; i = end) {
        const view *v = &t->views[i];
        int lo, hi, next = join_parts(v, 0, &lo, &hi);
        bool whole = next == v->n_parts;
        end = i + 1;
        while (whole && end < n && same_range(v, &t->views[end])) {
            int other_lo, other_hi;
            if (join_parts(&t->views[end], 0, &other_lo, &other_hi) != v->n_parts) break;
            end++;
        }
        for (;;) {
            t->k->attend_values(t->scores + (int64_t)i * heads * SXT_KV_BLOCK + lo, SXT_KV_BLOCK,
                                values + (int64_t)lo * d, d, t->rows.out + (query + i) * heads * d, d,
                                (int64_t)(end - i) * heads, hi - lo, d);
            if (next == v->n_parts) break;
            next = join_parts(v, next, &lo, &hi);
        }
    }
}

/* Takes the tile into the longest run of queries from `query` on that meet it alike; returns its end. */
static int64_t attend_run(task *t, int64_t query) {
    int64_t most = sxt_max_i64(1, RUN_ROWS / t->rows.n_heads);
    int n = 1;
    see_tile(t, query, &t->views[0]);
    if (t->views[0].n_parts == 0) return query + 1;
    for (; n < most && query + n < t->rows.n_queries; n++) {
        see_tile(t, query + n, &t->views[n]);
        if (!same_maps(&t->views[0], &t->views[n])) break;
    }
    score_part(t, query, n, 0, t->scores);
    for (int p = 1; p < t->views[0].n_parts; p++) {
        score_part(t, query, n, p, t->more_scores);
        take_part(t, n, p);
    }
    for (int i = 0; i < n; i++) soften_query(t, query, i);
    add_values(t, query, n);
    return query + n;
}

/* ---- One task ---------------------------------------------------------------------------------- */

static int64_t run_rows(int32_t n_heads) { return sxt_max_i64(n_heads, RUN_ROWS); }

static size_t task_bytes(int64_t n_queries, int32_t n_heads, int32_t head_dim) {
    size_t scores = (size_t)run_rows(n_heads) * SXT_KV_BLOCK;
    size_t floats = 2 * scores + sxt_round_up((size_t)head_dim, 16) + sxt_key_tile_floats(head_dim);
    return floats * sizeof(float) + sxt_query_rows_bytes(n_queries, n_heads, head_dim);
}

static void open_task(task *t, const split *s, int64_t i_task, int i_thread) {
    const sxt_attention *a = s->a;
    int64_t i_query = i_task % s->n_query_pieces, i_head = i_task / s->n_query_pieces % s->n_head_pieces;
    int64_t kv_head = i_task / s->n_query_pieces / s->n_head_pieces;
    int32_t group = a->n_heads / a->n_kv_heads;
    int32_t head = (int32_t)i_head * s->heads_per_piece;
    int64_t query = i_query * s->queries_per_piece;
    t->a = a;
    t->k = sxt_kernels_get();
    t->rows.a = a;
    t->rows.first_query = query;
    t->rows.n_queries = sxt_min_i64(s->queries_per_piece, a->n_queries - query);
    t->rows.first_head = (int32_t)kv_head * group + head;
    t->rows.n_heads = (int32_t)sxt_min_i64(s->heads_per_piece, group - head);

    float *space = (float *)(void *)(s->scratch + (size_t)i_thread * s->scratch_bytes);
    t->scores = space;
    t->more_scores = t->scores + run_rows(t->rows.n_heads) * SXT_KV_BLOCK;
    t->spare = t->more_scores + run_rows(t->rows.n_heads) * SXT_KV_BLOCK;
    float *tile_space = t->spare + sxt_round_up((size_t)a->head_dim, 16);
    sxt_key_tile_init(&t->tile, a, (int32_t)kv_head, tile_space);
    sxt_query_rows_init(&t->rows, tile_space + sxt_key_tile_floats(a->head_dim));
}

/* Keys that some query of the task sees: [*first, *end). */
static void key_range(const sxt_query_rows *rows, int64_t *first, int64_t *end) {
    *first = INT64_MAX;
    *end = 0;
    for (int64_t i = 0; i < rows->n_queries; i++) {
        const sxt_band *bands = rows->bands + i * SXT_PLAN_MAX_BANDS;
        if (rows->n_bands[i] == 0) continue;
        *first = sxt_min_i64(*first, bands[0].first_key);
        *end = sxt_max_i64(*end, bands[rows->n_bands[i] - 1].end_key);
    }
}

static void run_task(void *arg, int64_t i_task, int i_thread) {
    const split *s = arg;
    task t;
    int64_t first, end, n_held = s->a->first + s->a->n_queries;
    open_task(&t, s, i_task, i_thread);
    key_range(&t.rows, &first, &end);
    for (int64_t at = first / SXT_KV_BLOCK * SXT_KV_BLOCK; at < end; at += SXT_KV_BLOCK) {
        sxt_key_tile_move(&t.tile, at, (int)sxt_min_i64(SXT_KV_BLOCK, n_held - at));
        for (int64_t query = 0; query < t.rows.n_queries;) query = attend_run(&t, query);
    }
    sxt_query_rows_finish(&t.rows);
}

/* ---- The call ---------------------------------------------------------------------------------- */

static int64_t pieces(int64_t n, int64_t size) { return (n + size - 1) / size; }

static int64_t most_queries(int64_t n_queries, int32_t group) {
    return sxt_min_i64(n_queries, sxt_max_i64(1, TASK_ROWS / group));
}

size_t sxt_attention_scratch_bytes(int32_t n_heads, int32_t n_kv_heads, int32_t head_dim, int64_t n_queries) {
    int32_t group = n_heads / n_kv_heads;
    return sxt_round_up(task_bytes(most_queries(n_queries, group), group, head_dim), 64);
}

/* Whole groups and all queries while that occupies the threads evenly; else fewer queries per task, and
 * with too few queries to cut, fewer heads. */
static void choose_split(split *s, int64_t n_threads) {
    const sxt_attention *a = s->a;
    int32_t group = a->n_heads / a->n_kv_heads;
    int64_t most = most_queries(a->n_queries, group);
    s->n_query_pieces = pieces(a->n_queries, most);
    while (a->n_kv_heads * s->n_query_pieces % n_threads != 0 &&
           a->n_kv_heads * s->n_query_pieces < 4 * n_threads &&
           pieces(a->n_queries, s->n_query_pieces + 1) >= MIN_QUERIES)
        s->n_query_pieces++;
    s->queries_per_piece = pieces(a->n_queries, s->n_query_pieces);
    s->n_query_pieces = pieces(a->n_queries, s->queries_per_piece);

    int64_t n_tasks = a->n_kv_heads * s->n_query_pieces;
    int64_t head_pieces = n_tasks >= n_threads ? 1 : sxt_min_i64(group, pieces(n_threads, n_tasks));
    s->heads_per_piece = (int32_t)pieces(group, head_pieces);
    s->n_head_pieces = pieces(group, s->heads_per_piece);
}

void sxt_attend(sxt_pool *pool, const sxt_attention *a, void *scratch, size_t scratch_bytes) {
    split s = {.a = a, .scratch = scratch, .scratch_bytes = scratch_bytes};
    if (a->n_queries <= 0) return;
    choose_split(&s, sxt_pool_n_threads(pool));
    sxt_pool_run(pool, a->n_kv_heads * s.n_head_pieces * s.n_query_pieces, run_task, &s);
}
