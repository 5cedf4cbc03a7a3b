#include "op/tile_pass.h"

#include "base/num.h"

#include <math.h>
#include <string.h>

static int down16(int x) { return x & ~15; }
static int up16(int x) { return (x + 15) & ~15; }
static int up32(int x) { return (x + 31) & ~31; }

/* ---- What is seen ------------------------------------------------------------------------------ */

/* O(1): the query's bands are walked along with the tiles. */
static void see_tile(sxt_tile_pass *t, int64_t query, sxt_tile_view *v) {
    sxt_query_rows *rows = &t->rows;
    const sxt_band *bands = rows->bands + query * SXT_PLAN_MAX_BANDS;
    int64_t first = t->tile.first, end = first + t->tile.n_keys;
    uint8_t b = rows->next_band[query];
    while (b < rows->n_bands[query] && bands[b].end_key <= first) b++;
    rows->next_band[query] = b;
    v->n_parts = 0;
    for (; b < rows->n_bands[query] && bands[b].first_key < end; b++) {
        int64_t lo = sxt_max_i64(bands[b].first_key, first), hi = sxt_min_i64(bands[b].end_key, end);
        v->parts[v->n_parts++] = (sxt_tile_part){
            .band = b, .key_map = bands[b].key_map, .lo = (int16_t)(lo - first), .hi = (int16_t)(hi - first)};
    }
}

/* Queries in a run meet the same key maps in the same order, so each part is one matrix product. */
static bool same_maps(const sxt_tile_view *x, const sxt_tile_view *y) {
    if (x->n_parts != y->n_parts) return false;
    for (int p = 0; p < x->n_parts; p++)
        if (x->parts[p].key_map != y->parts[p].key_map) return false;
    return true;
}

/* The end of the last key that a query of the run sees. */
static int run_end(const sxt_tile_pass *t, int n) {
    int end = 0;
    for (int i = 0; i < n; i++) {
        const sxt_tile_view *v = &t->views[i];
        if (v->parts[v->n_parts - 1].hi > end) end = v->parts[v->n_parts - 1].hi;
    }
    return end;
}

/* ---- Scores ------------------------------------------------------------------------------------ */

/* Columns that part p is scored for in f32: what some query sees, in sixteens. */
static void part_columns(const sxt_tile_pass *t, int n, int p, int *first, int *end) {
    int lo = SXT_KV_BLOCK, hi = 0;
    for (int i = 0; i < n; i++) {
        const sxt_tile_part *seen = &t->views[i].parts[p];
        if (seen->lo < lo) lo = seen->lo;
        if (seen->hi > hi) hi = seen->hi;
    }
    *first = down16(lo);
    *end = up16(hi);
}

static void score_f32(sxt_tile_pass *t, int64_t query, int n, int p, float *scores) {
    int32_t d = t->a->head_dim, heads = t->rows.n_heads;
    int lo, hi;
    part_columns(t, n, p, &lo, &hi);
    const float *keys = t->tile.keys[t->views[0].parts[p].key_map].f32;
    t->k->attend_scores(t->rows.q.f32 + query * heads * d, d, keys + lo, SXT_KV_BLOCK, scores + lo,
                        SXT_KV_BLOCK, (int64_t)n * heads, hi - lo, d);
}

static void score_int16(sxt_tile_pass *t, int64_t query, int n, int p, float *scores) {
    int32_t pairs = t->a->head_dim / 2, heads = t->rows.n_heads;
    int map = t->views[0].parts[p].key_map;
    sxt_int16_scores s = {.q = t->rows.q.pairs + query * heads * pairs,
                          .ldq = pairs,
                          .q_scales = t->rows.q_scales + query * heads,
                          .tile = t->tile.keys[map].pairs,
                          .k_scales = t->tile.k_scales[map],
                          .v_logs = t->adjusts ? t->no_logs : t->tile.v_logs,
                          .scores = scores,
                          .n_rows = (int64_t)n * heads,
                          .n_keys = up32(run_end(t, n)),
                          .n_pairs = pairs};
    t->k->int16_scores(&s);
}

