/* The model as trained: query i stands at i, key j at j. */
#include "plan/option.h"
#include "plan/registry.h"

#include <stdio.h>

static int bands(const sxt_plan *plan, int64_t i, sxt_band out[SXT_PLAN_MAX_BANDS]) {
    (void)plan;
    out[0] = (sxt_band){.first_key = 0, .end_key = i + 1, .query_pos = (double)i, .key_map = 0};
    return 1;
}

static void key_positions(const sxt_plan *plan, int key_map, int64_t first, int64_t n, double *positions) {
    (void)plan;
    (void)key_map;
    for (int64_t i = 0; i < n; i++) positions[i] = (double)(first + i);
}

/* A sliding window no wider than the trained one keeps every distance inside it. */
static int64_t limit(const sxt_plan *plan) {
    bool slides = plan->sliding_window > 0 && plan->sliding_window <= plan->n_ctx_train;
    return slides ? INT64_MAX : plan->n_ctx_train;
}

static sxt_status configure(sxt_plan *plan, const sxt_plan_model *model, const sxt_plan_option *options,
                            int n_options, sxt_error *error) {
    SXT_TRY(sxt_plan_read_numbers("none", NULL, 0, options, n_options, error));
    *plan = (sxt_plan){.method = &sxt_plan_none,
                       .group_size = 1,
                       .n_ctx_train = model->n_ctx_train,
                       .sliding_window = model->sliding_window};
    return SXT_OK;
}

static void print(const sxt_plan *plan, char *text, size_t n) {
    (void)plan;
    snprintf(text, n, "none");
}

const sxt_plan_method sxt_plan_none = {
    .name = "none",
    .summary = "the model as trained, no extension",
    .bands = bands,
    .key_positions = key_positions,
    .limit = limit,
    .configure = configure,
    .print = print,
};
