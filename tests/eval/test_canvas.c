/* Drawings: the same in both formats, the same each time, and never wrong markup, whatever the texts. */
#include "drawn.h"

#include "eval/display_text.h"

#include <errno.h>
#include <math.h>

static const stroke NONE = {.width = 0};
static const text_style PLAIN = {12, false, {0, 0, 0}, TEXT_LEFT, 0};

static void test_shapes_are_where_they_were_asked(void **state) {
    (void)state;
    canvas *c = canvas_new(60, 40);
    const colour red = {1, 0, 0}, blue = {0, 0, 1};
    canvas_fill_box(c, (box){10, 5, 20, 10}, red);
    canvas_circle(c, (point){45, 20}, 6, &blue, &NONE);
    for (int scale = 1; scale <= 3; scale++) {
        image shown = drawn_image(c, scale);
        assert_int_equal(shown.width, 60 * scale);
        assert_int_equal(shown.height, 40 * scale);
        bounds area = bounds_of(&shown, 0xFF0000, 0, 0, shown.width, shown.height);
        assert_int_equal(area.left, 10 * scale);
        assert_int_equal(area.right, 30 * scale - 1);
        assert_int_equal(area.top, 5 * scale);
        assert_int_equal(area.bottom, 15 * scale - 1);
        assert_int_equal(pixel(&shown, 45 * scale, 20 * scale), 0x0000FF);
        assert_int_equal(pixel(&shown, 45 * scale, 28 * scale), 0xFFFFFF);
        assert_int_equal(pixel(&shown, 0, 0), 0xFFFFFF);
        image_free(&shown);
    }
    canvas_free(c);
}

static void test_a_hatch_stays_in_its_box(void **state) {
    (void)state;
    const stroke pen = {.ink = {0, 0, 0}, .width = 1};
    const box boxes[] = {{20, 20, 30, 12}, {20, 20, 12, 30}, {20, 20, 2, 2}};
    for (int i = 0; i < 3; i++) {
        canvas *c = canvas_new(80, 80);
        canvas_hatch_box(c, boxes[i], 5, &pen);
        image shown = drawn_image(c, 1);
        int n_dark = 0;
        for (int y = 0; y < 80; y++)
            for (int x = 0; x < 80; x++) {
                if (pixel(&shown, x, y) == 0xFFFFFF) continue;
                n_dark++;
                assert_true(x >= 19 && x <= 20 + boxes[i].width && y >= 19 && y <= 20 + boxes[i].height);
            }
        assert_true(i == 2 || n_dark > 60);
        image_free(&shown);
        canvas_free(c);
    }
}

static void test_anchors_and_widths(void **state) {
    (void)state;
    const text_anchor anchors[] = {TEXT_LEFT, TEXT_CENTRE, TEXT_RIGHT};
    for (int i = 0; i < 3; i++) {
        canvas *c = canvas_new(300, 60);
        text_style style = PLAIN;
        style.anchor = anchors[i];
        double width = canvas_text_width(c, &style, "HHHHHHHH");
        assert_true(width > 50 && width < 120);
        canvas_text(c, (point){150, 30}, &style, "HHHHHHHH");
        image shown = drawn_image(c, 4); /* at which strokes are wide enough to have black pixels */
        bounds ink = bounds_of(&shown, 0x000000, 0, 0, 1200, 240);
        assert_true(ink.n > 200 && ink.bottom <= 120 && ink.bottom > 116 && ink.top > 72);
        double expected = 150 - width * (i / 2.0); /* of the text's left end */
        assert_true(fabs(ink.left / 4.0 - expected) < 3 && fabs(ink.right / 4.0 - expected - width) < 3);
        image_free(&shown);
        canvas_free(c);
    }
}

static void test_the_same_bytes_each_time(void **state) {
    (void)state;
    char *first[2] = {NULL, NULL};
    size_t n_first[2] = {0, 0};
    for (int turn = 0; turn < 3; turn++) {
        canvas *c = canvas_new(200, 50);
        canvas_set_title(c, "same");
        canvas_text(c, (point){10, 30}, &PLAIN, "Same bytes, 123");
        for (int format = 0; format < 2; format++) {
            size_t n;
            char *bytes = drawn_bytes(c, format == 0 ? CANVAS_SVG : CANVAS_PNG, 2, &n);
            if (turn == 0) {
                first[format] = bytes;
                n_first[format] = n;
                continue;
            }
            assert_int_equal(n, n_first[format]);
            assert_memory_equal(bytes, first[format], n);
            free(bytes);
        }
        canvas_free(c);
    }
    free(first[0]);
    free(first[1]);
}

static void test_hostile_texts(void **state) {
    (void)state;
    static const char *const texts[] = {"<script>&\"'</script>",
                                        "]]>--><!-- &amp;",
                                        "\xFF\xFE bytes \xC0\xAF \xED\xA0\x80",
                                        "cut \xE2\x80",
                                        "tab\tnew\nline \x01\x1B[31m \x7F",
                                        "\xEF\xBF\xBF end",
                                        "",
                                        NULL};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        canvas *c = canvas_new(300, 50);
        canvas_set_title(c, texts[i]);
        canvas_text(c, (point){10, 30}, &PLAIN, texts[i]);
        canvas_text(c, (point){10, 40}, &PLAIN, "seen");
        char *svg = drawn_svg(c);
        assert_well_formed(svg);
        assert_true(svg_says(svg, "seen"));
        assert_null(strstr(svg, "<script"));
        free(svg);
        canvas_free(c);
    }
    char *clean = display_text_clean("a\xFF\xC3\xA9\x01z");
    assert_string_equal(clean, "a\xEF\xBF\xBD\xC3\xA9 z");
    free(clean);
}