/* Where the keys of the tile stand, and the queries of the run, relative to the tile's first key: differences
 * are exact however long the text is. */
static void set_distances(sxt_tile_pass *t, int64_t query, int n, int p) {
    const sxt_attention *a = t->a;
    const sxt_query_rows *rows = &t->rows;
    int map = t->views[0].parts[p].key_map;
    double positions[SXT_KV_BLOCK];
    sxt_plan_key_positions(a->plan, map, t->tile.first, SXT_KV_BLOCK, positions);
    for (int j = 0; j < SXT_KV_BLOCK; j++) t->places[j] = (float)(positions[j] - positions[0]);
    for (int i = 0; i < n; i++) {
        const sxt_band *band = rows->bands + (query + i) * SXT_PLAN_MAX_BANDS + t->views[i].parts[p].band;
        for (int32_t h = 0; h < rows->n_heads; h++) {
            t->from[i * rows->n_heads + h] = (float)(band->query_pos - positions[0]);
            t->slopes[i * rows->n_heads + h] = a->slopes[rows->first_head + h] / sxt_softmax_unit(rows->int16);
        }
    }
}

/* The model's own step between the scores of a part and the softmax. In integers the logarithms that the
 * product else adds come after it. */
static void adjust_part(sxt_tile_pass *t, int64_t query, int n, int p, float *scores) {
    int first = 0, end = up32(run_end(t, n));
    if (!t->rows.int16) part_columns(t, n, p, &first, &end);
    sxt_score_step s = {.scores = scores + first,
                        .ld = SXT_KV_BLOCK,
                        .n_rows = (int64_t)n * t->rows.n_heads,
                        .n_keys = end - first,
                        .cap = t->a->cap / sxt_softmax_unit(t->rows.int16),
                        .logs = t->rows.int16 ? t->tile.v_logs : NULL};
    if (t->a->slopes) {
        set_distances(t, query, n, p);
        s.slopes = t->slopes;
        s.places = t->places + first;
        s.from = t->from;
    }
    t->k->attend_adjust(&s);
}

/* Scores of part p for the run's n queries, from `query` on, into `scores`. */
static void score_part(sxt_tile_pass *t, int64_t query, int n, int p, float *scores) {
    for (int i = 0; i < n; i++) sxt_query_rows_turn(&t->rows, query + i, t->views[i].parts[p].band, t->spare);
    sxt_key_tile_need_keys(&t->tile, t->views[0].parts[p].key_map);
    if (t->rows.int16)
        score_int16(t, query, n, p, scores);
    else
        score_f32(t, query, n, p, scores);
    if (t->adjusts) adjust_part(t, query, n, p, scores);
}

/* Copies what the queries see through part p from the other map's scores. */
static void take_part(sxt_tile_pass *t, int n, int p) {
    int32_t heads = t->rows.n_heads;
    for (int i = 0; i < n; i++) {
        const sxt_tile_part *seen = &t->views[i].parts[p];
        for (int32_t h = 0; h < heads; h++) {
            int64_t at = ((int64_t)i * heads + h) * SXT_KV_BLOCK + seen->lo;
            memcpy(t->scores + at, t->more_scores + at, (size_t)(seen->hi - seen->lo) * sizeof(float));
        }
    }
}

static void hide(float *scores, int lo, int hi) {
    for (int j = lo; j < hi; j++) scores[j] = -INFINITY;
}

/* Masks what query i of the run does not see of columns [first, end). */
static void hide_unseen(sxt_tile_pass *t, int i, int first, int end) {
    const sxt_tile_view *v = &t->views[i];
    int32_t heads = t->rows.n_heads;
    if (v->n_parts == 1 && v->parts[0].lo <= first && v->parts[0].hi >= end) return; /* most tiles */
    for (int32_t h = 0; h < heads; h++) {
        float *scores = t->scores + ((int64_t)i * heads + h) * SXT_KV_BLOCK;
        int seen = first;
        for (int p = 0; p < v->n_parts; p++) {
            hide(scores, seen, v->parts[p].lo);
            seen = v->parts[p].hi;
        }
        hide(scores, seen, end);
    }
}

