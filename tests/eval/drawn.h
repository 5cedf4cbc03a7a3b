/* Looks at drawings as a reader would: the pixels of the PNG, the texts and the markup of the SVG. */
#ifndef SEXTANT_TESTS_EVAL_DRAWN_H
#define SEXTANT_TESTS_EVAL_DRAWN_H

#include "eval/canvas.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <cairo.h>
#include <stdlib.h>
#include <string.h>

/* fontconfig keeps its settings until the end of the process, and never frees them. The name is the leak
 * checker's, which looks for it from its own library. */
__attribute__((visibility("default"))) const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void) { return "leak:libfontconfig\n"; }

static inline char *drawn_bytes(const canvas *c, canvas_format format, double scale, size_t *n) {
    char *bytes = NULL;
    FILE *memory = open_memstream(&bytes, n);
    assert_non_null(memory);
    assert_true(canvas_write(c, format, scale, memory));
    assert_int_equal(fclose(memory), 0);
    char *copy = malloc(*n + 1); /* GCC takes what the stream allocated for `bytes` itself */
    assert_non_null(copy);
    memcpy(copy, bytes, *n + 1);
    free(bytes);
    return copy;
}

static inline char *drawn_svg(const canvas *c) {
    size_t n;
    return drawn_bytes(c, CANVAS_SVG, 1, &n);
}

/* ---- Markup */

static inline const char *skip_entity(const char *s) {
    static const char *const known[] = {"&lt;", "&gt;", "&amp;", "&quot;", "&#39;", "&apos;"};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (strncmp(s, known[i], strlen(known[i])) == 0) return s + strlen(known[i]);
    fail_msg("an & that begins no entity: %.20s", s);
    return s;
}

/* Every element is closed in turn, no < stands in a text or an attribute, no control character anywhere. */
static inline void assert_well_formed(const char *xml) {
    char open[64][32];
    int depth = 0, n_elements = 0;
    const char *s = xml;
    assert_memory_equal(s, "<?xml", 5);
    s = strstr(s, "?>") + 2;
    while (*s != '\0') {
        assert_true((unsigned char)*s >= 0x20 || *s == '\n');
        if (*s == '&') {
            s = skip_entity(s);
            continue;
        }
        assert_true(*s != '>');
        if (*s != '<') {
            s++;
            continue;
        }
        bool closes = s[1] == '/';
        const char *name = s + 1 + closes, *end = s + 1;
        for (char quote = '\0'; quote != '\0' || *end != '>'; end++) {
            assert_true(*end != '\0' && *end != '<');
            if (quote == '\0' && *end == '"')
                quote = '"';
            else if (*end == quote)
                quote = '\0';
        }
        int length = (int)strcspn(name, " />\n");
        assert_true(length > 0 && length < 32);
        if (closes) {
            assert_true(depth > 0);
            depth--;
            assert_int_equal(strlen(open[depth]), length);
            assert_memory_equal(open[depth], name, (size_t)length);
        } else if (end[-1] != '/') {
            assert_true(depth < 64);
            memcpy(open[depth], name, (size_t)length);
            open[depth++][length] = '\0';
        }
        n_elements++;
        s = end + 1;
    }
    assert_int_equal(depth, 0);
    assert_true(n_elements > 4);
}

/* A line of the texts that the SVG tells is exactly this. */
static inline bool svg_says(const char *svg, const char *line) {
    const char *begin = strstr(svg, "<desc>"), *end = strstr(svg, "</desc>");
    size_t n = strlen(line);
    assert_non_null(begin);
    for (const char *s = begin + 6; s < end; s = strchr(s, '\n') + 1)
        if (strncmp(s, line, n) == 0 && s[n] == '\n') return true;
    return false;
}

/* ---- Pixels */

typedef struct image {
    cairo_surface_t *surface;
    int width, height;
} image;

typedef struct png_bytes {
    const char *bytes;
    size_t n, at;
} png_bytes;

static inline cairo_status_t read_png_bytes(void *user, unsigned char *out, unsigned n) {
    png_bytes *from = user;
    if (n > from->n - from->at) return CAIRO_STATUS_READ_ERROR;
    memcpy(out, from->bytes + from->at, n);
    from->at += n;
    return CAIRO_STATUS_SUCCESS;
}

static inline image drawn_image(const canvas *c, double scale) {
    png_bytes from = {0};
    char *bytes = drawn_bytes(c, CANVAS_PNG, scale, &from.n);
    from.bytes = bytes;
    image shown = {.surface = cairo_image_surface_create_from_png_stream(read_png_bytes, &from)};
    assert_int_equal(cairo_surface_status(shown.surface), CAIRO_STATUS_SUCCESS);
    shown.width = cairo_image_surface_get_width(shown.surface);
    shown.height = cairo_image_surface_get_height(shown.surface);
    free(bytes);
    return shown;
}

static inline void image_free(image *shown) { cairo_surface_destroy(shown->surface); }

static inline uint32_t pixel(const image *shown, int x, int y) {
    const unsigned char *data = cairo_image_surface_get_data(shown->surface);
    uint32_t value;
    assert_true(x >= 0 && y >= 0 && x < shown->width && y < shown->height);
    memcpy(&value, data + (size_t)y * (size_t)cairo_image_surface_get_stride(shown->surface) + 4 * (size_t)x,
           4);
    return value & 0xFFFFFF;
}

static inline uint32_t rgb_of(colour c) {
    return (uint32_t)(c.red * 255 + 0.5) << 16 | (uint32_t)(c.green * 255 + 0.5) << 8 |
           (uint32_t)(c.blue * 255 + 0.5);
}

/* The same within two steps of each channel. */
static inline bool is_about(uint32_t a, uint32_t b) {
    for (int shift = 0; shift < 24; shift += 8)
        if (abs((int)(a >> shift & 0xFF) - (int)(b >> shift & 0xFF)) > 2) return false;
    return true;
}

typedef struct bounds {
    int left, top, right, bottom, n;
} bounds;

/* The pixels of one colour within [left, right) x [top, bottom). */
static inline bounds bounds_of(const image *shown, uint32_t rgb, int left, int top, int right, int bottom) {
    bounds found = {shown->width, shown->height, -1, -1, 0};
    for (int y = top; y < bottom; y++)
        for (int x = left; x < right; x++)
            if (is_about(pixel(shown, x, y), rgb)) {
                found.left = x < found.left ? x : found.left;
                found.right = x > found.right ? x : found.right;
                found.top = y < found.top ? y : found.top;
                found.bottom = y > found.bottom ? y : found.bottom;
                found.n++;
            }
    return found;
}

#endif