static void test_hostile_numbers_draw_nothing(void **state) {
    (void)state;
    const double bad[] = {NAN, INFINITY, -INFINITY, 1e300, -1e300};
    const colour red = {1, 0, 0};
    const stroke pen = {.ink = red, .width = 2};
    canvas *c = canvas_new(NAN, -5);
    assert_true(canvas_width(c) == 1 && canvas_height(c) == 1);
    canvas_free(c);
    c = canvas_new(50, 50);
    for (int i = 0; i < 5; i++) {
        const point line[] = {{5, 5}, {bad[i], 20}};
        canvas_polyline(c, line, 2, &pen);
        canvas_fill_box(c, (box){1, bad[i], 3, 3}, red);
        canvas_hatch_box(c, (box){1, 1, bad[i], 3}, 2, &pen);
        canvas_hatch_box(c, (box){1, 1, 3, 3}, i < 3 ? bad[i] : 0, &pen);
        canvas_circle(c, (point){9, 9}, bad[i], &red, &pen);
        canvas_text(c, (point){bad[i], 9}, &PLAIN, "x");
    }
    canvas_polyline(c, NULL, 0, &pen);
    image shown = drawn_image(c, 1);
    for (int y = 0; y < 50; y++)
        for (int x = 0; x < 50; x++) assert_int_equal(pixel(&shown, x, y), 0xFFFFFF);
    image_free(&shown);
    canvas_free(c);
}

static void test_texts_are_shortened_in_the_middle(void **state) {
    (void)state;
    canvas *c = canvas_new(10, 10);
    const char *name = "self-extend:group=8,window=64,and=\xC3\xA9much\xC3\xA9more";
    double whole = canvas_text_width(c, &PLAIN, name);
    char *same = canvas_shorten_text(c, &PLAIN, name, whole + 1);
    assert_string_equal(same, name);
    free(same);
    size_t last = strlen(name);
    for (int i = 0; whole - 1 - 17 * i > 30; i++) {
        double width = whole - 1 - 17 * i;
        char *text = canvas_shorten_text(c, &PLAIN, name, width);
        char *dots = strstr(text, "\xE2\x80\xA6");
        assert_non_null(dots);
        assert_true(canvas_text_width(c, &PLAIN, text) <= width);
        assert_memory_equal(text, name, (size_t)(dots - text));
        assert_string_equal(dots + 3, name + strlen(name) - strlen(dots + 3));
        assert_true(strlen(text) <= last);
        last = strlen(text);
        free(text);
    }
    char *least = canvas_shorten_text(c, &PLAIN, name, 0);
    assert_string_equal(least, "s\xE2\x80\xA6"
                               "e");
    free(least);
    canvas_free(c);
}

static void test_formats_by_name(void **state) {
    (void)state;
    canvas_format format;
    assert_true(canvas_format_of("a/b.svg", &format) && format == CANVAS_SVG);
    assert_true(canvas_format_of("b.PNG", &format) && format == CANVAS_PNG);
    static const char *const wrong[] = {"", ".svg", "b.pdf", "svg", "b.svg.gz", "b.svg/"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_false(canvas_format_of(wrong[i], &format));
}

static void test_a_full_disk_is_told(void **state) {
    (void)state;
    canvas *c = canvas_new(100, 100);
    canvas_text(c, (point){10, 30}, &PLAIN, "lost");
    for (int format = 0; format < 2; format++) {
        FILE *full = fopen("/dev/full", "wb");
        if (full == NULL) skip();
        errno = 0;
        assert_false(canvas_write(c, format == 0 ? CANVAS_SVG : CANVAS_PNG, 1, full));
        assert_int_equal(errno, ENOSPC);
        fclose(full);
    }
    canvas_free(c);
}

static void test_numbers_of_tokens(void **state) {
    (void)state;
    static const struct {
        double n;
        const char *text;
    } cases[] = {{1, "1"},        {512, "512"}, {1000, "1000"},     {1024, "1k"},
                 {1536, "1.5k"},  {4096, "4k"}, {100000, "100000"}, {131072, "128k"},
                 {1048576, "1M"}, {0, "0"},     {1280, "1.25k"},    {NAN, "nan"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[32];
        display_text_tokens(cases[i].n, text, sizeof text);
        assert_string_equal(text, cases[i].text);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shapes_are_where_they_were_asked),
        cmocka_unit_test(test_a_hatch_stays_in_its_box),
        cmocka_unit_test(test_anchors_and_widths),
        cmocka_unit_test(test_the_same_bytes_each_time),
        cmocka_unit_test(test_hostile_texts),
        cmocka_unit_test(test_hostile_numbers_draw_nothing),
        cmocka_unit_test(test_texts_are_shortened_in_the_middle),
        cmocka_unit_test(test_formats_by_name),
        cmocka_unit_test(test_a_full_disk_is_told),
        cmocka_unit_test(test_numbers_of_tokens),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
