#include "eval/canvas.h"

#include "eval/display_text.h"

#include <cairo-svg.h>
#include <cairo.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

typedef enum item_kind { ITEM_POLYGON, ITEM_POLYLINE, ITEM_CIRCLE, ITEM_TEXT } item_kind;

/* One thing that was drawn. */
typedef struct item {
    item_kind kind;
    bool filled;
    colour fill;
    stroke pen;
    point *points; /* (n_points): corners; of a circle the centre; of a text where it stands */
    size_t n_points;
    double radius;
    text_style style;
    char *text; /* valid UTF-8 */
} item;

struct canvas {
    double width, height;
    char *title;
    item *items; /* (n_items) */
    size_t n_items, n_room;
    bool failed;    /* memory ran out */
    cairo_t *ruler; /* measures text */
};

/* ---- What is drawn is kept as a list */

static char *copy_text(canvas *c, const char *text) {
    char *copy = display_text_clean(text);
    if (copy == NULL) c->failed = true;
    return copy;
}

/* Coordinates far outside any page would overflow cairo's own numbers. */
static bool is_drawable(double x) { return isfinite(x) && fabs(x) < 1e6; }

static item *add_item(canvas *c, item_kind kind, const point *points, size_t n_points) {
    for (size_t i = 0; i < n_points; i++)
        if (!is_drawable(points[i].x) || !is_drawable(points[i].y)) return NULL;
    if (c->failed || n_points == 0) return NULL;
    if (c->n_items == c->n_room) {
        size_t n_room = c->n_room * 2 + 64;
        item *items = realloc(c->items, n_room * sizeof *items);
        if (items != NULL) {
            c->items = items;
            c->n_room = n_room;
        }
        c->failed = items == NULL;
    }
    point *copy = c->failed ? NULL : malloc(n_points * sizeof *copy);
    if (copy == NULL) {
        c->failed = true;
        return NULL;
    }
    memcpy(copy, points, n_points * sizeof *copy);
    item *added = &c->items[c->n_items++];
    *added = (item){.kind = kind, .points = copy, .n_points = n_points};
    return added;
}

/* The font: one family; letters are neither fitted to pixels nor moved, so that they are as wide at any scale.
 */
static void choose_font(cairo_t *cr, const text_style *style) {
    cairo_font_options_t *options = cairo_font_options_create();
    cairo_font_options_set_hint_style(options, CAIRO_HINT_STYLE_NONE);
    cairo_font_options_set_hint_metrics(options, CAIRO_HINT_METRICS_OFF);
    cairo_font_options_set_antialias(options, CAIRO_ANTIALIAS_GRAY);
    cairo_set_font_options(cr, options);
    cairo_font_options_destroy(options);
    cairo_select_font_face(cr, "sans-serif", CAIRO_FONT_SLANT_NORMAL,
                           style->bold ? CAIRO_FONT_WEIGHT_BOLD : CAIRO_FONT_WEIGHT_NORMAL);
    cairo_set_font_size(cr, style->size);
}

static double measure(cairo_t *cr, const text_style *style, const char *text) {
    cairo_text_extents_t extents;
    choose_font(cr, style);
    cairo_text_extents(cr, text, &extents);
    return extents.x_advance;
}

canvas *canvas_new(double width, double height) {
    canvas *c = calloc(1, sizeof *c);
    if (c == NULL) return NULL;
    c->width = ceil(fmin(fmax(width, 1), CANVAS_MOST));
    c->height = ceil(fmin(fmax(height, 1), CANVAS_MOST));
    cairo_surface_t *surface = cairo_image_surface_create(CAIRO_FORMAT_A8, 1, 1);
    c->ruler = cairo_create(surface);
    cairo_surface_destroy(surface);
    if (cairo_status(c->ruler) != CAIRO_STATUS_SUCCESS) {
        canvas_free(c);
        return NULL;
    }
    return c;
}

void canvas_free(canvas *c) {
    if (c == NULL) return;
    for (size_t i = 0; i < c->n_items; i++) {
        free(c->items[i].points);
        free(c->items[i].text);
    }
    free(c->items);
    free(c->title);
    cairo_destroy(c->ruler);
    free(c);
}

double canvas_width(const canvas *c) { return c->width; }
double canvas_height(const canvas *c) { return c->height; }

void canvas_set_title(canvas *c, const char *title) {
    free(c->title);
    c->title = copy_text(c, title);
}

static const stroke NO_PEN = {.width = 0};

void canvas_polygon(canvas *c, const point *points, size_t n, const colour *fill, const stroke *pen) {
    item *added = add_item(c, ITEM_POLYGON, points, n);
    if (added == NULL) return;
    added->filled = fill != NULL;
    if (fill != NULL) added->fill = *fill;
    added->pen = *pen;
}

static void draw_box(canvas *c, box b, const colour *fill, const stroke *pen) {
    double right = b.left + b.width, bottom = b.top + b.height;
    const point corners[] = {{b.left, b.top}, {right, b.top}, {right, bottom}, {b.left, bottom}};
    canvas_polygon(c, corners, 4, fill, pen);
}

