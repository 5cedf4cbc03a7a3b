#include "eval/line_chart.h"

#include "eval/chart_scale.h"
#include "eval/display_text.h"
#include "eval/palette.h"
#include "eval/picture_head.h"
#include "eval/ticks.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double PLOT_WIDTH = 600, PLOT_HEIGHT = 320, ENTRY_HEIGHT = 19, SAMPLE_WIDTH = 40;
static const double MOST_NAME = 540, RADIUS = 3.6;

static const colour WHITE = {1, 1, 1};
static const stroke FRAME = {.ink = {0.35, 0.35, 0.35}, .width = 1};
static const stroke GRID = {.ink = {0.88, 0.88, 0.88}, .width = 1};
static const stroke HOLLOW = {.ink = {0.35, 0.35, 0.35}, .width = 1.5};
static const stroke WINDOW_LINE = {.ink = {0.25, 0.25, 0.25}, .width = 1.6, .dash = {7, 4}, .n_dash = 2};

/* ---- Layout */

typedef struct layout {
    const line_chart *chart;
    scale x, y;
    tick_list x_ticks, y_ticks;
    box plot;
    bool has_window; /* inside the plot */
    bool has_limit;  /* some point is past its plan's limit */
    bool has_points;
    int n_legend_columns, n_legend_rows, n_entries;
    double entry_width;
    double width, height;
} layout;

static bool has_bar(const line_point *p) {
    return scale_is_finite(p->low) && scale_is_finite(p->high) && p->low < p->high;
}

static void find_ranges(const line_chart *chart, layout *l) {
    l->x = scale_empty(chart->x_axis);
    l->y = scale_empty(chart->y_axis);
    for (int i = 0; i < chart->n_series; i++)
        for (int k = 0; k < chart->series[i].n_points; k++) {
            const line_point *p = &chart->series[i].points[k];
            if (!scale_fits(chart->x_axis, p->x) || isnan(p->y)) continue;
            scale_widen(&l->x, p->x);
            scale_widen(&l->y, p->y);
            if (has_bar(p)) {
                scale_widen(&l->y, p->low);
                scale_widen(&l->y, p->high);
            }
            l->has_limit = l->has_limit || p->past_limit;
            l->has_points = true;
        }
}

/* The window's line is drawn where it costs the points no more than half of the plot. */
static void include_window(layout *l) {
    double window = l->chart->trained_window;
    scale wider = l->x;
    if (!(window > 0) || !scale_is_finite(window) || !l->has_points) return;
    scale_widen(&wider, window);
    if (l->x.axis == AXIS_LINEAR)
        l->has_window = wider.high - wider.low <= 2 * (l->x.high - l->x.low);
    else
        l->has_window = wider.high / wider.low <= fmax(pow(l->x.high / l->x.low, 2), 4.1);
    if (l->has_window) l->x = wider;
}

static void fit_ranges(layout *l) {
    include_window(l);
    scale_pad(&l->x, 0.03);
    bool from_zero = l->chart->y_from_zero && l->y.axis == AXIS_LINEAR;
    if (from_zero) scale_widen(&l->y, 0);
    bool keep_zero = from_zero && l->y.low == 0;
    scale_pad(&l->y, 0.06);
    if (keep_zero) l->y.low = 0;
    l->x_ticks = scale_ticks(&l->x, 9);
    l->y_ticks = scale_ticks(&l->y, 7);
}

static double widest_name(const canvas *ruler, const line_chart *chart) {
    double widest = 60;
    for (int i = 0; i < chart->n_series; i++)
        widest = fmax(widest, canvas_text_width(ruler, &PICTURE_LABEL[TEXT_LEFT], chart->series[i].name));
    return fmin(widest, MOST_NAME);
}

