#include "plan/near_far.h"

#include "base/num.h"
#include "plan/plain.h"

int sxt_near_far_bands(int64_t i, int64_t window, int64_t n_far, double far_pos,
                       sxt_band bands[SXT_PLAN_MAX_BANDS]) {
    int64_t first_near = sxt_max_i64(0, i - window + 1), end_far = sxt_min_i64(n_far, first_near);
    int n = 0;
    if (end_far > 0)
        bands[n++] =
            (sxt_band){.first_key = 0, .end_key = end_far, .query_pos = far_pos, .key_map = SXT_MAP_FAR};
    bands[n++] =
        (sxt_band){.first_key = first_near, .end_key = i + 1, .query_pos = (double)i, .key_map = SXT_MAP_NEAR};
    return n;
}

void sxt_far_at_zero(const sxt_plan *plan, int key_map, int64_t first, int64_t n, double *positions) {
    if (key_map == SXT_MAP_NEAR) {
        sxt_plain_key_positions(plan, key_map, first, n, positions);
        return;
    }
    for (int64_t i = 0; i < n; i++) positions[i] = 0;
}

sxt_plan_number sxt_near_window(sxt_plan *plan, int64_t standard, const char *formula) {
    return (sxt_plan_number){.name = "window",
                             .min = 1,
                             .max = plan->n_ctx_train - 1,
                             .why = ", below the model's trained window",
                             .value = &plan->neighbor_window,
                             .standard = sxt_max_i64(1, standard),
                             .end = "L - 1",
                             .formula = formula};
}
