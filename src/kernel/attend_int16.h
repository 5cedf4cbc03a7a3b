/* What attention in 16-bit integers takes, and the constants of its numbers. The meaning of each function is
 * said in kernel.h.
 *
 * Queries and keys have one scale per vector, such that their lengths are ATTEND_INT16_LENGTH: by
 * Cauchy-Schwarz no sum of products passes 2^30. Values have one scale per vector too, set by their largest
 * element; its logarithm goes into the exponent, so that weights are rounded relative to the largest
 * contribution to the output and not to the largest weight: a key that draws much weight to a tiny value takes
 * no bits from others. SXT_TILE_KEYS * ATTEND_INT16_WEIGHT * ATTEND_INT16_VALUE is below 2^31. */
#ifndef SXT_KERNEL_ATTEND_INT16_H
#define SXT_KERNEL_ATTEND_INT16_H

#include "kernel/kernel.h"

#include <float.h>
#include <math.h>

#define ATTEND_INT16_LENGTH 32700.0f
#define ATTEND_INT16_WEIGHT 8191.0f
#define ATTEND_INT16_VALUE 2047.0f

/* The scale of a value vector is its largest element rounded up to three bits after the leading one. As bits of
 * floats: the smallest scale, 2^-60, and the largest, 2^96; a vector beyond it counts as not finite. */
enum { ATTEND_INT16_SMALLEST = (127 - 60) << 23, ATTEND_INT16_LARGEST = (127 + 96) << 23 };

/* log2(1 + i / 8). */
#define ATTEND_INT16_LOG2_STEPS                                                                                \
    0x0p0f, 0x1.5c01a4p-3f, 0x1.49a784p-2f, 0x1.d6753ep-2f, 0x1.2b8034p-1f, 0x1.66a008p-1f, 0x1.9d5da0p-1f,    \
        0x1.d053f6p-1f

#endif