static layout lay_out(const canvas *ruler, const line_chart *chart) {
    layout l = {.chart = chart};
    find_ranges(chart, &l);
    fit_ranges(&l);
    double widest = 0;
    for (int i = 0; i < l.y_ticks.n; i++)
        widest = fmax(widest, canvas_text_width(ruler, &PICTURE_LABEL[TEXT_CENTRE], l.y_ticks.list[i].label));
    double left = PICTURE_MARGIN + (picture_has(chart->y_title) ? 20 : 0) + ceil(widest) + 9;
    double top = picture_head_height(chart->title, chart->subtitle) + 26;
    left = scale_whole_pixel(left);
    top = scale_whole_pixel(top);
    l.plot = (box){left, top, PLOT_WIDTH, PLOT_HEIGHT};
    l.x.first = left;
    l.x.last = left + PLOT_WIDTH;
    l.y.first = top + PLOT_HEIGHT;
    l.y.last = top;
    l.n_entries = chart->n_series + l.has_limit;
    l.entry_width = fmax(widest_name(ruler, chart), l.has_limit ? 120 : 0) + SAMPLE_WIDTH + 20;
    l.n_legend_columns = (int)fmax(floor(PLOT_WIDTH / l.entry_width), 1);
    l.n_legend_rows = (l.n_entries + l.n_legend_columns - 1) / l.n_legend_columns;
    l.width = left + PLOT_WIDTH + PICTURE_MARGIN + 10;
    l.height = top + PLOT_HEIGHT + 22 + (picture_has(chart->x_title) ? 18 : 0) + 8 +
               l.n_legend_rows * ENTRY_HEIGHT + PICTURE_MARGIN;
    return l;
}

/* ---- Drawing */

static void draw_x_axis(canvas *c, const layout *l) {
    double top = l->plot.top, bottom = top + l->plot.height, end = -INFINITY;
    for (int i = 0; i < l->x_ticks.n; i++) {
        const tick *t = &l->x_ticks.list[i];
        double x = scale_whole_pixel(scale_place(&l->x, t->at)),
               half = canvas_text_width(c, &PICTURE_LABEL[TEXT_CENTRE], t->label) / 2;
        const point grid[] = {{x, top}, {x, bottom}}, mark[] = {{x, bottom}, {x, bottom + 4}};
        canvas_polyline(c, grid, 2, &GRID);
        canvas_polyline(c, mark, 2, &FRAME);
        if (x - half < end + 6) continue; /* labels never touch */
        canvas_text(c, (point){x, bottom + 16}, &PICTURE_LABEL[TEXT_CENTRE], t->label);
        end = x + half;
    }
    if (picture_has(l->chart->x_title))
        picture_text(c, (point){l->plot.left + l->plot.width / 2, bottom + 35}, &PICTURE_LABEL[TEXT_CENTRE],
                     l->chart->x_title, l->plot.width);
}

static void draw_y_axis(canvas *c, const layout *l) {
    double left = l->plot.left, right = left + l->plot.width, end = INFINITY;
    text_style style = PICTURE_LABEL[TEXT_RIGHT];
    for (int i = 0; i < l->y_ticks.n; i++) {
        const tick *t = &l->y_ticks.list[i];
        double y = scale_whole_pixel(scale_place(&l->y, t->at));
        const point grid[] = {{left, y}, {right, y}}, mark[] = {{left - 4, y}, {left, y}};
        canvas_polyline(c, grid, 2, &GRID);
        canvas_polyline(c, mark, 2, &FRAME);
        if (y + style.size / 2 > end - 3) continue;
        canvas_text(c, (point){left - 7, y + picture_half_height(&style)}, &style, t->label);
        end = y - style.size / 2;
    }
    if (!picture_has(l->chart->y_title)) return;
    style.anchor = TEXT_CENTRE;
    style.turn = 90;
    picture_text(c, (point){PICTURE_MARGIN + 10, l->plot.top + l->plot.height / 2}, &style, l->chart->y_title,
                 l->plot.height);
}

