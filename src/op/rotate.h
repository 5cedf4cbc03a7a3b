/* Rotary rotation of one head's vector. */
#ifndef SXT_OP_ROTATE_H
#define SXT_OP_ROTATE_H

#include <stdbool.h>
#include <stdint.h>

/* y (head_dim) = x (head_dim) turned by `row`: cos (n_rot / 2), sin (n_rot / 2). Whatever the layout of the
 * pairs in x, pair p leaves at (y[p], y[p + n_rot / 2]): scores do not change when queries and keys are
 * reordered alike. Dimensions from n_rot on are copied. */
void sxt_rotate(const float *x, const float *row, float *y, int32_t n_rot, int32_t head_dim, bool interleaved);

#endif
