/* StreamingLLM (Xiao et al., ICLR 2024, arXiv 2309.17453): the first S tokens (attention sinks) and the R
 * before the query stay visible. Its cache numbers what it keeps from 0 on; that is the same as true distances
 * to the recent keys, and sinks that stand just before them: the query sees these from min(i, S + R). */
#include "base/num.h"
#include "plan/key_index.h"
#include "plan/option.h"
#include "plan/registry.h"

#include <string.h>

enum { SINKS = 4 };

static int bands(const sxt_plan *plan, int64_t i, sxt_band out[SXT_PLAN_MAX_BANDS]) {
    int64_t sinks = plan->n_sinks, recent = plan->n_recent, first = i - recent;
    int n = 0;
    if (first > sinks && sinks > 0) {
        out[n++] = (sxt_band){.first_key = 0, .end_key = sinks, .query_pos = (double)(sinks + recent)};
    } else if (first <= sinks) {
        first = 0; /* nothing is hidden yet, and sinks are where they were */
    }
    out[n++] = (sxt_band){.first_key = first, .end_key = i + 1, .query_pos = (double)i};
    return n;
}

static void key_positions(const sxt_plan *plan, int key_map, int64_t first, int64_t n, double *positions) {
    (void)plan;
    (void)key_map;
    sxt_keys_at_index(first, n, positions);
}

/* No relative position exceeds S + R, and S + R + 1 <= L. */
static int64_t limit(const sxt_plan *plan) {
    (void)plan;
    return INT64_MAX;
}

static sxt_plan_memory memory(const sxt_plan *plan) {
    return (sxt_plan_memory){.n_first = plan->n_sinks, .n_nearest = plan->n_recent + 1};
}

/* The largest R for S sinks. */
static int64_t most_recent(int64_t trained, int64_t sinks) { return trained - sinks - 1; }

static int parameters(sxt_plan *plan, sxt_plan_number out[SXT_PLAN_MAX_OPTIONS]) {
    int64_t trained = plan->n_ctx_train, sinks = sxt_max_i64(0, sxt_min_i64(SINKS, trained - 2));
    out[0] = (sxt_plan_number){.name = "sinks",
                               .min = 0,
                               .max = sxt_max_i64(0, trained - 2),
                               .why = ", two below the model's trained window",
                               .value = &plan->n_sinks,
                               .standard = sinks};
    out[1] = (sxt_plan_number){.name = "recent",
                               .min = 1,
                               .max = trained - 1,
                               .why = ", below the model's trained window",
                               .value = &plan->n_recent,
                               .standard = most_recent(trained, sinks)};
    out[2] = (sxt_plan_number){.name = "prefill", .words = "stream"};
    return 3;
}

/* A prompt that sees all of itself makes what a query sees depend on where the prompt ended: what was cached
 * could then not be reused, rolled back or read in other chunks. */
static sxt_status refuse_dense(const sxt_plan_option *options, int n_options, sxt_error *error) {
    const char *prefill = sxt_plan_option_value(options, n_options, "prefill");
    if (!prefill || strcmp(prefill, "dense") != 0) return SXT_OK;
    return sxt_fail(error, SXT_E_ARGUMENT,
                    "plan streaming: prefill=dense would make a query depend on where the prompt ended; use "
                    "prefill=stream, or none or self-extend for a prompt that must be seen whole");
}

static sxt_status configure(sxt_plan *plan, const sxt_plan_model *model, const sxt_plan_option *options,
                            int n_options, sxt_error *error) {
    int64_t trained = model->n_ctx_train;
    sxt_plan made;
    if (trained < 2)
        return sxt_fail(error, SXT_E_ARGUMENT,
                        "plan streaming: a trained window of %lld tokens holds no recent key; use none",
                        (long long)trained);
    SXT_TRY(refuse_dense(options, n_options, error));
    SXT_TRY(sxt_plan_configure(&sxt_plan_streaming, &made, model, options, n_options, error));
    int64_t most = most_recent(trained, made.n_sinks);
    if (!sxt_plan_option_value(options, n_options, "recent")) made.n_recent = most;
    if (made.n_recent > most)
        return sxt_fail(
            error, SXT_E_ARGUMENT,
            "plan streaming: %lld sinks, %lld recent keys and the query do not fit the trained window "
            "of %lld; give recent=%lld or less",
            (long long)made.n_sinks, (long long)made.n_recent, (long long)trained, (long long)most);
    *plan = made;
    return SXT_OK;
}

const sxt_plan_method sxt_plan_streaming = {
    .name = "streaming",
    .summary = "only the first and the nearest keys are seen, without end (sinks=4,recent=L-sinks-1)",
    .bands = bands,
    .key_positions = key_positions,
    .limit = limit,
    .memory = memory,
    .parameters = parameters,
    .configure = configure,
};
