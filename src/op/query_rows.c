#include "op/query_rows.h"

#include "base/num.h"
#include "op/angles.h"
#include "op/key_tile.h"

#include <math.h>
#include <string.h>

static size_t aligned(size_t bytes) { return sxt_round_up(bytes, 64); }

size_t sxt_query_rows_bytes(int64_t n_queries, int32_t n_heads, int32_t head_dim) {
    size_t queries = (size_t)n_queries, rows = queries * (size_t)n_heads;
    return 2 * aligned(rows * (size_t)head_dim * sizeof(float)) + 5 * aligned(rows * sizeof(float)) +
           aligned((size_t)n_heads * (size_t)head_dim * sizeof(float)) +
           aligned(queries * SXT_PLAN_MAX_BANDS * sizeof(sxt_band)) + 3 * aligned(queries);
}

static void *take(char **at, size_t bytes) {
    void *taken = *at;
    *at += aligned(bytes);
    return taken;
}

static int64_t n_rows(const sxt_query_rows *rows) { return rows->n_queries * rows->n_heads; }

static void clear(float *max, float *sum, int64_t n) {
    for (int64_t r = 0; r < n; r++) max[r] = -INFINITY;
    for (int64_t r = 0; r < n; r++) sum[r] = 0;
}

void sxt_query_rows_init(sxt_query_rows *rows, void *space) {
    const sxt_attention *a = rows->a;
    size_t queries = (size_t)rows->n_queries, n = (size_t)n_rows(rows);
    size_t vectors = n * (size_t)a->head_dim * sizeof(float);
    char *at = space;
    void *q = take(&at, vectors);
    if (rows->int16)
        rows->q.pairs = q;
    else
        rows->q.f32 = q;
    rows->out = take(&at, vectors);
    rows->q_scales = take(&at, n * sizeof(float));
    rows->max = take(&at, n * sizeof(float));
    rows->sum = take(&at, n * sizeof(float));
    rows->total_max = take(&at, n * sizeof(float));
    rows->total_sum = take(&at, n * sizeof(float));
    rows->turned_q = take(&at, (size_t)rows->n_heads * (size_t)a->head_dim * sizeof(float));
    rows->bands = take(&at, queries * SXT_PLAN_MAX_BANDS * sizeof(sxt_band));
    rows->n_bands = take(&at, queries);
    rows->next_band = take(&at, queries);
    rows->turned = take(&at, queries);
    memset(rows->next_band, 0, queries);
    clear(rows->total_max, rows->total_sum, (int64_t)n);
    for (int64_t i = 0; i < rows->n_queries; i++)
        rows->n_bands[i] = (uint8_t)sxt_plan_bands(a->plan, a->first + rows->first_query + i, a->sliding_window,
                                                   rows->bands + i * SXT_PLAN_MAX_BANDS);
}

void sxt_query_rows_start_span(sxt_query_rows *rows, int64_t first) {
    rows->span = first;
    memset(rows->turned, -1, (size_t)rows->n_queries);
    memset(rows->out, 0, (size_t)n_rows(rows) * (size_t)rows->a->head_dim * sizeof(float));
    clear(rows->max, rows->sum, n_rows(rows));
}

/* to (n_heads, head_dim): the heads of one query, turned for one of its bands. */
static void turn_heads(const sxt_query_rows *rows, int64_t query, int band, float *to, float *spare) {
    enum { AT_ONCE = 16 };
    const sxt_attention *a = rows->a;
    const sxt_band *b = rows->bands + query * SXT_PLAN_MAX_BANDS + band;
    double position = b->query_pos - sxt_span_base(a, b->key_map, rows->span);
    const float *row = sxt_angles(a->rope, sxt_plan_unit(a->plan, b->key_map), position, spare),
                *angles[AT_ONCE];
    const float *from = a->q + ((rows->first_query + query) * a->n_heads + rows->first_head) * a->head_dim;
    int32_t d = a->head_dim;
    for (int i = 0; i < AT_ONCE; i++) angles[i] = row;
    for (int32_t h = 0; h < rows->n_heads; h += AT_ONCE)
        sxt_kernels_get()->rotate(from + h * d, d, angles, to + h * d, d,
                                  sxt_min_i64(AT_ONCE, rows->n_heads - h), sxt_rope_n_rot(a->rope), d,
                                  sxt_rope_interleaved(a->rope), (sxt_ahead){from, 0});
}

