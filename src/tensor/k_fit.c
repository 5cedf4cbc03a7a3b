#include "tensor/k_fit.h"

#include "kernel/half.h"

#include <math.h>
#include <string.h>

/* One block's search. All in the block's unit. */
typedef struct search {
    const sxt_k_shape *shape;
    int n_groups;
    float unit;
    float x[SXT_K_BLOCK];
    float step[SXT_K_GROUPS], offset[SXT_K_GROUPS]; /* the groups' best, were they stored exactly */
} search;

typedef struct solution {
    float d, d_min, error;
    int scale[SXT_K_GROUPS], minimum[SXT_K_GROUPS];
    float q[SXT_K_BLOCK];
} solution;

/* NaN, of a block too large for its format, becomes `low`. */
static int clamped(float value, int low, int high) {
    if (!(value > (float)low)) return low;
    return value >= (float)high ? high : (int)lroundf(value);
}

/* ---- One group, d and d_min given ---- */

typedef struct choice {
    int scale, minimum;
    float error;
    float q[SXT_FIT_MAX];
} choice;

static void try_choice(const search *s, const float *x, float d, float d_min, int scale, int minimum,
                       choice *best) {
    const int n = s->shape->group;
    choice now = {.scale = scale, .minimum = minimum};
    float step = d * (float)scale, offset = -d_min * (float)minimum;
    sxt_fit_round(x, n, step, offset, &s->shape->range, now.q);
    now.error = sxt_fit_error(x, now.q, n, step, offset);
    if (now.error < best->error) *best = now;
}

/* For a scale, the two whole minima around the best one. */
static void try_scale(const search *s, const float *x, float d, float d_min, int scale, float offset,
                      choice *best) {
    const int most = s->shape->minimum_high;
    if (most == 0 || d_min == 0) {
        try_choice(s, x, d, d_min, scale, 0, best);
        return;
    }
    offset = sxt_fit_offset(x, s->shape->group, d * (float)scale, offset, &s->shape->range);
    int below = clamped(floorf(-offset / d_min), 0, most);
    try_choice(s, x, d, d_min, scale, below, best);
    if (below < most) try_choice(s, x, d, d_min, scale, below + 1, best);
}

static void solve_group(const search *s, int group, solution *to) {
    const sxt_k_shape *shape = s->shape;
    const float *x = s->x + group * shape->group;
    choice best = {.error = INFINITY};
    int centre = to->d != 0 ? clamped(s->step[group] / to->d, shape->scale_low, shape->scale_high) : 0;
    for (int scale = centre - 1; scale <= centre + 1; scale++)
        if (scale >= shape->scale_low && scale <= shape->scale_high)
            try_scale(s, x, to->d, to->d_min, scale, s->offset[group], &best);
    to->scale[group] = best.scale;
    to->minimum[group] = best.minimum;
    to->error += best.error;
    memcpy(to->q + group * shape->group, best.q, (size_t)shape->group * sizeof *best.q);
}

/* ---- The block ---- */

static void solve(const search *s, float d, float d_min, solution *to) {
    to->d = sxt_fit_stored(d, s->unit);
    to->d_min = sxt_fit_stored(d_min, s->unit);
    to->error = 0;
    for (int group = 0; group < s->n_groups; group++) solve_group(s, group, to);
}

/* The best d and d_min for the whole numbers chosen: least squares over the block. */
static void refit(const search *s, const solution *from, float *d, float *d_min) {
    double aa = 0, ab = 0, bb = 0, ax = 0, bx = 0; /* a = scale * q, b = -minimum */
    for (int i = 0; i < SXT_K_BLOCK; i++) {
        int group = i / s->shape->group;
        double a = from->scale[group] * (double)from->q[i], b = -from->minimum[group], x = (double)s->x[i];
        aa += a * a, ab += a * b, bb += b * b;
        ax += a * x, bx += b * x;
    }
    double determinant = aa * bb - ab * ab;
    if (determinant > 0) {
        *d = (float)((ax * bb - bx * ab) / determinant);
        *d_min = (float)((bx * aa - ax * ab) / determinant);
    } else if (aa > 0) {
        *d = (float)(ax / aa);
    }
}

/* Alternates between the groups and the block as long as that helps; further rounds hardly ever do. */
static void descend(const search *s, float d, float d_min, solution *best) {
    solution now = {0};
    for (int round = 0; round < 3; round++) {
        solve(s, d, d_min, &now);
        if (!(now.error < best->error)) break;
        *best = now;
        refit(s, &now, &d, &d_min);
        if (d_min < 0) d_min = 0;
    }
}

static void fit_groups(search *s) {
    const sxt_k_shape *shape = s->shape;
    for (int group = 0; group < s->n_groups; group++) {
        const float *x = s->x + group * shape->group;
        s->offset[group] = 0;
        if (shape->minimum_high > 0)
            sxt_fit_line(x, shape->group, &shape->range, true, &s->step[group], &s->offset[group]);
        else
            s->step[group] = sxt_fit_scale(x, shape->group, &shape->range);
    }
}

static float largest_of(const float *values, int n) {
    float largest = 0;
    for (int i = 0; i < n; i++)
        if (fabsf(values[i]) > fabsf(largest)) largest = values[i];
    return largest;
}

/* To begin with, the largest scale and minimum are stored as the largest whole numbers. */
static void search_block(search *s, solution *best) {
    const sxt_k_shape *shape = s->shape;
    fit_groups(s);
    float step = largest_of(s->step, s->n_groups), offset = largest_of(s->offset, s->n_groups);
    int end = shape->scale_low < 0 ? shape->scale_low : shape->scale_high;
    float d_min = shape->minimum_high > 0 ? -offset / (float)shape->minimum_high : 0;
    descend(s, step / (float)end, d_min, best);
}

void sxt_k_fit(const float *x, const sxt_k_shape *shape, sxt_k_block *block) {
    search s = {.shape = shape, .n_groups = SXT_K_BLOCK / shape->group};
    solution best = {.error = INFINITY};
    memset(block, 0, sizeof *block);
    s.unit = sxt_fit_normalize(x, SXT_K_BLOCK, s.x);
    if (s.unit == 0) return;
    if (s.unit > 0) search_block(&s, &best);
    block->d = sxt_f16_bits(best.error < INFINITY ? best.d * s.unit : NAN);
    block->d_min = sxt_f16_bits(best.d_min * s.unit);
    memcpy(block->scale, best.scale, sizeof block->scale);
    memcpy(block->minimum, best.minimum, sizeof block->minimum);
    for (int i = 0; i < SXT_K_BLOCK; i++) block->q[i] = (int)best.q[i];
}
