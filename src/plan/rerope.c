/* ReRoPE (Su 2023, kexue.fm/archives/9708): the nearest W keys stand where they are, all others at distance W.
 * No relative position exceeds W, and W is below the trained window: any length will do. */
#include "base/num.h"
#include "plan/near_far.h"
#include "plan/registry.h"

static int bands(const sxt_plan *plan, int64_t i, sxt_band out[SXT_PLAN_MAX_BANDS]) {
    int64_t window = plan->neighbor_window;
    return sxt_near_far_bands(i, window, INT64_MAX, (double)window, out);
}

/* The author's runs used 512 and 1024 of 4096; half of a small window, because all far keys stand at W. */
static int parameters(sxt_plan *plan, sxt_plan_number out[SXT_PLAN_MAX_OPTIONS]) {
    out[0] = sxt_near_window(plan, sxt_min_i64(plan->n_ctx_train / 2, 1024), "L/2, at most 1024");
    return 1;
}

const sxt_plan_method sxt_plan_rerope = {
    .name = "rerope",
    .summary = "near keys as trained, all others at the window's distance",
    .source = "Su 2023, kexue.fm/archives/9708",
    .need = sxt_plan_need_far,
    .parameters = parameters,
    .bands = bands,
    .key_positions = sxt_far_at_zero,
};
