#include "tensor/fit.h"

#include "kernel/half.h"

#include <math.h>

/* Sums run in eight lanes: a fixed order that compilers may still turn into vector instructions. */
enum { LANES = 8 };

/* A few rounds from a start gain more than as many further starts. */
enum { SCALE_ROUNDS = 2, LINE_ROUNDS = 4 };

static float lane_sum(const float *lanes) {
    return ((lanes[0] + lanes[4]) + (lanes[2] + lanes[6])) + ((lanes[1] + lanes[5]) + (lanes[3] + lanes[7]));
}

/* Adding and taking away 1.5 * 2^23 rounds to the nearest whole number; what comes in is small. */
static float nearest(float value) { return (value + 12582912.0f) - 12582912.0f; }

void sxt_fit_round(const float *restrict x, int n, float step, float offset, const sxt_fit_range *range,
                   float *restrict q) {
    const float inverse = step != 0 ? 1 / step : 0, shift = -offset * inverse;
    const float low = (float)range->lowest, high = (float)range->highest;
    for (int i = 0; i < n; i += LANES)
        for (int k = 0; k < LANES; k++) {
            float value = x[i + k] * inverse + shift;
            value = value > low ? value : low;
            value = value < high ? value : high;
            q[i + k] = nearest(value);
        }
}

float sxt_fit_error(const float *restrict x, const float *restrict q, int n, float step, float offset) {
    float sum[LANES] = {0};
    for (int i = 0; i < n; i += LANES)
        for (int k = 0; k < LANES; k++) {
            float difference = x[i + k] - (step * q[i + k] + offset);
            sum[k] += difference * difference;
        }
    return lane_sum(sum);
}

static float sum_of(const float *restrict x, int n) {
    float sum[LANES] = {0};
    for (int i = 0; i < n; i += LANES)
        for (int k = 0; k < LANES; k++) sum[k] += x[i + k];
    return lane_sum(sum);
}

static float product_sum(const float *x, const float *y, int n) {
    float sum[LANES] = {0};
    for (int i = 0; i < n; i += LANES)
        for (int k = 0; k < LANES; k++) sum[k] += x[i + k] * y[i + k];
    return lane_sum(sum);
}

/* The i-th starting point's step, as a multiple of the one that clips nothing. */
static float start_factor(const sxt_fit_range *range, int i) {
    return range->narrow + (range->wide - range->narrow) * (float)i / (float)(range->n_starts - 1);
}

/* ---- Without offset ---- */

/* One round: the nearest q for a step, then the best step for them. Returns what the squared error falls by
 * against q = 0. */
static float refit_scale(const float *x, int n, const sxt_fit_range *range, float *step) {
    float q[SXT_FIT_MAX];
    sxt_fit_round(x, n, *step, 0, range, q);
    float qq = product_sum(q, q, n), xq = product_sum(x, q, n);
    if (qq == 0) return 0;
    *step = xq / qq;
    return *step * xq;
}

/* The range reaches one further below zero than above, so both signs of the step are tried. */
float sxt_fit_scale(const float *x, int n, const sxt_fit_range *range) {
    float largest = 0, best = 0, gain = 0;
    for (int i = 0; i < n; i++) largest = fmaxf(largest, fabsf(x[i]));
    for (int i = 0; i < 2 * range->n_starts; i++) {
        float step = start_factor(range, i / 2) * largest / (float)range->lowest;
        if (i % 2) step = -step;
        float now = 0;
        for (int round = 0; round < SCALE_ROUNDS; round++) now = refit_scale(x, n, range, &step);
        if (now > gain) gain = now, best = step;
    }
    return best;
}

/* ---- With offset ---- */

typedef struct line {
    float step, offset;
} line;

/* One round: the nearest q for a line, then the best line for them. Returns what the squared error falls by
 * against the line 0, or less than nothing when q does not determine a line. */
static float refit_line(const float *x, int n, float sum_x, const sxt_fit_range *range, bool not_above_zero,
                        line *fit) {
    float q[SXT_FIT_MAX];
    sxt_fit_round(x, n, fit->step, fit->offset, range, q);
    float sum_q = sum_of(q, n), qq = product_sum(q, q, n), xq = product_sum(x, q, n);
    float determinant = (float)n * qq - sum_q * sum_q;
    if (qq == 0) return -1;
    line best = {xq / qq, 0}; /* when all have the same q */
    if (determinant > 0)
        best = (line){((float)n * xq - sum_x * sum_q) / determinant, (qq * sum_x - sum_q * xq) / determinant};
    if (best.offset > 0 && not_above_zero) best = (line){xq / qq, 0};
    if (!(best.step > 0)) return -1;
    *fit = best;
    return best.step * xq + best.offset * sum_x;
}

void sxt_fit_line(const float *x, int n, const sxt_fit_range *range, bool not_above_zero, float *step,
                  float *offset) {
    const float sum_x = sum_of(x, n);
    float low = x[0], high = x[0], gain = -INFINITY;
    for (int i = 1; i < n; i++) low = fminf(low, x[i]), high = fmaxf(high, x[i]);
    if (not_above_zero) low = fminf(low, 0);
    *step = fmaxf(high - low, 0) / (float)range->highest;
    *offset = low;
    if (high <= low) return;
    for (int i = 0; i < range->n_starts; i++) {
        float span = start_factor(range, i) * (high - low);
        line fit = {span / (float)range->highest, low + (high - low - span) / 2};
        if (not_above_zero) fit.offset = fminf(fit.offset, 0);
        float now = 0;
        for (int round = 0; round < LINE_ROUNDS; round++)
            now = refit_line(x, n, sum_x, range, not_above_zero, &fit);
        if (now > gain) gain = now, *step = fit.step, *offset = fit.offset;
    }
}

float sxt_fit_offset(const float *x, int n, float step, float offset, const sxt_fit_range *range) {
    float q[SXT_FIT_MAX];
    sxt_fit_round(x, n, step, offset, range, q);
    return (sum_of(x, n) - step * sum_of(q, n)) / (float)n;
}

/* ---- Units ---- */

float sxt_fit_normalize(const float *x, int n, float *scaled) {
    float most = 0, finite = 0;
    for (int i = 0; i < n; i++) {
        most = fmaxf(most, fabsf(x[i]));
        finite += x[i] * 0;
    }
    if (finite != 0) return NAN;
    if (most < 0x1p-40f) return 0;
    int exponent;
    frexpf(most, &exponent);
    const float unit = ldexpf(1, exponent), inverse = ldexpf(1, -exponent);
    for (int i = 0; i < n; i++) scaled[i] = x[i] * inverse;
    return unit;
}

float sxt_fit_stored(float value, float unit) { return sxt_f16_value(sxt_f16_bits(value * unit)) / unit; }
