/* What methods share that leave the nearest keys where they stand and put the farther ones elsewhere. */
#ifndef SXT_PLAN_NEAR_FAR_H
#define SXT_PLAN_NEAR_FAR_H

#include "plan/option.h"

/* Their key maps. */
enum { SXT_MAP_NEAR = 0, SXT_MAP_FAR = 1 };

/* The bands of query i: the nearest `window` keys, itself included, from i; and of the keys before them the
 * first `n_far` (INT64_MAX: all) from `far_pos`, under the far map. */
int sxt_near_far_bands(int64_t i, int64_t window, int64_t n_far, double far_pos,
                       sxt_band bands[SXT_PLAN_MAX_BANDS]);

/* Near keys at their index, all far ones at 0. */
void sxt_far_at_zero(const sxt_plan *plan, int key_map, int64_t first, int64_t n, double *positions);

/* The parameter `window`, from 1 to L - 1; `formula` says in words of L what its default is. */
sxt_plan_number sxt_near_window(sxt_plan *plan, int64_t standard, const char *formula);

#endif