/* Above the plot, where no line runs through it; a window outside of the plot is said at the side it lies. */
static void draw_window(canvas *c, const layout *l) {
    double window = l->chart->trained_window, left = l->plot.left, right = left + l->plot.width;
    char length[32], label[80];
    if (!(window > 0) || !scale_is_finite(window)) return;
    display_text_tokens(window, length, sizeof length);
    bool is_after = window > l->x.high;
    snprintf(label, sizeof label, "%strained window: %s%s", l->has_window || is_after ? "" : "\xE2\x86\x90 ",
             length, !l->has_window && is_after ? " \xE2\x86\x92" : "");
    double x = l->has_window ? scale_whole_pixel(scale_place(&l->x, window)) : is_after ? right : left;
    double half = canvas_text_width(c, &PICTURE_LABEL[TEXT_CENTRE], label) / 2;
    canvas_text(c, (point){fmin(fmax(x, left + half), right - half), l->plot.top - 8},
                &PICTURE_LABEL[TEXT_CENTRE], label);
    if (!l->has_window) return;
    const point ends[] = {{x, l->plot.top - 4}, {x, l->plot.top + l->plot.height}};
    canvas_polyline(c, ends, 2, &WINDOW_LINE);
}

static bool is_point(const layout *l, const line_point *p) {
    return scale_fits(l->x.axis, p->x) && scale_fits(l->y.axis, p->y);
}

static point place_of(const layout *l, const line_point *p) {
    return (point){scale_place(&l->x, p->x), scale_place(&l->y, p->y)};
}

/* One line for each stretch without a gap. */
static void draw_line(canvas *c, const layout *l, int i) {
    const line_series *series = &l->chart->series[i];
    const stroke pen = palette_line(i, 1.8);
    point *stretch = malloc((size_t)series->n_points * sizeof *stretch);
    size_t n = 0;
    if (stretch == NULL) return;
    for (int k = 0; k < series->n_points; k++) {
        if (is_point(l, &series->points[k])) {
            stretch[n++] = place_of(l, &series->points[k]);
            continue;
        }
        if (n > 1) canvas_polyline(c, stretch, n, &pen);
        n = 0;
    }
    if (n > 1) canvas_polyline(c, stretch, n, &pen);
    free(stretch);
}

static void draw_error_bar(canvas *c, const layout *l, int i, const line_point *p) {
    if (!has_bar(p) || !scale_fits(l->y.axis, p->low)) return;
    stroke pen = palette_line(i, 1.2);
    pen.n_dash = 0;
    double x = scale_place(&l->x, p->x), ends[] = {scale_place(&l->y, p->low), scale_place(&l->y, p->high)};
    const point bar[] = {{x, ends[0]}, {x, ends[1]}};
    canvas_polyline(c, bar, 2, &pen);
    for (int k = 0; k < 2; k++) {
        const point cap[] = {{x - 3, ends[k]}, {x + 3, ends[k]}};
        canvas_polyline(c, cap, 2, &pen);
    }
}

/* An arrow that leaves the plot, where a value is infinite. */
static void draw_arrow(canvas *c, const layout *l, int i, const line_point *p) {
    if (!scale_fits(l->x.axis, p->x) || isnan(p->y) || scale_is_finite(p->y)) return;
    double x = scale_place(&l->x, p->x), up = p->y > 0 ? 1 : -1;
    double y = p->y > 0 ? l->plot.top + 1 : l->plot.top + l->plot.height - 1;
    const point corners[] = {{x, y}, {x - 5, y + up * 9}, {x + 5, y + up * 9}};
    stroke pen = palette_line(i, 1.2);
    pen.n_dash = 0;
    canvas_polygon(c, corners, 3, p->past_limit ? &WHITE : &pen.ink, &pen);
}

