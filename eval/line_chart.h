/* Lines over a number: perplexity against length for several plans, loss against the position in a window. */
#ifndef SEXTANT_EVAL_LINE_CHART_H
#define SEXTANT_EVAL_LINE_CHART_H

#include "eval/canvas.h"

typedef struct line_point {
    double x, y;      /* NaN: the line has a gap; an infinite y: an arrow at the edge */
    double low, high; /* an error bar where low < high; 0, 0: none */
    bool past_limit;  /* past the plan's own limit: a hollow point */
} line_point;

typedef struct line_series {
    const char *name;         /* in the legend, shortened in the middle where it is long */
    const line_point *points; /* (n_points), joined in this order */
    int n_points;
} line_series;

typedef enum line_axis {
    AXIS_LINEAR,
    AXIS_LOG,       /* ticks at round numbers: 1, 2, 5, 10; points at or below 0 are left out */
    AXIS_LOG_TOKENS /* ticks at powers of two: 256, 1k, 4k */
} line_axis;

typedef struct line_chart {
    const char *title, *subtitle; /* NULL or "": none; the subtitle names the model */
    const char *x_title, *y_title;
    line_axis x_axis, y_axis;
    bool y_from_zero;          /* a linear y axis begins at 0 */
    double trained_window;     /* a vertical line, labelled; 0: none */
    const line_series *series; /* (n_series), 1 to LINE_CHART_MOST_SERIES */
    int n_series;
} line_chart;

enum { LINE_CHART_MOST_SERIES = 64 };

/* A new drawing, released with canvas_free(); NULL with one line in `problem` (n_problem) when there is no
 * series, too many, or no memory. A chart whose points are all missing is drawn empty and says so. */
canvas *line_chart_draw(const line_chart *chart, char *problem, size_t n_problem);

#endif
