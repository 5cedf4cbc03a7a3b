#include "op/query_rows.h"

#include "base/num.h"
#include "kernel/kernel.h"
#include "op/rotate.h"

#include <math.h>
#include <string.h>

static size_t aligned(size_t bytes) { return sxt_round_up(bytes, 64); }

size_t sxt_query_rows_bytes(int64_t n_queries, int32_t n_heads, int32_t head_dim) {
    size_t queries = (size_t)n_queries, rows = queries * (size_t)n_heads;
    return 2 * aligned(rows * (size_t)head_dim * sizeof(float)) + 2 * aligned(rows * sizeof(float)) +
           aligned(queries * SXT_PLAN_MAX_BANDS * sizeof(sxt_band)) + 3 * aligned(queries);
}

static void *take(char **at, size_t bytes) {
    void *taken = *at;
    *at += aligned(bytes);
    return taken;
}

void sxt_query_rows_init(sxt_query_rows *rows, void *space) {
    const sxt_attention *a = rows->a;
    size_t queries = (size_t)rows->n_queries, n_rows = queries * (size_t)rows->n_heads;
    size_t vectors = n_rows * (size_t)a->head_dim * sizeof(float);
    char *at = space;
    rows->q = take(&at, vectors);
    rows->out = take(&at, vectors);
    rows->max = take(&at, n_rows * sizeof(float));
    rows->sum = take(&at, n_rows * sizeof(float));
    rows->bands = take(&at, queries * SXT_PLAN_MAX_BANDS * sizeof(sxt_band));
    rows->n_bands = take(&at, queries);
    rows->next_band = take(&at, queries);
    rows->turned = take(&at, queries);
    memset(rows->out, 0, vectors);
    memset(rows->next_band, 0, queries);
    memset(rows->turned, -1, queries);
    for (size_t r = 0; r < n_rows; r++) rows->max[r] = -INFINITY;
    for (size_t r = 0; r < n_rows; r++) rows->sum[r] = 0;
    for (int64_t i = 0; i < rows->n_queries; i++)
        rows->n_bands[i] = (uint8_t)sxt_plan_bands(a->plan, a->first + rows->first_query + i, a->sliding_window,
                                                   rows->bands + i * SXT_PLAN_MAX_BANDS);
}

void sxt_query_rows_turn(sxt_query_rows *rows, int64_t query, int band, float *spare) {
    if (rows->turned[query] == band) return;
    const sxt_attention *a = rows->a;
    int32_t d = a->head_dim, n_rot = sxt_rope_n_rot(a->rope);
    const float *row = sxt_rope_row(a->rope, rows->bands[query * SXT_PLAN_MAX_BANDS + band].query_pos, spare);
    const float *from = a->q + ((rows->first_query + query) * a->n_heads + rows->first_head) * d;
    float *to = rows->q + query * rows->n_heads * d;
    for (int32_t h = 0; h < rows->n_heads; h++)
        sxt_rotate(from + h * d, row, to + h * d, n_rot, d, sxt_rope_interleaved(a->rope));
    sxt_kernels_get()->scale(to, a->scale, (int64_t)rows->n_heads * d);
    rows->turned[query] = (int8_t)band;
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

void sxt_query_rows_finish(sxt_query_rows *rows) {
    const sxt_attention *a = rows->a;
    int32_t d = a->head_dim;
    for (int64_t i = 0; i < rows->n_queries; i++)
        for (int32_t h = 0; h < rows->n_heads; h++) {
            int64_t row = i * rows->n_heads + h;
            const float *from = rows->out + row * d;
            float *to = a->out + ((rows->first_query + i) * a->n_heads + rows->first_head + h) * d;
            float sum = rows->sum[row];
            for (int32_t x = 0; x < d; x++) to[x] = sum > 0 ? from[x] / sum : sum;
        }
}
