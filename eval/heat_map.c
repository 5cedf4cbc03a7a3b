#include "eval/heat_map.h"

#include "eval/display_text.h"
#include "eval/palette.h"
#include "eval/picture_head.h"
#include "eval/ticks.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const colour BLACK = {0, 0, 0}, GREY = {0.35, 0.35, 0.35}, WHITE = {1, 1, 1};
static const double GAP = 28, LEGEND_HEIGHT = 62, BAR_WIDTH = 190;

static const double NAME_HEIGHT = 14; /* of a line */
static const double WINDOW_HALO = 4.5, MOST_ROW_TITLE = 200;

static const text_style PANEL_NAME = {12, true, {0, 0, 0}, TEXT_LEFT, 0};
static const text_style NUMBER = {10.5, false, {0, 0, 0}, TEXT_CENTRE, 0};

/* Where everything stands; all panels have the same size and scale. */
typedef struct layout {
    const heat_map *map;
    double cell_width, cell_height;
    double slot_width;    /* a panel and what is written over it */
    double left, top;     /* of the first panel's grid */
    double slot_height;   /* from one row of panels to the next */
    double head_height;   /* the lines of a panel's name, and the trained window's label */
    double labels_height; /* of the columns */
    int panels_per_row, n_panel_rows;
    int n_inside; /* columns of the trained window */
    bool labels_turned;
    int label_every; /* columns */
    double width, height;
} layout;

static bool has_own_scale(const heat_map *map) { return map->worst != map->best; }

/* ---- Values */

static double goodness(const heat_map *map, double value) {
    return has_own_scale(map) ? (value - map->worst) / (map->best - map->worst) : value;
}

/* A share in whole percent; only none at all is 0 and only all is 100. */
static int percent(double share) {
    int rounded = (int)floor(fmin(fmax(share, -9), 9) * 100 + 0.5);
    if (share > 0 && rounded == 0) return 1;
    return share < 1 && rounded == 100 ? 99 : rounded;
}

static void value_text(const heat_map *map, double value, int decimals, char *out, size_t n) {
    if (has_own_scale(map))
        snprintf(out, n, fabs(value) < 1e6 ? "%.*f" : "%.*e", decimals, value);
    else
        snprintf(out, n, "%d", percent(value));
    if (out[0] == '-' && strpbrk(out, "123456789") == NULL) memmove(out, out + 1, strlen(out));
}

/* With fewer decimals where there is no room for all, else as ">99"; false where nothing fits. */
static bool fitting_text(const canvas *ruler, const heat_map *map, const text_style *style, double value,
                         double width, char *out, size_t n) {
    for (int decimals = (int)fmin(fmax(map->decimals, 0), 6); decimals >= 0; decimals--) {
        value_text(map, value, decimals, out, n);
        if (canvas_text_width(ruler, style, out) <= width) return true;
    }
    snprintf(out, n, ">99");
    return has_own_scale(map) && value > 99 && canvas_text_width(ruler, style, out) <= width;
}

static bool is_measured(const heat_cell *cell) { return cell->state == HEAT_MEASURED && isfinite(cell->value); }

static const heat_cell *cell_at(const heat_map *map, int panel, int row, int column) {
    return &map->panels[panel].cells[(size_t)row * (size_t)map->n_columns + (size_t)column];
}

/* The columns of the trained window; 0 where there is none. */
static int columns_inside(const heat_map *map) {
    int n = 0;
    while (n < map->n_columns && map->columns[n] <= map->trained_window) n++;
    return n;
}

/* ---- A panel's name, on as many lines as it takes: shortened, two plans could have the same */

static bool begins_letter(char c) { return ((unsigned char)c & 0xC0) != 0x80; }

/* Copies what stands on the first line, broken behind a mark between parameters where there is one, and returns
 * the rest. */
static const char *take_line(const canvas *ruler, const char *clean, double width, char *line, size_t n_line) {
    size_t n_fitting = 0, n_unbroken = 0;
    for (size_t n = 1; n < n_line && clean[n - 1] != '\0'; n++) {
        if (!begins_letter(clean[n])) continue;
        snprintf(line, n + 1, "%s", clean);
        if (n_fitting > 0 && canvas_text_width(ruler, &PANEL_NAME, line) > width) break;
        n_fitting = n;
        if (clean[n] == '\0' || strchr(":,+", clean[n - 1]) != NULL) n_unbroken = n;
    }
    size_t n = n_unbroken > 0 ? n_unbroken : n_fitting;
    snprintf(line, n + 1, "%s", clean);
    return clean + n;
}

