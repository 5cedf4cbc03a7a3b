/* Leaky ReRoPE (Su 2023, kexue.fm/archives/9708): the nearest W keys stand where they are; beyond them the
 * distance grows by 1/k. Far positions are counted in steps of 1/k: key j stands at step j, query i at
 * i + W * (k - 1), which makes W + (i - j - W) / k. */
#include "base/num.h"
#include "plan/near_far.h"
#include "plan/plain.h"
#include "plan/registry.h"

enum { MOST_K = 1000000 };

static int bands(const sxt_plan *plan, int64_t i, sxt_band out[SXT_PLAN_MAX_BANDS]) {
    int64_t window = plan->neighbor_window;
    return sxt_near_far_bands(i, window, INT64_MAX, (double)i + (double)window * (plan->factor - 1), out);
}

static double unit(const sxt_plan *plan, int key_map) { return key_map == SXT_MAP_FAR ? 1 / plan->factor : 1; }

/* W + k * (L - 1 - W) is the farthest key whose distance becomes L - 1. */
static int64_t limit(const sxt_plan *plan) {
    int64_t window = plan->neighbor_window, sliding = plan->sliding_window;
    double farthest = (double)window + plan->factor * (double)(plan->n_ctx_train - 1 - window);
    bool slides = sliding > 0 && (double)(sliding - 1) <= farthest;
    return slides || farthest >= 0x1p62 ? INT64_MAX : (int64_t)farthest + 1;
}

static int parameters(sxt_plan *plan, sxt_plan_number out[SXT_PLAN_MAX_OPTIONS]) {
    out[0] = sxt_near_window(plan, sxt_min_i64(plan->n_ctx_train / 2, 1024), "L/2, at most 1024");
    out[1] = (sxt_plan_number){.name = "k", .least = 1, .most = MOST_K, .real = &plan->factor, .usual = 16};
    return 2;
}

const sxt_plan_method sxt_plan_leaky_rerope = {
    .name = "leaky-rerope",
    .summary = "near keys as trained, farther distances grow by 1/k",
    .source = "Su 2023, kexue.fm/archives/9708",
    .need = sxt_plan_need_far,
    .parameters = parameters,
    .bands = bands,
    .key_positions = sxt_plain_key_positions,
    .unit = unit,
    .limit = limit,
};