/* ---- Softmax and sums in integers --------------------------------------------------------------- */

/* Whole rows in one go: weights of hidden keys are exact zeros. */
static void take_run_int16(sxt_tile_pass *t, int64_t query, int n) {
    int32_t d = t->a->head_dim, heads = t->rows.n_heads;
    int64_t row = query * heads, n_rows = (int64_t)n * heads;
    int end = up32(run_end(t, n));
    for (int i = 0; i < n; i++) hide_unseen(t, i, 0, end);
    sxt_int16_soften soften = {.scores = t->scores,
                               .inverses = t->tile.v_inverses,
                               .p = t->p,
                               .max = t->rows.max + row,
                               .sum = t->rows.sum + row,
                               .keep = t->keep,
                               .add = t->add,
                               .n_rows = n_rows,
                               .n_keys = end};
    t->k->int16_soften(&soften);
    sxt_int16_sums sums = {.p = t->p,
                           .tile = t->tile.values.pairs,
                           .ld_tile = (int64_t)sxt_round_up((size_t)d, 16),
                           .keep = t->keep,
                           .add = t->add,
                           .out = t->rows.out + row * d,
                           .ldo = d,
                           .n_rows = n_rows,
                           .n_pairs = end / 2,
                           .head_dim = d};
    t->k->int16_sums(&sums);
}

/* ---- Softmax and sums in f32 --------------------------------------------------------------------- */

static void soften_query_f32(sxt_tile_pass *t, int64_t query, int i) {
    const sxt_tile_view *v = &t->views[i];
    int32_t heads = t->rows.n_heads;
    int first = down16(v->parts[0].lo), end = up16(v->parts[v->n_parts - 1].hi);
    hide_unseen(t, i, first, end);
    for (int32_t h = 0; h < heads; h++)
        sxt_query_rows_soften(&t->rows, (query + i) * heads + h,
                              t->scores + ((int64_t)i * heads + h) * SXT_KV_BLOCK, first, end);
}

/* Part p together with the parts that follow it without a gap; returns the first part after them. */
static int join_parts(const sxt_tile_view *v, int p, int *lo, int *hi) {
    *lo = v->parts[p].lo;
    *hi = v->parts[p].hi;
    for (p++; p < v->n_parts && v->parts[p].lo == *hi; p++) *hi = v->parts[p].hi;
    return p;
}

static bool same_range(const sxt_tile_view *x, const sxt_tile_view *y) {
    return x->parts[0].lo == y->parts[0].lo && x->parts[x->n_parts - 1].hi == y->parts[y->n_parts - 1].hi;
}

/* Adds p * v over exactly the keys that the queries see: those of a whole tile in one product, those of an
 * edge query by query. Plans without gaps join to one range. */
static void add_values_f32(sxt_tile_pass *t, int64_t query, int n) {
    int32_t d = t->a->head_dim, heads = t->rows.n_heads;
    int64_t ld;
    const float *values = sxt_key_tile_values(&t->tile, &ld);
    for (int i = 0, end; i < n; i = end) {
        const sxt_tile_view *v = &t->views[i];
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
                                values + (int64_t)lo * ld, ld, t->rows.out + (query + i) * heads * d, d,
                                (int64_t)(end - i) * heads, hi - lo, d);
            if (next == v->n_parts) break;
            next = join_parts(v, next, &lo, &hi);
        }
    }
}

static void take_run_f32(sxt_tile_pass *t, int64_t query, int n) {
    for (int i = 0; i < n; i++) soften_query_f32(t, query, i);
    add_values_f32(t, query, n);
}

/* ---- The pass ------------------------------------------------------------------------------------ */