static int name_lines(const canvas *ruler, const char *name, double width) {
    char line[512], *clean = display_text_clean(name);
    int n = 0;
    for (const char *rest = clean; rest != NULL && *rest != '\0'; n++)
        rest = take_line(ruler, rest, width, line, sizeof line);
    free(clean);
    return n;
}

/* The last line stands on `bottom`. */
static void draw_name(canvas *c, const char *name, double width, point bottom) {
    char line[512], *clean = display_text_clean(name);
    point where = {bottom.x, bottom.y - NAME_HEIGHT * (name_lines(c, name, width) - 1)};
    for (const char *rest = clean; rest != NULL && *rest != '\0'; where.y += NAME_HEIGHT) {
        rest = take_line(c, rest, width, line, sizeof line);
        canvas_text(c, where, &PANEL_NAME, line);
    }
    free(clean);
}

/* ---- Layout */

/* 1, 2, 5, 10, ...: the least such that so many labels of `size` find room beside each other. */
static int every_for(double size, double cell) {
    const int steps[] = {1, 2, 5, 10, 20, 50, 100, 200};
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++)
        if (steps[i] * cell >= size) return steps[i];
    return 500;
}

static double widest_column_label(const canvas *ruler, const heat_map *map) {
    double widest = 0;
    for (int i = 0; i < map->n_columns; i++) {
        char label[32];
        display_text_tokens(map->columns[i], label, sizeof label);
        widest = fmax(widest, canvas_text_width(ruler, &PICTURE_LABEL[TEXT_CENTRE], label));
    }
    return widest;
}

static double widest_row_label(const canvas *ruler, const heat_map *map) {
    double widest = 0;
    for (int i = 0; i < map->n_rows; i++) {
        char label[32];
        snprintf(label, sizeof label, "%.4g", map->rows[i]);
        widest = fmax(widest, canvas_text_width(ruler, &PICTURE_LABEL[TEXT_CENTRE], label));
    }
    return widest;
}

static double row_title_length(const canvas *ruler, const heat_map *map) {
    return fmin(canvas_text_width(ruler, &PICTURE_LABEL[TEXT_CENTRE], map->row_title), MOST_ROW_TITLE);
}

/* Labels stand upright where they fit so, else on their side, else every few columns. */
static void place_column_labels(layout *l, double widest) {
    l->labels_turned = widest + 4 > l->cell_width;
    l->label_every = l->labels_turned ? every_for(PICTURE_LABEL[TEXT_CENTRE].size + 2, l->cell_width) : 1;
    l->labels_height = l->labels_turned ? widest + 8 : 18;
}

static int most_name_lines(const canvas *ruler, const heat_map *map, double width) {
    int most = 1;
    for (int i = 0; i < map->n_panels; i++) {
        int n = name_lines(ruler, map->panels[i].name, width);
        most = n > most ? n : most;
    }
    return most;
}

static layout lay_out(const canvas *ruler, const heat_map *map) {
    layout l = {.map = map, .n_inside = columns_inside(map)};
    l.cell_width = fmin(fmax(floor(fmax(340, 26.0 * map->n_columns) / map->n_columns), 26), 56);
    if (map->n_columns > 40) l.cell_width = fmax(floor(1040.0 / map->n_columns), 2);
    l.cell_height = map->n_rows <= 25 ? 24 : fmax(floor(600.0 / map->n_rows), 2);
    place_column_labels(&l, widest_column_label(ruler, map));
    l.slot_width = fmax(l.cell_width * map->n_columns, 230);
    double left = PICTURE_MARGIN + widest_row_label(ruler, map) + 10 + (picture_has(map->row_title) ? 18 : 0);
    int most = (int)fmax(floor((1500 - left) / (l.slot_width + GAP)), 1);
    l.panels_per_row = map->n_panels < most ? map->n_panels : most;
    l.n_panel_rows = (map->n_panels + l.panels_per_row - 1) / l.panels_per_row;
    l.head_height =
        6 + NAME_HEIGHT * most_name_lines(ruler, map, l.slot_width) + (map->trained_window > 0 ? 16 : 0);
    /* Lines one wide fill one row of pixels where they run between two whole numbers. */
    l.left = floor(left) + 0.5;
    l.top = floor(picture_head_height(map->title, map->subtitle) + 8 + l.head_height) + 0.5;
    l.slot_height = l.head_height + l.cell_height * map->n_rows + l.labels_height +
                    (picture_has(map->column_title) ? 18 : 0) + 12;
    if (picture_has(map->row_title)) /* the name beside few rows is longer than they are high */
        l.slot_height = fmax(l.slot_height, row_title_length(ruler, map) + 12);
    l.width = fmax(left + l.panels_per_row * (l.slot_width + GAP) - GAP + PICTURE_MARGIN, 460);
    l.height = l.top - l.head_height + l.n_panel_rows * l.slot_height + LEGEND_HEIGHT + PICTURE_MARGIN;
    return l;
}

