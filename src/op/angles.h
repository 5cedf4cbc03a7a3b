/* The cos and sin of a rotary position relative to a base. Within a span of keys, queries and keys are turned
 * relative to where the span begins: scores see differences only, and the few rows of the table that a span
 * needs stay in the cache of the CPU. */
#ifndef SXT_OP_ANGLES_H
#define SXT_OP_ANGLES_H

#include "kernel/kernel.h"
#include "plan/rope.h"

/* Row of `position`, which may be negative, in steps of `unit`: cos (n_rot / 2) then sin (n_rot / 2).
 * `spare`: (n_rot). */
const float *sxt_angles(const sxt_rope *rope, double unit, double position, float *spare);

/* What turns n <= SXT_TILE_STRIP positions less `base`, all in steps of `unit`; positions: (SXT_TILE_STRIP),
 * those past n are any. `spare`: SXT_TILE_STRIP rows of 1.5 * n_rot. */
void sxt_turn_of(const sxt_rope *rope, double unit, const double *positions, double base, int n, float *spare,
                 sxt_turn *turn);

#endif
