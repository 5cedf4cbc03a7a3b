/* Leaky ReRoPE (Su 2023, kexue.fm/archives/9708): the nearest W keys stand where they are; beyond them the
 * distance grows by 1/k. Far positions are counted in steps of 1/k: key j stands at step j, query i at
 * i + W * (k - 1), which makes W + (i - j - W) / k. */
#include "base/num.h"
#include "plan/key_index.h"
#include "plan/option.h"
#include "plan/registry.h"

#include <math.h>

enum { NEAR = 0, FAR = 1, MOST_WINDOW = 1024, MOST_K = 1000000 };

static int bands(const sxt_plan *plan, int64_t i, sxt_band out[SXT_PLAN_MAX_BANDS]) {
    int64_t window = plan->neighbor_window, first_near = sxt_max_i64(0, i - window + 1);
    double far_pos = (double)i + (double)window * (plan->factor - 1);
    int n = 0;
    if (first_near > 0)
        out[n++] = (sxt_band){.first_key = 0, .end_key = first_near, .query_pos = far_pos, .key_map = FAR};
    out[n++] = (sxt_band){.first_key = first_near, .end_key = i + 1, .query_pos = (double)i, .key_map = NEAR};
    return n;
}

static void key_positions(const sxt_plan *plan, int key_map, int64_t first, int64_t n, double *positions) {
    (void)plan;
    (void)key_map;
    sxt_keys_at_index(first, n, positions);
}

static double unit(const sxt_plan *plan, int key_map) { return key_map == FAR ? 1 / plan->factor : 1; }

/* W + k * (L - 1 - W) is the farthest key whose distance becomes L - 1. */
static int64_t limit(const sxt_plan *plan) {
    int64_t window = plan->neighbor_window, sliding = plan->sliding_window;
    double farthest = (double)window + plan->factor * (double)(plan->n_ctx_train - 1 - window);
    bool slides = sliding > 0 && (double)(sliding - 1) <= farthest;
    return slides || farthest >= 0x1p62 ? INT64_MAX : (int64_t)farthest + 1;
}

static int parameters(sxt_plan *plan, sxt_plan_number out[SXT_PLAN_MAX_OPTIONS]) {
    int64_t trained = plan->n_ctx_train;
    out[0] = (sxt_plan_number){.name = "window",
                               .min = 1,
                               .max = trained - 1,
                               .why = ", below the model's trained window",
                               .value = &plan->neighbor_window,
                               .standard = sxt_max_i64(1, sxt_min_i64(trained / 2, MOST_WINDOW))};
    out[1] = (sxt_plan_number){.name = "k", .least = 1, .most = MOST_K, .real = &plan->factor, .usual = 16};
    return 2;
}

static sxt_status configure(sxt_plan *plan, const sxt_plan_model *model, const sxt_plan_option *options,
                            int n_options, sxt_error *error) {
    SXT_TRY(sxt_plan_need_far("leaky-rerope", model, error));
    return sxt_plan_configure(&sxt_plan_leaky_rerope, plan, model, options, n_options, error);
}

const sxt_plan_method sxt_plan_leaky_rerope = {
    .name = "leaky-rerope",
    .summary = "near keys as trained, farther distances grow by 1/k (window=L/2, at most 1024,k=16)",
    .bands = bands,
    .key_positions = key_positions,
    .unit = unit,
    .limit = limit,
    .parameters = parameters,
    .configure = configure,
};