/* Lines that go through the same point have markers around each other, or only the last would be seen. */
static double radius_of(const layout *l, int i, int k) {
    const line_point *p = &l->chart->series[i].points[k];
    int n_over = 0;
    for (int later = i + 1; later < l->chart->n_series && n_over < 5; later++) {
        const line_series *series = &l->chart->series[later];
        if (k >= series->n_points || !is_point(l, &series->points[k])) continue;
        point a = place_of(l, p), b = place_of(l, &series->points[k]);
        n_over += hypot(a.x - b.x, a.y - b.y) < RADIUS;
    }
    return RADIUS * (1 + 0.4 * n_over);
}

/* Of many points every few have a marker, so that the line stays visible. */
static void draw_points(canvas *c, const layout *l, int i) {
    const line_series *series = &l->chart->series[i];
    int every = series->n_points / 40 + 1;
    for (int k = 0; k < series->n_points; k++) {
        const line_point *p = &series->points[k];
        draw_arrow(c, l, i, p);
        if (k % every != 0 || !is_point(l, p)) continue;
        draw_error_bar(c, l, i, p);
        palette_marker(c, i, place_of(l, p), radius_of(l, i, k), p->past_limit);
    }
}

static void draw_legend(canvas *c, const layout *l) {
    const line_chart *chart = l->chart;
    double top = l->height - PICTURE_MARGIN - ENTRY_HEIGHT * l->n_legend_rows;
    for (int i = 0; i < l->n_entries; i++) {
        int column = i % l->n_legend_columns, row = i / l->n_legend_columns;
        double x = l->plot.left + column * l->entry_width, y = top + (row + 0.5) * ENTRY_HEIGHT;
        point name = {x + SAMPLE_WIDTH, y + picture_half_height(&PICTURE_LABEL[TEXT_LEFT])};
        if (i == chart->n_series) { /* what a hollow point means */
            canvas_circle(c, (point){x + SAMPLE_WIDTH / 2 - 3, y}, RADIUS, &WHITE, &HOLLOW);
            canvas_text(c, name, &PICTURE_LABEL[TEXT_LEFT], "past the plan's limit");
            continue;
        }
        const stroke pen = palette_line(i, 1.8);
        const point sample[] = {{x, y}, {x + SAMPLE_WIDTH - 6, y}};
        canvas_polyline(c, sample, 2, &pen);
        palette_marker(c, i, (point){x + SAMPLE_WIDTH / 2 - 3, y}, RADIUS, false);
        picture_text(c, name, &PICTURE_LABEL[TEXT_LEFT], chart->series[i].name, MOST_NAME);
    }
}

static void draw_all(canvas *c, const layout *l) {
    picture_draw_head(c, l->chart->title, l->chart->subtitle);
    draw_x_axis(c, l);
    draw_y_axis(c, l);
    draw_window(c, l);
    canvas_outline_box(c, l->plot, &FRAME);
    for (int i = 0; i < l->chart->n_series; i++) draw_line(c, l, i);
    for (int i = 0; i < l->chart->n_series; i++) draw_points(c, l, i);
    if (!l->has_points)
        canvas_text(c, (point){l->plot.left + l->plot.width / 2, l->plot.top + l->plot.height / 2},
                    &PICTURE_LABEL[TEXT_CENTRE], "nothing was measured");
    draw_legend(c, l);
}

canvas *line_chart_draw(const line_chart *chart, char *problem, size_t n_problem) {
    if (chart->n_series < 1 || chart->n_series > LINE_CHART_MOST_SERIES) {
        snprintf(problem, n_problem, "a chart has 1 to %d lines, not %d", LINE_CHART_MOST_SERIES,
                 chart->n_series);
        return NULL;
    }
    canvas *ruler = canvas_new(1, 1), *c = NULL;
    if (ruler != NULL) {
        layout l = lay_out(ruler, chart);
        c = canvas_new(l.width, l.height);
        if (c != NULL) draw_all(c, &l);
    }
    if (c == NULL) snprintf(problem, n_problem, "out of memory while drawing");
    canvas_free(ruler);
    return c;
}