static point grid_corner(const layout *l, int panel) {
    int column = panel % l->panels_per_row, row = panel / l->panels_per_row;
    return (point){l->left + column * (l->slot_width + GAP), l->top + row * l->slot_height};
}

/* ---- Drawing */

static void draw_not_run(canvas *c, box where) {
    const stroke pen = {.ink = {0.55, 0.55, 0.55}, .width = 0.8};
    canvas_fill_box(c, where, (colour){0.94, 0.94, 0.94});
    canvas_hatch_box(c, where, 6, &pen);
}

static void draw_limit_mark(canvas *c, box where, colour ink) {
    const stroke none = {.width = 0};
    double size = fmin(fmax(0.3 * fmin(where.width, where.height), 1), 7);
    point corner = {where.left + where.width, where.top};
    const point corners[] = {corner, {corner.x, corner.y + size}, {corner.x - size, corner.y}};
    canvas_polygon(c, corners, 3, &ink, &none);
}

static void draw_number(canvas *c, const heat_map *map, box where, double value, colour ink) {
    char text[32];
    text_style style = NUMBER;
    style.ink = ink;
    if (where.height < style.size + 3 ||
        !fitting_text(c, map, &style, value, where.width - 3, text, sizeof text))
        return;
    canvas_text(
        c, (point){where.left + where.width / 2, where.top + where.height / 2 + picture_half_height(&style)},
        &style, text);
}

/* The trained window's line stands on the right edge of a cell that ends it. */
static void draw_cell(canvas *c, const heat_map *map, box where, const heat_cell *cell, bool ends_window) {
    const stroke edge = {.ink = WHITE, .width = fmin(where.width, where.height) >= 8 ? 1 : 0};
    colour ground = {1, 1, 1};
    if (is_measured(cell)) {
        double overlap = edge.width > 0 ? 0 : 0.5; /* no seam between cells too small for an edge */
        ground = palette_share(goodness(map, cell->value));
        canvas_fill_box(c, (box){where.left, where.top, where.width + overlap, where.height + overlap}, ground);
        draw_number(c, map, where, cell->value, palette_ink_on(ground));
    } else {
        draw_not_run(c, where);
    }
    if (edge.width > 0) canvas_outline_box(c, where, &edge);
    if (!cell->past_limit) return;
    box clear = {where.left, where.top, where.width - (ends_window ? fmin(WINDOW_HALO, where.width) / 2 : 0),
                 where.height};
    draw_limit_mark(c, clear, palette_ink_on(ground));
}

static void draw_cells(canvas *c, const layout *l, int panel, point corner) {
    const heat_map *map = l->map;
    const stroke frame = {.ink = GREY, .width = 1};
    for (int row = 0; row < map->n_rows; row++)
        for (int column = 0; column < map->n_columns; column++) {
            box where = {corner.x + column * l->cell_width, corner.y + row * l->cell_height, l->cell_width,
                         l->cell_height};
            draw_cell(c, map, where, cell_at(map, panel, row, column), column + 1 == l->n_inside);
        }
    canvas_outline_box(
        c, (box){corner.x, corner.y, l->cell_width * map->n_columns, l->cell_height * map->n_rows}, &frame);
}