void canvas_fill_box(canvas *c, box where, colour ink) { draw_box(c, where, &ink, &NO_PEN); }

void canvas_outline_box(canvas *c, box where, const stroke *pen) { draw_box(c, where, NULL, pen); }

void canvas_hatch_box(canvas *c, box b, double step, const stroke *pen) {
    if (!(step >= 1) || !is_drawable(b.width) || !is_drawable(b.height)) return;
    /* A line is x + y = s, counted from the upper left corner. */
    for (int i = 1; i * step < b.width + b.height; i++) {
        double s = i * step, x = fmin(s, b.width), y = fmin(s, b.height);
        const point ends[] = {{b.left + s - y, b.top + y}, {b.left + x, b.top + s - x}};
        canvas_polyline(c, ends, 2, pen);
    }
}

void canvas_polyline(canvas *c, const point *points, size_t n, const stroke *pen) {
    item *added = add_item(c, ITEM_POLYLINE, points, n);
    if (added != NULL) added->pen = *pen;
}

void canvas_circle(canvas *c, point centre, double radius, const colour *fill, const stroke *pen) {
    item *added = is_drawable(radius) && radius > 0 ? add_item(c, ITEM_CIRCLE, &centre, 1) : NULL;
    if (added == NULL) return;
    added->radius = radius;
    added->filled = fill != NULL;
    if (fill != NULL) added->fill = *fill;
    added->pen = *pen;
}

void canvas_text(canvas *c, point where, const text_style *style, const char *text) {
    if (text == NULL || text[0] == '\0' || !is_drawable(style->size) || style->size <= 0) return;
    char *copy = copy_text(c, text);
    item *added = copy != NULL ? add_item(c, ITEM_TEXT, &where, 1) : NULL;
    if (added == NULL) {
        free(copy);
        return;
    }
    added->style = *style;
    added->text = copy;
}

double canvas_text_width(const canvas *c, const text_style *style, const char *text) {
    char *clean = display_text_clean(text);
    double width = clean != NULL ? measure(c->ruler, style, clean) : 0;
    free(clean);
    return width;
}

char *canvas_shorten_text(const canvas *c, const text_style *style, const char *text, double width) {
    char *clean = display_text_clean(text);
    if (clean == NULL || measure(c->ruler, style, clean) <= width) return clean;
    /* The most letters that fit, found by halving: width grows with them. */
    size_t least = 2, most = display_text_letters(clean);
    while (least < most) {
        size_t n = (least + most + 1) / 2;
        char *tried = display_text_shorten(clean, n);
        bool fits = tried != NULL && measure(c->ruler, style, tried) <= width;
        free(tried);
        if (fits)
            least = n;
        else
            most = n - 1;
    }
    char *shortened = display_text_shorten(clean, least);
    free(clean);
    return shortened;
}

/* ---- The list is drawn by cairo */

static void set_ink(cairo_t *cr, colour ink) { cairo_set_source_rgb(cr, ink.red, ink.green, ink.blue); }

static void paint_path(cairo_t *cr, const item *drawn) {
    const stroke *pen = &drawn->pen;
    if (drawn->filled) {
        set_ink(cr, drawn->fill);
        cairo_fill_preserve(cr);
    }
    if (pen->width > 0) {
        set_ink(cr, pen->ink);
        cairo_set_line_width(cr, pen->width);
        cairo_set_dash(cr, pen->dash, pen->n_dash, 0);
        cairo_stroke_preserve(cr);
    }
    cairo_new_path(cr);
}

static void paint_text(cairo_t *cr, const item *drawn) {
    const text_style *style = &drawn->style;
    double width = measure(cr, style, drawn->text);
    cairo_save(cr);
    cairo_translate(cr, drawn->points[0].x, drawn->points[0].y);
    cairo_rotate(cr, -style->turn * 3.14159265358979323846 / 180);
    cairo_move_to(cr, style->anchor == TEXT_LEFT ? 0 : style->anchor == TEXT_CENTRE ? -width / 2 : -width, 0);
    set_ink(cr, style->ink);
    cairo_show_text(cr, drawn->text);
    cairo_restore(cr);
    cairo_new_path(cr);
}

static void paint_item(cairo_t *cr, const item *drawn) {
    if (drawn->kind == ITEM_TEXT) {
        paint_text(cr, drawn);
        return;
    }
    if (drawn->kind == ITEM_CIRCLE)
        cairo_arc(cr, drawn->points[0].x, drawn->points[0].y, drawn->radius, 0, 2 * 3.14159265358979323846);
    else
        for (size_t i = 0; i < drawn->n_points; i++) cairo_line_to(cr, drawn->points[i].x, drawn->points[i].y);
    if (drawn->kind == ITEM_POLYGON) cairo_close_path(cr);
    paint_path(cr, drawn);
}

