/* The cos and sin of a rotary position relative to a base. Within a span of keys, queries and keys are turned
 * relative to where the span begins: scores see differences only, and the few rows of the table that a span
 * needs stay in the cache of the CPU. */
#ifndef SXT_OP_ANGLES_H
#define SXT_OP_ANGLES_H

#include "plan/rope.h"

/* Row of `position`, which may be negative: cos (n_rot / 2) then sin (n_rot / 2). `spare`: (n_rot). */
const float *sxt_angles(const sxt_rope *rope, double position, float *spare);

/* The rows of n positions less `base`. `spare`: (n, n_rot). */
void sxt_angles_of(const sxt_rope *rope, const double *positions, double base, int n, const float **rows,
                   float *spare);

#endif
