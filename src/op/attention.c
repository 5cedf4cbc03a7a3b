/* Attention in one pass. A task owns a piece of one KV head's query rows and walks the key tiles in rising
 * order; tiles start at multiples of SXT_KV_BLOCK whatever the call, and what a row does with a tile depends
 * on that row alone. Every sxt_span_keys() keys a softmax begins anew and joins those before it: with few
 * queries the spans are tasks of their own, and join afterwards in the same order. So the bits are the same for
 * every split of the queries and every number of threads. */
#include "op/attention.h"

#include "base/num.h"
#include "op/tile_pass.h"

#include <math.h>
#include <string.h>

enum {
    TASK_ROWS = 4096, /* most rows of a task (but always a whole query): bounds the workspace */
    MIN_QUERIES = 64, /* fewer queries would pack each key tile too often for the work it gives */
    FEW_QUERIES = 4,  /* so few are cut by spans of keys */
    SPAN_SLOTS = 64   /* spans times queries whose results wait to be joined */
};

static int64_t pieces(int64_t n, int64_t size) { return (n + size - 1) / size; }

/* ---- Many queries: a task is (KV head, piece of its heads, piece of the queries), the last fastest ------ */

typedef struct split {
    const sxt_attention *a;
    char *scratch;
    size_t scratch_bytes;
    int64_t n_query_pieces, n_head_pieces, queries_per_piece;
    int32_t heads_per_piece;
} split;

