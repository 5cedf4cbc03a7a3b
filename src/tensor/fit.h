/* The search behind the packers: which scale (and offset) stores a group of numbers with the least squared
 * error.
 *
 * A group is stored as small whole numbers q of evenly spaced steps: value = step * q + offset. For given q the
 * best step and offset are a least-squares fit; for a given step and offset the best q is the nearest one. The
 * search alternates the two from several starting points, because each of them ends in a local optimum only. */
#ifndef SXT_TENSOR_FIT_H
#define SXT_TENSOR_FIT_H

#include <stdbool.h>
#include <stdint.h>

enum { SXT_FIT_MAX = 32 }; /* elements of the largest group */

typedef struct sxt_fit_range {
    int lowest, highest; /* of q */
    int n_starts;        /* starting points of the search */
    float narrow,
        wide; /* they reach from a step of `narrow` to one of `wide` times the one that clips nothing */
} sxt_fit_range;

/* Nearest whole numbers of (x - offset) / step, clamped to the range: q (n), as floats. n is a multiple of 8,
 * at most SXT_FIT_MAX. A step of 0 gives 0, or what is nearest to it in the range. */
void sxt_fit_round(const float *x, int n, float step, float offset, const sxt_fit_range *range, float *q);

/* Sum of squared differences between x and step * q + offset. */
float sxt_fit_error(const float *x, const float *q, int n, float step, float offset);

/* The best signed step without offset. */
float sxt_fit_scale(const float *x, int n, const sxt_fit_range *range);

/* The best step (not negative) and offset; with `not_above_zero` the best offset that is at most 0. */
void sxt_fit_line(const float *x, int n, const sxt_fit_range *range, bool not_above_zero, float *step,
                  float *offset);

/* The best offset for a given step, near the offset given. */
float sxt_fit_offset(const float *x, int n, float step, float offset, const sxt_fit_range *range);

/* ---- Units ---- */

/* Copies x (n) in a unit, a power of two, in which the largest magnitude lies in [0.5, 1), so that no sum can
 * overflow or vanish. Returns the unit; 0 when all are so small that every format stores zeros, NaN when a
 * value is not finite. */
float sxt_fit_normalize(const float *x, int n, float *scaled);

/* `value` as an f16 scale holds it, in the unit; not finite when it is more than f16 holds. */
float sxt_fit_stored(float value, float unit);

#endif
