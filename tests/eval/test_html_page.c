/* Pages: what is written is escaped and nested, pictures come back from their addresses, failures are told. */
#include "eval/html_page.h"
#include "eval/palette.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

typedef struct written {
    char *bytes;
    size_t n_bytes;
    FILE *stream;
    html_page page;
} written;

/* The stream knows where `w` is: it is not moved. */
static void begin(written *w, const char *title) {
    w->stream = open_memstream(&w->bytes, &w->n_bytes);
    assert_non_null(w->stream);
    w->page = html_page_begin(w->stream, title);
}

/* The page's text, released with free(). */
static char *end(written *w) {
    assert_true(html_page_end(&w->page));
    assert_int_equal(fclose(w->stream), 0);
    return w->bytes;
}

static void texts_are_escaped(void **state) {
    (void)state;
    written w = {0};
    begin(&w, "<&\"'>");
    html_paragraph(&w.page, "a<b>&c\xff\x1b");
    html_command(&w.page, "one <\\\n    two");
    const html_cell cell = {.text = "</td>", .note = "\"n\"", .value = "0.5", .is_number = true};
    const char *heads[] = {"<h>"};
    html_table_begin(&w.page, "<c>", heads, 1);
    html_row(&w.page, &cell, 1);
    html_table_end(&w.page);
    char *text = end(&w);
    assert_non_null(strstr(text, "<title>&lt;&amp;&quot;&#39;&gt;</title>"));
    assert_non_null(strstr(text, "<p>a&lt;b&gt;&amp;c\xEF\xBF\xBD </p>"));
    assert_non_null(strstr(text, "<pre><code>one &lt;\\\n    two</code></pre>"));
    assert_non_null(strstr(text, "<td class=\"number\"><data value=\"0.5\">&lt;/td&gt;</data>"
                                 "<span class=\"note\">&quot;n&quot;</span></td>"));
    assert_non_null(strstr(text, "<th scope=\"col\">&lt;h&gt;</th>"));
    free(text);
}

/* The ground is the palette's; on the darkest red the letters are white, on the lightest green black. */
static void cells_have_the_colours_of_maps(void **state) {
    (void)state;
    for (int good = 0; good < 2; good++) {
        char expected[64];
        colour ground = palette_share(good);
        written w = {0};
        begin(&w, "t");
        const html_cell cell = {.text = "x", .is_coloured = true, .share = good};
        const char *heads[] = {"h"};
        html_table_begin(&w.page, "c", heads, 1);
        html_row(&w.page, &cell, 1);
        html_table_end(&w.page);
        char *text = end(&w);
        snprintf(expected, sizeof expected, "background:#%02x%02x%02x;color:#%s\"",
                 (int)(ground.red * 255 + 0.5), (int)(ground.green * 255 + 0.5), (int)(ground.blue * 255 + 0.5),
                 good ? "000000" : "ffffff");
        assert_non_null(strstr(text, expected));
        free(text);
    }
}

/* What a browser does with the address: escapes become bytes. */
static char *decoded(const char *source) {
    char *svg = malloc(strlen(source) + 1), *at = svg;
    assert_non_null(svg);
    for (; *source != '\0' && *source != '"'; source++) {
        char digits[3] = {0};
        if (*source == '%') {
            memcpy(digits, source + 1, 2);
            source += 2;
        }
        *at++ = digits[0] != '\0' ? (char)strtol(digits, NULL, 16) : *source;
    }
    *at = '\0';
    return svg;
}

static void pictures_are_inside(void **state) {
    (void)state;
    written w = {0};
    begin(&w, "t");
    canvas *drawing = canvas_new(40, 20);
    canvas_set_title(drawing, "100.12345 % <\xC3\xA9> #1");
    canvas_fill_box(drawing, (box){1.0 / 3, 2, 30, 10}, (colour){0.5, 0.25, 0});
    html_picture(&w.page, drawing, "a \"box\"", "");
    html_picture(&w.page, NULL, "", "there is <nothing> to draw");
    char *text = end(&w), *source = strstr(text, "src=\"data:image/svg+xml,");
    assert_non_null(strstr(text, "<img width=\"40\" height=\"20\" alt=\"a &quot;box&quot;\" src="));
    assert_non_null(strstr(text, "<p>there is &lt;nothing&gt; to draw</p>"));
    assert_non_null(source);
    char *svg = decoded(source + strlen("src=\"data:image/svg+xml,"));
    assert_non_null(
        strstr(svg, "<title>100.12345 % &lt;\xC3\xA9&gt; #1</title>")); /* words keep their decimals */
    assert_non_null(strstr(svg, "</svg>"));
    assert_null(strstr(svg, "0.333"));
    assert_non_null(strstr(svg, "0.33"));
    free(svg);
    free(text);
}

static void a_full_disk_is_told(void **state) {
    (void)state;
    FILE *full = fopen("/dev/full", "wb");
    if (full == NULL) skip();
    setvbuf(full, NULL, _IONBF, 0);
    html_page page = html_page_begin(full, "t");
    assert_false(html_page_end(&page));
    fclose(full);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_are_escaped), cmocka_unit_test(cells_have_the_colours_of_maps),
        cmocka_unit_test(pictures_are_inside), cmocka_unit_test(a_full_disk_is_told)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