static void draw_column_labels(canvas *c, const layout *l, point corner) {
    const heat_map *map = l->map;
    double bottom = corner.y + l->cell_height * map->n_rows;
    for (int i = 0; i < map->n_columns; i += l->label_every) {
        char label[32];
        text_style style = PICTURE_LABEL[TEXT_CENTRE];
        point where = {corner.x + (i + 0.5) * l->cell_width, bottom + 14};
        display_text_tokens(map->columns[i], label, sizeof label);
        if (l->labels_turned) {
            style.turn = 90;
            style.anchor = TEXT_RIGHT;
            where = (point){where.x + picture_half_height(&style), bottom + 5};
        }
        canvas_text(c, where, &style, label);
    }
    if (!picture_has(map->column_title)) return;
    text_style style = PICTURE_LABEL[TEXT_CENTRE];
    double width = l->cell_width * map->n_columns;
    bool is_narrow = canvas_text_width(c, &style, map->column_title) > width;
    style.anchor = is_narrow ? TEXT_LEFT : TEXT_CENTRE;
    picture_text(c, (point){corner.x + (is_narrow ? 0 : width / 2), bottom + l->labels_height + 12}, &style,
                 map->column_title, l->slot_width);
}

static void draw_row_labels(canvas *c, const layout *l, point corner) {
    const heat_map *map = l->map;
    int every = every_for(PICTURE_LABEL[TEXT_CENTRE].size + 2, l->cell_height);
    text_style style = PICTURE_LABEL[TEXT_RIGHT];
    for (int i = 0; i < map->n_rows; i += every) {
        char label[32];
        snprintf(label, sizeof label, "%.4g", map->rows[i]);
        canvas_text(c,
                    (point){corner.x - 6, corner.y + (i + 0.5) * l->cell_height + picture_half_height(&style)},
                    &style, label);
    }
    if (!picture_has(map->row_title)) return;
    style.anchor = TEXT_CENTRE;
    style.turn = 90;
    double middle = corner.y + l->cell_height * map->n_rows / 2, half = row_title_length(c, map) / 2;
    double top = corner.y - l->head_height, bottom = top + l->slot_height - 12;
    picture_text(c, (point){PICTURE_MARGIN + 10, fmin(fmax(middle, top + half), bottom - half)}, &style,
                 map->row_title, bottom - top);
}

/* A black line in a white one, to be seen on any colour. */
static void draw_trained_window(canvas *c, const layout *l, point corner) {
    const heat_map *map = l->map;
    if (!(map->trained_window > 0)) return;
    double x = corner.x + l->n_inside * l->cell_width;
    const point ends[] = {{x, corner.y - 6}, {x, corner.y + l->cell_height * map->n_rows + 3}};
    const stroke halo = {.ink = WHITE, .width = WINDOW_HALO}, line = {.ink = BLACK, .width = 2};
    canvas_polyline(c, ends, 2, &halo);
    canvas_polyline(c, ends, 2, &line);
    char length[32], label[64];
    display_text_tokens(map->trained_window, length, sizeof length);
    snprintf(label, sizeof label, "trained window: %s", length);
    double half = canvas_text_width(c, &PICTURE_LABEL[TEXT_CENTRE], label) / 2;
    double middle = fmin(fmax(x, corner.x + half), corner.x + fmax(l->slot_width, 2 * half) - half);
    canvas_text(c, (point){middle, corner.y - 9}, &PICTURE_LABEL[TEXT_CENTRE], label);
}

static void draw_panel(canvas *c, const layout *l, int panel) {
    point corner = grid_corner(l, panel);
    double above = l->map->trained_window > 0 ? 24 : 8;
    draw_name(c, l->map->panels[panel].name, l->slot_width, (point){corner.x, corner.y - above});
    draw_cells(c, l, panel, corner);
    draw_column_labels(c, l, corner);
    if (panel % l->panels_per_row == 0) draw_row_labels(c, l, corner);
    draw_trained_window(c, l, corner);
}

