/* ReRoPE (Su 2023, kexue.fm/archives/9708): the nearest W keys stand where they are, all others at distance W.
 */
#include "base/num.h"
#include "plan/key_index.h"
#include "plan/option.h"
#include "plan/registry.h"

enum { NEAR = 0, FAR = 1, MOST_WINDOW = 1024 };

static int bands(const sxt_plan *plan, int64_t i, sxt_band out[SXT_PLAN_MAX_BANDS]) {
    int64_t window = plan->neighbor_window, first_near = sxt_max_i64(0, i - window + 1);
    int n = 0;
    if (first_near > 0)
        out[n++] =
            (sxt_band){.first_key = 0, .end_key = first_near, .query_pos = (double)window, .key_map = FAR};
    out[n++] = (sxt_band){.first_key = first_near, .end_key = i + 1, .query_pos = (double)i, .key_map = NEAR};
    return n;
}

static void key_positions(const sxt_plan *plan, int key_map, int64_t first, int64_t n, double *positions) {
    (void)plan;
    if (key_map == FAR)
        sxt_keys_at_zero(n, positions);
    else
        sxt_keys_at_index(first, n, positions);
}

/* No relative position exceeds W, and W is below the trained window. */
static int64_t limit(const sxt_plan *plan) {
    (void)plan;
    return INT64_MAX;
}

/* The author's runs used 512 and 1024 of 4096; half of a small window, because all far keys stand at W. */
static int parameters(sxt_plan *plan, sxt_plan_number out[SXT_PLAN_MAX_OPTIONS]) {
    int64_t trained = plan->n_ctx_train;
    out[0] = (sxt_plan_number){.name = "window",
                               .min = 1,
                               .max = trained - 1,
                               .why = ", below the model's trained window",
                               .value = &plan->neighbor_window,
                               .standard = sxt_max_i64(1, sxt_min_i64(trained / 2, MOST_WINDOW))};
    return 1;
}

static sxt_status configure(sxt_plan *plan, const sxt_plan_model *model, const sxt_plan_option *options,
                            int n_options, sxt_error *error) {
    SXT_TRY(sxt_plan_need_far("rerope", model, error));
    return sxt_plan_configure(&sxt_plan_rerope, plan, model, options, n_options, error);
}

const sxt_plan_method sxt_plan_rerope = {
    .name = "rerope",
    .summary = "near keys as trained, all others at the window's distance (window=L/2, at most 1024)",
    .bands = bands,
    .key_positions = key_positions,
    .limit = limit,
    .parameters = parameters,
    .configure = configure,
};
