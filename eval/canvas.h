/* A drawing: made once, then written as SVG, or as PNG at any scale. This is the only file that knows cairo.
 *
 * Lengths are in units of a 96th of an inch (one pixel of a PNG at scale 1); x grows to the right, y downwards.
 * The page is white. The same drawing is the same bytes each time, on machines with the same fonts: letters are
 * drawn as outlines, so that a reader needs no font, and an SVG carries its texts in <title> and <desc> as
 * well. Texts may be any bytes: what is not UTF-8 is drawn as U+FFFD. Numbers that are not finite draw nothing.
 * When memory runs out the canvas remembers it, and writing it fails with ENOMEM. */
#ifndef SEXTANT_EVAL_CANVAS_H
#define SEXTANT_EVAL_CANVAS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

typedef struct canvas canvas;

typedef struct colour {
    double red, green, blue; /* sRGB, 0 to 1 */
} colour;

typedef struct point {
    double x, y;
} point;

typedef struct box {
    double left, top, width, height;
} box;

typedef struct stroke {
    colour ink;
    double width;   /* 0: nothing is drawn */
    double dash[6]; /* lengths of ink and gap in turn */
    int n_dash;     /* 0: a solid line */
} stroke;

typedef enum text_anchor { TEXT_LEFT, TEXT_CENTRE, TEXT_RIGHT } text_anchor;

typedef struct text_style {
    double size; /* of the font */
    bool bold;
    colour ink;
    text_anchor anchor; /* which end of the text stands at the point */
    double turn;        /* degrees anticlockwise about the point */
} text_style;

enum { CANVAS_MOST = 30000 };

/* NULL when out of memory; sizes are held to 1 ... CANVAS_MOST. */
canvas *canvas_new(double width, double height);
void canvas_free(canvas *c);
double canvas_width(const canvas *c);
double canvas_height(const canvas *c);

/* For readers who do not see the picture: the SVG's <title>. All texts of the drawing are its <desc>. */
void canvas_set_title(canvas *c, const char *title);

void canvas_fill_box(canvas *c, box where, colour ink);
void canvas_outline_box(canvas *c, box where, const stroke *pen);
/* Parallel lines from lower left to upper right, `step` apart, that end at the box. */
void canvas_hatch_box(canvas *c, box where, double step, const stroke *pen);
void canvas_polyline(canvas *c, const point *points /* (n) */, size_t n, const stroke *pen);
/* Filled with `fill` unless NULL, and outlined. */
void canvas_polygon(canvas *c, const point *points /* (n) */, size_t n, const colour *fill, const stroke *pen);
void canvas_circle(canvas *c, point centre, double radius, const colour *fill, const stroke *pen);
/* The point is on the base line. */
void canvas_text(canvas *c, point where, const text_style *style, const char *text);
double canvas_text_width(const canvas *c, const text_style *style, const char *text);
/* A copy of `text` that is at most `width` wide, shortened in the middle by an ellipsis; at least one letter of
 * each end stays. Released with free(); NULL when out of memory. */
char *canvas_shorten_text(const canvas *c, const text_style *style, const char *text, double width);

typedef enum canvas_format { CANVAS_SVG, CANVAS_PNG } canvas_format;

/* By the end of a path, .svg or .png in any case; false for any other. */
bool canvas_format_of(const char *path, canvas_format *format);

/* Writes the whole drawing; false with errno (ENOMEM, or what the file said). A PNG has `scale` pixels for each
 * unit (1 on a usual screen, 2 on a fine one), held so that no side has more than CANVAS_MOST; an SVG takes no
 * scale.
 */
bool canvas_write(const canvas *c, canvas_format format, double scale, FILE *file);

#endif
