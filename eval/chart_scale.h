/* The values along one side of a chart, and where they stand on the page. */
#ifndef SEXTANT_EVAL_CHART_SCALE_H
#define SEXTANT_EVAL_CHART_SCALE_H

#include "eval/line_chart.h"
#include "eval/ticks.h"

typedef struct scale {
    line_axis axis;
    double low, high;   /* values at the ends; low > high: none yet */
    double first, last; /* their places on the page */
} scale;

scale scale_empty(line_axis axis);

/* Numbers so large that differences or quotients of them overflow count as infinite. */
bool scale_is_finite(double x);
/* Finite, and above 0 on a log axis. */
bool scale_fits(line_axis axis, double x);

/* Makes x lie within, if it fits. */
void scale_widen(scale *s, double x);
/* Leaves `share` of the range free at both ends, and gives a range to a single value or to none. */
void scale_pad(scale *s, double share);

double scale_place(const scale *s, double x);
/* The middle of the row of pixels that a place falls into: a line one wide there fills it. */
double scale_whole_pixel(double place);

tick_list scale_ticks(const scale *s, int wanted);

#endif
