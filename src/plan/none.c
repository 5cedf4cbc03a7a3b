/* The model as trained: query i stands at i, key j at j. */
#include "plan/option.h"
#include "plan/plain.h"
#include "plan/registry.h"

int sxt_plain_bands(const sxt_plan *plan, int64_t i, sxt_band out[SXT_PLAN_MAX_BANDS]) {
    (void)plan;
    out[0] = (sxt_band){.first_key = 0, .end_key = i + 1, .query_pos = (double)i, .key_map = 0};
    return 1;
}

void sxt_plain_key_positions(const sxt_plan *plan, int key_map, int64_t first, int64_t n, double *positions) {
    (void)plan, (void)key_map;
    double at = (double)first;
    /* Several 32-bit numbers become doubles at once, 64-bit ones do not; n is a tile's or a strip's. */
    for (int32_t i = 0; i < (int32_t)n; i++) positions[i] = at + i;
}

/* A sliding window no wider than the trained one keeps every distance inside it. */
bool sxt_plain_slides(const sxt_plan *plan) {
    return plan->sliding_window > 0 && plan->sliding_window <= plan->n_ctx_train;
}

/* The file's own frequencies are in force here. */
static void begin(sxt_plan *plan, const sxt_plan_model *model) {
    plan->elastic = model->rope && model->rope->scaling == SXT_ROPE_DYNAMIC;
}

sxt_plan sxt_plain_plan(const sxt_plan_model *model) { return sxt_plan_begin(&sxt_plan_none, model); }

static int64_t limit(const sxt_plan *plan) {
    return sxt_plain_slides(plan) || plan->elastic ? INT64_MAX : plan->n_ctx_train;
}

const sxt_plan_method sxt_plan_none = {
    .name = "none",
    .summary = "the model as trained, no extension",
    .begin = begin,
    .bands = sxt_plain_bands,
    .key_positions = sxt_plain_key_positions,
    .limit = limit,
};