/* Takes the tile into the longest run of queries from `query` on that meet it alike; returns its end. */
static int64_t attend_run(sxt_tile_pass *t, int64_t query) {
    int64_t most = sxt_max_i64(1, SXT_RUN_ROWS / t->rows.n_heads);
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
    if (t->rows.int16)
        take_run_int16(t, query, n);
    else
        take_run_f32(t, query, n);
    return query + n;
}

void sxt_tile_pass_span(sxt_tile_pass *t, int64_t first) {
    int64_t n_held = t->a->first + t->a->n_queries;
    int64_t span = sxt_span_keys(t->a->head_dim), span_end = (first / span + 1) * span;
    sxt_query_rows_start_span(&t->rows, first);
    while (first < span_end) {
        int64_t at = first / SXT_KV_BLOCK * SXT_KV_BLOCK;
        sxt_key_tile_move(&t->tile, at, (int)sxt_min_i64(SXT_KV_BLOCK, n_held - at));
        for (int64_t query = 0; query < t->rows.n_queries;) query = attend_run(t, query);
        first = sxt_key_ranges_next(&t->seen, at + SXT_KV_BLOCK);
    }
}

static size_t run_rows(int32_t n_heads) { return sxt_round_up((size_t)sxt_max_i64(n_heads, SXT_RUN_ROWS), 16); }

static size_t pass_floats(int32_t n_heads, int32_t head_dim) {
    size_t rows = run_rows(n_heads);
    return 2 * rows * SXT_KV_BLOCK + rows * SXT_TILE_PAIRS + 4 * rows + sxt_round_up((size_t)head_dim, 16) +
           2 * SXT_KV_BLOCK + sxt_key_tile_floats(head_dim);
}

size_t sxt_tile_pass_bytes(int64_t n_queries, int32_t n_heads, int32_t head_dim) {
    return sxt_round_up(pass_floats(n_heads, head_dim) * sizeof(float), 64) +
           sxt_query_rows_bytes(n_queries, n_heads, head_dim);
}

void sxt_tile_pass_init(sxt_tile_pass *t, const sxt_attention *a, int64_t first_query, int64_t n_queries,
                        int32_t first_head, int32_t n_heads, void *space) {
    size_t rows = run_rows(n_heads);
    bool int16 = a->precision == SXT_PRECISION_FAST && sxt_kernels_get()->attends_int16;
    float *at = space;
    t->a = a;
    t->k = sxt_kernels_get();
    t->rows.a = a;
    t->rows.int16 = int16;
    t->rows.first_query = first_query;
    t->rows.n_queries = n_queries;
    t->rows.first_head = first_head;
    t->rows.n_heads = n_heads;
    t->scores = at;
    t->more_scores = t->scores + rows * SXT_KV_BLOCK;
    t->p = (uint32_t *)(void *)(t->more_scores + rows * SXT_KV_BLOCK);
    t->keep = t->more_scores + rows * (SXT_KV_BLOCK + SXT_TILE_PAIRS);
    t->add = t->keep + rows;
    t->slopes = t->add + rows;
    t->from = t->slopes + rows;
    t->places = t->from + rows;
    t->no_logs = t->places + SXT_KV_BLOCK;
    t->adjusts = a->cap > 0 || a->slopes;
    if (t->adjusts) memset(t->no_logs, 0, SXT_KV_BLOCK * sizeof *t->no_logs);
    t->spare = t->no_logs + SXT_KV_BLOCK;
    float *tile_space = t->spare + sxt_round_up((size_t)a->head_dim, 16);
    sxt_key_tile_init(&t->tile, a, int16, first_head / (a->n_heads / a->n_kv_heads), tile_space);
    sxt_query_rows_init(&t->rows,
                        (char *)space + sxt_round_up(pass_floats(n_heads, a->head_dim) * sizeof(float), 64));
    t->seen = sxt_key_ranges_of(t->rows.bands, t->rows.n_bands, n_queries);
}