/* Onto a surface that has the drawing's size; `scale` pixels for a unit. */
static bool paint(const canvas *c, cairo_surface_t *surface, double scale) {
    cairo_t *cr = cairo_create(surface);
    cairo_scale(cr, scale, scale);
    cairo_set_line_join(cr, CAIRO_LINE_JOIN_ROUND);
    cairo_set_source_rgb(cr, 1, 1, 1);
    cairo_rectangle(cr, 0, 0, c->width, c->height);
    cairo_fill(cr);
    for (size_t i = 0; i < c->n_items; i++) paint_item(cr, &c->items[i]);
    bool good = cairo_status(cr) == CAIRO_STATUS_SUCCESS;
    cairo_destroy(cr);
    return good;
}

/* ---- Files */

static cairo_status_t write_bytes(void *file, const unsigned char *bytes, unsigned n) {
    return fwrite(bytes, 1, n, file) == n ? CAIRO_STATUS_SUCCESS : CAIRO_STATUS_WRITE_ERROR;
}

static bool write_png(const canvas *c, double scale, FILE *file) {
    double most = CANVAS_MOST / fmax(c->width, c->height);
    scale = scale > 0 ? fmin(scale, most) : 1;
    int width = (int)fmax(ceil(c->width * scale), 1), height = (int)fmax(ceil(c->height * scale), 1);
    cairo_surface_t *surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24, width, height);
    bool good = paint(c, surface, scale);
    errno = good ? 0 : ENOMEM;
    if (good) good = cairo_surface_write_to_png_stream(surface, write_bytes, file) == CAIRO_STATUS_SUCCESS;
    if (!good && errno == 0) errno = ferror(file) ? EIO : ENOMEM;
    int reason = errno;
    cairo_surface_destroy(surface);
    errno = reason;
    return good;
}

/* The document as cairo writes it. NULL when out of memory. */
static char *svg_document(const canvas *c, size_t *n_bytes) {
    char *bytes = NULL;
    FILE *memory = open_memstream(&bytes, n_bytes);
    if (memory == NULL) return NULL;
    cairo_surface_t *surface = cairo_svg_surface_create_for_stream(write_bytes, memory, c->width, c->height);
    cairo_svg_surface_set_document_unit(surface, CAIRO_SVG_UNIT_PX);
    bool good = paint(c, surface, 1);
    cairo_surface_finish(surface);
    good = cairo_surface_status(surface) == CAIRO_STATUS_SUCCESS && good;
    cairo_surface_destroy(surface);
    good = fclose(memory) == 0 && good;
    if (good) return bytes;
    free(bytes);
    return NULL;
}

static void write_literal(const char *text, FILE *file) { fwrite(text, 1, strlen(text), file); }

/* Letters are outlines there, which nobody can search or hear: the texts stand beside them. */
static void write_texts(const canvas *c, FILE *file) {
    write_literal("<title>", file);
    display_text_write_xml(c->title != NULL ? c->title : "", file);
    write_literal("</title>\n<desc>", file);
    for (size_t i = 0; i < c->n_items; i++) {
        if (c->items[i].kind != ITEM_TEXT) continue;
        display_text_write_xml(c->items[i].text, file);
        fputc('\n', file);
    }
    write_literal("</desc>\n", file);
}

/* cairo numbers the surfaces of a process, and writes the number where nothing refers to it: left out, the same
 * drawing is the same bytes. */
static bool write_svg(const canvas *c, FILE *file) {
    size_t n_bytes = 0;
    char *document = svg_document(c, &n_bytes);
    if (document == NULL) {
        errno = ENOMEM;
        return false;
    }
    char *element = strstr(document, "<svg"), *body = element != NULL ? strstr(element, ">\n") : NULL;
    if (body == NULL) {
        free(document);
        errno = EPROTO;
        return false;
    }
    body += 2;
    fwrite(document, 1, (size_t)(body - document), file);
    write_texts(c, file);
    char *group = strstr(body, "<g id=\"surface"), *rest = group != NULL ? strchr(group, '>') : NULL;
    if (rest != NULL) {
        fwrite(body, 1, (size_t)(group - body), file);
        write_literal("<g", file);
        body = rest;
    }
    write_literal(body, file);
    free(document);
    return !ferror(file);
}

bool canvas_format_of(const char *path, canvas_format *format) {
    size_t n = strlen(path);
    if (n <= 4) return false;
    bool is_svg = strcasecmp(path + n - 4, ".svg") == 0, is_png = strcasecmp(path + n - 4, ".png") == 0;
    if (is_svg || is_png) *format = is_svg ? CANVAS_SVG : CANVAS_PNG;
    return is_svg || is_png;
}

bool canvas_write(const canvas *c, canvas_format format, double scale, FILE *file) {
    if (c->failed) {
        errno = ENOMEM;
        return false;
    }
    bool good = format == CANVAS_SVG ? write_svg(c, file) : write_png(c, scale, file);
    return good && fflush(file) == 0;
}
