/* Every key where it stands: what `none` shares with the methods that change frequencies alone. */
#ifndef SXT_PLAN_PLAIN_H
#define SXT_PLAN_PLAIN_H

#include "plan/plan.h"

int sxt_plain_bands(const sxt_plan *plan, int64_t i, sxt_band bands[SXT_PLAN_MAX_BANDS]);
void sxt_plain_key_positions(const sxt_plan *plan, int key_map, int64_t first, int64_t n, double *positions);

/* The model's sliding window keeps every distance inside the trained one. */
bool sxt_plain_slides(const sxt_plan *plan);

/* The plan `none` for a model. */
sxt_plan sxt_plain_plan(const sxt_plan_model *model);

#endif