void sxt_query_rows_turn(sxt_query_rows *rows, int64_t query, int band, float *spare) {
    const sxt_attention *a = rows->a;
    int64_t d = a->head_dim, row = query * rows->n_heads;
    if (rows->turned[query] == band) return;
    rows->turned[query] = (int8_t)band;
    float scale =
        (float)((double)a->scale * sxt_plan_temperature(a->plan, a->first + rows->first_query + query));
    if (rows->int16) {
        turn_heads(rows, query, band, rows->turned_q, spare);
        sxt_kernels_get()->int16_queries(rows->turned_q, d, scale / sxt_softmax_unit(true),
                                         rows->q.pairs + row * (d / 2), d / 2, rows->q_scales + row,
                                         rows->n_heads, d);
    } else {
        turn_heads(rows, query, band, rows->q.f32 + row * d, spare);
        sxt_kernels_get()->scale(rows->q.f32 + row * d, scale, rows->n_heads * d);
    }
}

void sxt_query_rows_soften(sxt_query_rows *rows, int64_t row, float *scores, int first, int end) {
    const sxt_kernels *k = sxt_kernels_get();
    float old = rows->max[row], max = k->max(scores + first, end - first);
    if (max > old) {
        /* exp(-inf) is 0 for the first tile that the row sees, when there is nothing to bring along. */
        float fade = expf(old - max);
        rows->sum[row] *= fade;
        k->scale(rows->out + row * rows->a->head_dim, fade, rows->a->head_dim);
        rows->max[row] = max;
    } else {
        /* Scores that are all -inf or NaN give no maximum; NaN must still reach the sum. */
        max = old > -INFINITY ? old : 0;
    }
    rows->sum[row] += k->exp_sum(scores + first, max, end - first);
}

static float *out_of(const sxt_query_rows *rows, int64_t query) {
    const sxt_attention *a = rows->a;
    return a->out + ((rows->first_query + query) * a->n_heads + rows->first_head) * a->head_dim;
}

void sxt_query_rows_end_span(sxt_query_rows *rows) {
    int64_t d = rows->a->head_dim;
    for (int64_t i = 0; i < rows->n_queries; i++) {
        int64_t row = i * rows->n_heads;
        sxt_fold fold = {.max = rows->total_max + row,
                         .sum = rows->total_sum + row,
                         .add_max = rows->max + row,
                         .add_sum = rows->sum + row,
                         .out = out_of(rows, i),
                         .add_out = rows->out + row * d,
                         .ldo = d,
                         .ld_add = d,
                         .n_rows = rows->n_heads,
                         .head_dim = d,
                         .unit = sxt_softmax_unit(rows->int16)};
        sxt_kernels_get()->attend_fold(&fold);
    }
}

void sxt_query_rows_finish(sxt_query_rows *rows) {
    int32_t d = rows->a->head_dim;
    for (int64_t i = 0; i < rows->n_queries; i++)
        for (int32_t h = 0; h < rows->n_heads; h++)
            sxt_softmax_divide(out_of(rows, i) + h * d, rows->total_sum[i * rows->n_heads + h], d);
}

float sxt_softmax_unit(bool int16) { return int16 ? 0x1.62e43p-1f : 1; } /* ln 2 */

void sxt_softmax_divide(float *row, float sum, int32_t head_dim) {
    if (sum == 0)
        memset(row, 0, (size_t)head_dim * sizeof *row);
    else
        sxt_kernels_get()->scale(row, 1 / sum, head_dim);
}
