/* Dual Chunk Attention (An et al., ICML 2024, arXiv 2402.17463): key j stands at j mod s, always. A query
 * stands at i mod s for its own chunk, s farther for the chunk before, but no farther than c = s + w (exact for
 * the w nearest keys of that chunk), and at min(2s - 1, c) for all older ones. Clamped at c as the published
 * code does; its text says c - 1. With c <= L any length will do; c = L is one more than training saw. */
#include "base/num.h"
#include "plan/option.h"
#include "plan/registry.h"

static int bands(const sxt_plan *plan, int64_t i, sxt_band out[SXT_PLAN_MAX_BANDS]) {
    int64_t s = plan->chunk_length, c = plan->chunk_size, own = i / s * s, before = own - s;
    int n = 0;
    if (before > 0)
        out[n++] =
            (sxt_band){.first_key = 0, .end_key = before, .query_pos = (double)sxt_min_i64(2 * s - 1, c)};
    if (own > 0)
        out[n++] =
            (sxt_band){.first_key = before, .end_key = own, .query_pos = (double)sxt_min_i64(i - own + s, c)};
    out[n++] = (sxt_band){.first_key = own, .end_key = i + 1, .query_pos = (double)(i - own)};
    return n;
}

/* One division for all, as decode asks for every key's position. */
static void key_positions(const sxt_plan *plan, int key_map, int64_t first, int64_t n, double *positions) {
    int64_t length = plan->chunk_length, inside = first % length;
    (void)key_map;
    for (int64_t i = 0; i < n; i++) {
        positions[i] = (double)inside;
        if (++inside == length) inside = 0;
    }
}

/* L/8 for the standard chunk of 3L/4, and in proportion for others. */
static int64_t standard_local(int64_t chunk) { return sxt_max_i64(1, chunk / 6); }

static int parameters(sxt_plan *plan, sxt_plan_number out[SXT_PLAN_MAX_OPTIONS]) {
    int64_t trained = plan->n_ctx_train, chunk = sxt_max_i64(2, trained - (trained + 3) / 4);
    out[0] = (sxt_plan_number){.name = "chunk",
                               .min = 2,
                               .max = trained,
                               .why = ", the model's trained window",
                               .value = &plan->chunk_size,
                               .standard = chunk,
                               .end = "L",
                               .formula = "3L/4"};
    out[1] = (sxt_plan_number){.name = "local",
                               .min = 1,
                               .max = trained - 1,
                               .why = ", below the model's trained window",
                               .value = &plan->neighbor_window,
                               .standard = standard_local(chunk),
                               .end = "L - 1",
                               .formula = "chunk/6"};
    return 2;
}

static sxt_status check(sxt_plan *plan, const sxt_plan_model *model, const sxt_plan_option *options,
                        int n_options, sxt_error *error) {
    (void)model;
    if (!sxt_plan_option_value(options, n_options, "local"))
        plan->neighbor_window = standard_local(plan->chunk_size);
    if (plan->neighbor_window >= plan->chunk_size)
        return sxt_fail(error, SXT_E_ARGUMENT,
                        "plan dual-chunk: local=%lld leaves nothing of chunk=%lld; give local=%lld or less",
                        (long long)plan->neighbor_window, (long long)plan->chunk_size,
                        (long long)plan->chunk_size - 1);
    plan->chunk_length = plan->chunk_size - plan->neighbor_window;
    return SXT_OK;
}

const sxt_plan_method sxt_plan_dual_chunk = {
    .name = "dual-chunk",
    .summary = "positions within chunks, and a query that steps back by one",
    .source = "An et al., ICML 2024, arXiv 2402.17463",
    .need = sxt_plan_need_far,
    .parameters = parameters,
    .check = check,
    .bands = bands,
    .key_positions = key_positions,
};