/* The colour bar from worst to best, with round numbers. */
static void draw_colour_bar(canvas *c, const heat_map *map, point corner) {
    const stroke frame = {.ink = GREY, .width = 1};
    const int n = 95;
    double low = has_own_scale(map) ? fmin(map->worst, map->best) : 0;
    double high = has_own_scale(map) ? fmax(map->worst, map->best) : 1;
    text_style style = PICTURE_LABEL[TEXT_LEFT];
    picture_text(c, (point){corner.x, corner.y + 10}, &style,
                 picture_has(map->value_title) ? map->value_title : "found (%)", BAR_WIDTH + 30);
    for (int i = 0; i < n; i++) /* each a little wider, so that no seam shows between them */
        canvas_fill_box(c,
                        (box){corner.x + BAR_WIDTH * i / n, corner.y + 16,
                              fmin(BAR_WIDTH / n + 0.6, BAR_WIDTH - BAR_WIDTH * i / n), 12},
                        palette_share(i / (n - 1.0)));
    canvas_outline_box(c, (box){corner.x, corner.y + 16, BAR_WIDTH, 12}, &frame);
    tick_list ticks = has_own_scale(map) ? ticks_linear(low, high, 6) : ticks_linear(0, 100, 5);
    for (int i = 0; i < ticks.n; i++) {
        double at = has_own_scale(map) ? goodness(map, ticks.list[i].at) : ticks.list[i].at / 100;
        double x = corner.x + BAR_WIDTH * at;
        const point ends[] = {{x, corner.y + 28}, {x, corner.y + 31}};
        canvas_polyline(c, ends, 2, &frame);
        canvas_text(c, (point){x, corner.y + 42}, &PICTURE_LABEL[TEXT_CENTRE], ticks.list[i].label);
    }
}

/* What marks mean, of those that the map has. */
static void draw_marks_legend(canvas *c, const heat_map *map, point corner) {
    bool has_gap = false, has_limit = false;
    for (int panel = 0; panel < map->n_panels; panel++)
        for (int i = 0; i < map->n_rows * map->n_columns; i++) {
            const heat_cell *cell = &map->panels[panel].cells[i];
            has_gap = has_gap || !is_measured(cell);
            has_limit = has_limit || cell->past_limit;
        }
    const stroke frame = {.ink = GREY, .width = 1};
    text_style style = PICTURE_LABEL[TEXT_LEFT];
    double y = corner.y + 2;
    if (has_gap) {
        draw_not_run(c, (box){corner.x, y, 22, 14});
        canvas_outline_box(c, (box){corner.x, y, 22, 14}, &frame);
        canvas_text(c, (point){corner.x + 29, y + 11}, &style, "not run");
        y += 21;
    }
    if (has_limit) {
        canvas_outline_box(c, (box){corner.x, y, 22, 14}, &frame);
        draw_limit_mark(c, (box){corner.x, y - 1, 22.5, 22}, BLACK);
        canvas_text(c, (point){corner.x + 29, y + 11}, &style, "past the plan's limit");
    }
}

static void draw_all(canvas *c, const layout *l) {
    const heat_map *map = l->map;
    picture_draw_head(c, map->title, map->subtitle);
    for (int panel = 0; panel < map->n_panels; panel++) draw_panel(c, l, panel);
    point legend = {l->left, l->height - LEGEND_HEIGHT - PICTURE_MARGIN + 8};
    draw_colour_bar(c, map, legend);
    draw_marks_legend(c, map, (point){legend.x + BAR_WIDTH + 40, legend.y});
}

static bool is_drawable(const heat_map *map, char *problem, size_t n_problem) {
    const char *fault = NULL;
    if (map->n_columns < 1 || map->n_rows < 1 || map->n_panels < 1)
        fault = "there is nothing to draw: a heat map needs a column, a row and a panel";
    else if (map->n_columns > HEAT_MAP_MOST || map->n_rows > HEAT_MAP_MOST)
        fault = "a heat map has at most 500 columns and 500 rows; draw fewer";
    else if (map->n_panels > HEAT_MAP_MOST_PANELS)
        fault = "a heat map has at most 64 panels; draw fewer plans";
    else if (!isfinite(map->worst) || !isfinite(map->best) || !isfinite(map->best - map->worst))
        fault = "a heat map's scale must be finite";
    if (fault != NULL) snprintf(problem, n_problem, "%s", fault);
    return fault == NULL;
}

canvas *heat_map_draw(const heat_map *map, char *problem, size_t n_problem) {
    problem[0] = '\0';
    if (!is_drawable(map, problem, n_problem)) return NULL;
    canvas *ruler = canvas_new(1, 1), *c = NULL;
    if (ruler != NULL) {
        layout l = lay_out(ruler, map);
        bool fits = l.width <= CANVAS_MOST && l.height <= CANVAS_MOST;
        if (!fits)
            snprintf(problem, n_problem, "the heat map is too large for a picture; draw fewer plans or cells");
        c = fits ? canvas_new(l.width, l.height) : NULL;
        if (c != NULL) draw_all(c, &l);
    }
    if (c == NULL && problem[0] == '\0') snprintf(problem, n_problem, "out of memory while drawing");
    canvas_free(ruler);
    return c;
}
