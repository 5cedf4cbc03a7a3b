#include "eval/palette.h"

#include <math.h>

/* CIELAB (D65), where distance is what the eye sees. */
typedef struct lab {
    double l, a, b;
} lab;

/* Dark red, red, orange, amber, a very light green: equal steps of lightness. */
static const lab SHARE_ANCHORS[] = {{30, 48, 36}, {46, 52, 54}, {62, 34, 62}, {78, 10, 50}, {94, -8, 26}};
enum { N_STEPS = sizeof SHARE_ANCHORS / sizeof SHARE_ANCHORS[0] - 1 };

static double from_lab(double f) {
    return f > 6.0 / 29 ? f * f * f : 3 * (6.0 / 29) * (6.0 / 29) * (f - 4.0 / 29);
}

/* sRGB's curve (IEC 61966-2-1). */
static double to_srgb(double linear) {
    double c = linear <= 0.0031308 ? 12.92 * linear : 1.055 * pow(linear, 1 / 2.4) - 0.055;
    return fmin(fmax(c, 0), 1);
}

static double from_srgb(double c) { return c <= 0.04045 ? c / 12.92 : pow((c + 0.055) / 1.055, 2.4); }

static colour colour_of(lab p) {
    double fy = (p.l + 16) / 116;
    double x = 0.95047 * from_lab(fy + p.a / 500), y = from_lab(fy), z = 1.08883 * from_lab(fy - p.b / 200);
    return (colour){to_srgb(3.2404542 * x - 1.5371385 * y - 0.4985314 * z),
                    to_srgb(-0.9692660 * x + 1.8760108 * y + 0.0415560 * z),
                    to_srgb(0.0556434 * x - 0.2040259 * y + 1.0572252 * z)};
}

colour palette_share(double share) {
    double at = (share > 0 ? fmin(share, 1) : 0) * N_STEPS; /* NaN is not above 0 */
    int i = (int)fmin(floor(at), N_STEPS - 1);
    double part = at - i;
    lab p = SHARE_ANCHORS[i], q = SHARE_ANCHORS[i + 1];
    return colour_of((lab){p.l + part * (q.l - p.l), p.a + part * (q.a - p.a), p.b + part * (q.b - p.b)});
}

colour palette_ink_on(colour ground) {
    double luminance =
        0.2126 * from_srgb(ground.red) + 0.7152 * from_srgb(ground.green) + 0.0722 * from_srgb(ground.blue);
    /* By WCAG black and white have the same contrast at 0.18; on reds and oranges white reads better a little
     * beyond, with a contrast of at least 4. */
    return luminance > 0.21 ? (colour){0, 0, 0} : (colour){1, 1, 1};
}

/* Blue, vermilion, bluish green, reddish purple, black, sky blue, orange. */
static const colour LINE_COLOURS[] = {{0, 0.447, 0.698},   {0.835, 0.369, 0}, {0, 0.62, 0.451},
                                      {0.8, 0.475, 0.655}, {0, 0, 0},         {0.337, 0.706, 0.914},
                                      {0.902, 0.624, 0}};
enum { N_COLOURS = sizeof LINE_COLOURS / sizeof LINE_COLOURS[0], N_DASHES = 5 };
static const stroke DASHES[N_DASHES] = {
    {.n_dash = 0},
    {.dash = {6, 3}, .n_dash = 2},
    {.dash = {2, 2}, .n_dash = 2},
    {.dash = {9, 3, 2, 3}, .n_dash = 4},
    {.dash = {12, 4}, .n_dash = 2},
};

/* 7 colours, 5 dashes and 6 markers: the same three meet again after 210 lines. */
stroke palette_line(int i, double width) {
    if (i < 0) i = 0;
    stroke line = DASHES[i % N_DASHES];
    line.ink = LINE_COLOURS[i % N_COLOURS];
    line.width = width;
    return line;
}

/* A polygon's corners around a point; `turn` in radians, `inner` the radius of every second corner. */
static void draw_star(canvas *c, point where, int n_corners, double radius, double inner, double turn,
                      const colour *fill, const stroke *pen) {
    point corners[8];
    for (int i = 0; i < n_corners; i++) {
        double angle = turn + 2 * 3.14159265358979323846 * i / n_corners, r = i % 2 == 0 ? radius : inner;
        corners[i] = (point){where.x + r * sin(angle), where.y - r * cos(angle)};
    }
    canvas_polygon(c, corners, (size_t)n_corners, fill, pen);
}

void palette_marker(canvas *c, int i, point where, double radius, bool hollow) {
    const double eighth = 0.78539816339744831; /* of a turn */
    stroke pen = palette_line(i, radius * 0.4);
    pen.n_dash = 0;
    colour fill = hollow ? (colour){1, 1, 1} : pen.ink;
    if (i < 0) i = 0;
    /* Radii are such that all look about as heavy. */
    switch (i % PALETTE_N_MARKERS) {
    case 0: canvas_circle(c, where, radius * 0.95, &fill, &pen); break;
    case 1: draw_star(c, where, 4, radius * 1.2, radius * 1.2, eighth, &fill, &pen); break;
    case 2: draw_star(c, where, 3, radius * 1.35, radius * 1.35, 0, &fill, &pen); break;
    case 3: draw_star(c, where, 4, radius * 1.3, radius * 1.3, 0, &fill, &pen); break;
    case 4: draw_star(c, where, 3, radius * 1.35, radius * 1.35, 4 * eighth, &fill, &pen); break;
    default: draw_star(c, where, 8, radius * 1.5, radius * 0.6, 0, &fill, &pen); break;
    }
}