static int64_t most_queries(int64_t n_queries, int32_t group) {
    return sxt_min_i64(n_queries, sxt_max_i64(1, TASK_ROWS / group));
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

static void run_task(void *arg, int64_t i_task, int i_thread) {
    const split *s = arg;
    const sxt_attention *a = s->a;
    int64_t i_query = i_task % s->n_query_pieces, i_head = i_task / s->n_query_pieces % s->n_head_pieces;
    int64_t kv_head = i_task / s->n_query_pieces / s->n_head_pieces;
    int32_t group = a->n_heads / a->n_kv_heads, head = (int32_t)i_head * s->heads_per_piece;
    int64_t query = i_query * s->queries_per_piece, span = sxt_span_keys(a->head_dim);
    sxt_tile_pass pass;
    sxt_tile_pass_init(&pass, a, query, sxt_min_i64(s->queries_per_piece, a->n_queries - query),
                       (int32_t)kv_head * group + head, (int32_t)sxt_min_i64(s->heads_per_piece, group - head),
                       s->scratch + (size_t)i_thread * s->scratch_bytes);
    for (int64_t first = sxt_key_ranges_next(&pass.seen, 0); first < INT64_MAX;) {
        sxt_tile_pass_span(&pass, first);
        sxt_query_rows_end_span(&pass.rows);
        first = sxt_key_ranges_next(&pass.seen, (first / span + 1) * span);
    }
    sxt_query_rows_finish(&pass.rows);
}

/* ---- Few queries: a task is (span of keys, KV head), the last fastest ------------------------------------ */

/* What is known of all rows (n_queries, n_heads): sums of weights times values, maxima, sums of weights. */
typedef struct partial {
    float *out, *max, *sum; /* (rows, head_dim), (rows), (rows) */
} partial;

typedef struct spans {
    const sxt_attention *a;
    char *scratch;
    size_t scratch_bytes;
    int64_t first[SPAN_SLOTS]; /* of a round's spans: the first key that some query sees */
    float *slots;              /* a partial for each span of a round, then the sums of what was joined */
} spans;

static size_t slot_floats(const sxt_attention *a, int64_t n_queries) {
    return (size_t)n_queries * (size_t)a->n_heads * (size_t)(a->head_dim + 2);
}

static partial slot_at(const spans *s, int64_t i) {
    const sxt_attention *a = s->a;
    int64_t rows = a->n_queries * a->n_heads;
    float *at = s->slots + (size_t)i * slot_floats(a, a->n_queries);
    return (partial){at, at + rows * a->head_dim, at + rows * (a->head_dim + 1)};
}

static void run_span(void *arg, int64_t i_task, int i_thread) {
    const spans *s = arg;
    const sxt_attention *a = s->a;
    int32_t group = a->n_heads / a->n_kv_heads, head = (int32_t)(i_task % a->n_kv_heads) * group;
    int64_t slot = i_task / a->n_kv_heads;
    sxt_tile_pass pass;
    partial to = slot_at(s, slot);
    sxt_tile_pass_init(&pass, a, 0, a->n_queries, head, group,
                       s->scratch + (size_t)i_thread * s->scratch_bytes);
    sxt_tile_pass_span(&pass, s->first[slot]);
    for (int64_t i = 0; i < a->n_queries; i++) {
        int64_t row = i * a->n_heads + head, from = i * group;
        memcpy(to.out + row * a->head_dim, pass.rows.out + from * a->head_dim,
               (size_t)group * (size_t)a->head_dim * sizeof(float));
        memcpy(to.max + row, pass.rows.max + from, (size_t)group * sizeof(float));
        memcpy(to.sum + row, pass.rows.sum + from, (size_t)group * sizeof(float));
    }
}

static bool in_integers(const sxt_attention *a) {
    return a->precision == SXT_PRECISION_FAST && sxt_kernels_get()->attends_int16;
}

/* Joins n spans, in order, to what was joined before in a->out. */
static void join_spans(const spans *s, const partial *total, int64_t n) {
    const sxt_attention *a = s->a;
    for (int64_t i = 0; i < n; i++) {
        partial more = slot_at(s, i);
        sxt_fold fold = {.max = total->max,
                         .sum = total->sum,
                         .add_max = more.max,
                         .add_sum = more.sum,
                         .out = a->out,
                         .add_out = more.out,
                         .ldo = a->head_dim,
                         .ld_add = a->head_dim,
                         .n_rows = a->n_queries * a->n_heads,
                         .head_dim = a->head_dim,
                         .unit = sxt_softmax_unit(in_integers(a))};
        sxt_kernels_get()->attend_fold(&fold);
    }
}

/* Keys that some query sees. */
static sxt_key_ranges seen_keys(const sxt_attention *a) {
    sxt_band bands[FEW_QUERIES * SXT_PLAN_MAX_BANDS];
    uint8_t n_bands[FEW_QUERIES];
    for (int64_t i = 0; i < a->n_queries; i++)
        n_bands[i] =
            (uint8_t)sxt_plan_bands(a->plan, a->first + i, a->sliding_window, bands + i * SXT_PLAN_MAX_BANDS);
    return sxt_key_ranges_of(bands, n_bands, a->n_queries);
}

static void attend_few(sxt_pool *pool, spans *s) {
    const sxt_attention *a = s->a;
    const sxt_key_ranges seen = seen_keys(a);
    int64_t n_rows = a->n_queries * a->n_heads, per_round = SPAN_SLOTS / a->n_queries;
    int64_t span = sxt_span_keys(a->head_dim), key = sxt_key_ranges_next(&seen, 0);
    partial total = slot_at(s, per_round);
    for (int64_t r = 0; r < n_rows; r++) total.max[r] = -INFINITY;
    for (int64_t r = 0; r < n_rows; r++) total.sum[r] = 0;
    while (key < INT64_MAX) {
        int64_t n = 0;
        for (; n < per_round && key < INT64_MAX; n++) {
            s->first[n] = key;
            key = sxt_key_ranges_next(&seen, (key / span + 1) * span);
        }
        sxt_pool_run(pool, n * a->n_kv_heads, run_span, s);
        join_spans(s, &total, n);
    }
    for (int64_t r = 0; r < n_rows; r++)
        sxt_softmax_divide(a->out + r * a->head_dim, total.sum[r], a->head_dim);
}

/* ---- The call -------------------------------------------------------------------------------------------- */

/* Where the slots begin in the first thread's piece: behind what a pass of few queries needs. */
static size_t few_bytes(int32_t group, int32_t head_dim, int64_t n_queries) {
    return sxt_tile_pass_bytes(sxt_min_i64(FEW_QUERIES, n_queries), group, head_dim);
}

size_t sxt_attention_scratch_bytes(int32_t n_heads, int32_t n_kv_heads, int32_t head_dim, int64_t n_queries) {
    int32_t group = n_heads / n_kv_heads;
    sxt_attention shape = {.n_heads = n_heads, .head_dim = head_dim};
    size_t many = sxt_tile_pass_bytes(most_queries(n_queries, group), group, head_dim);
    size_t few = few_bytes(group, head_dim, n_queries) +
                 (slot_floats(&shape, SPAN_SLOTS) + slot_floats(&shape, FEW_QUERIES)) * sizeof(float);
    return sxt_round_up(many > few ? many : few, 64);
}

void sxt_attend(sxt_pool *pool, const sxt_attention *a, void *scratch, size_t scratch_bytes) {
    int64_t n_threads = sxt_pool_n_threads(pool);
    if (a->n_queries <= 0) return;
    if (a->n_queries <= FEW_QUERIES) {
        spans s = {.a = a, .scratch = scratch, .scratch_bytes = scratch_bytes};
        size_t at = few_bytes(a->n_heads / a->n_kv_heads, a->head_dim, a->n_queries);
        s.slots = (float *)(void *)(s.scratch + at);
        attend_few(pool, &s);
        return;
    }
    split s = {.a = a, .scratch = scratch, .scratch_bytes = scratch_bytes};
    choose_split(&s, n_threads);
    sxt_pool_run(pool, a->n_kv_heads * s.n_head_pieces * s.n_query_pieces, run_task, &s);
}
