/* Heat maps, looked at in their pixels and their texts: which colour stands where, what is written in it. */
#include "drawn.h"

#include "eval/heat_map.h"
#include "eval/palette.h"

#include <math.h>

enum { MOST_CELLS = 64, LEAST_RUN = 10 };

static heat_cell measured(double value) { return (heat_cell){.state = HEAT_MEASURED, .value = value}; }

static canvas *must_draw(const heat_map *map) {
    char problem[160] = "";
    canvas *c = heat_map_draw(map, problem, sizeof problem);
    if (c == NULL) fail_msg("not drawn: %s", problem);
    return c;
}

/* The colours of the shares that stand side by side in a row of pixels, from `first` on, each for LEAST_RUN
 * pixels at least; other colours (text, gaps, page) in between do not count. Returns how many. */
static int runs_of(const image *shown, int y, const double *shares, int n_shares, double *found) {
    int n_found = 0, run = 0;
    uint32_t last = 0xFFFFFF;
    for (int x = 0; x < shown->width && n_found < MOST_CELLS; x++) {
        uint32_t here = pixel(shown, x, y);
        run = here == last ? run + 1 : 1;
        last = here;
        if (run != LEAST_RUN) continue;
        for (int i = 0; i < n_shares; i++)
            if (is_about(here, rgb_of(palette_share(shares[i])))) {
                found[n_found++] = shares[i];
                break;
            }
    }
    return n_found;
}

/* Some row of pixels at or below y shows exactly these shares; the first such, or -1. */
static int find_row(const image *shown, int y, const double *expected, int n) {
    for (; y < shown->height; y++) {
        double found[MOST_CELLS];
        if (runs_of(shown, y, expected, n, found) != n) continue;
        int same = 0;
        while (same < n && found[same] == expected[same]) same++;
        if (same == n) return y;
    }
    return -1;
}

static void test_cells_have_the_colour_of_their_value(void **state) {
    (void)state;
    const double columns[] = {256, 512, 1024, 4096}, rows[] = {0, 50, 100};
    const double values[] = {1, 0.75, 0.5, 0, 0.9, 0.1, 0.6, 0.3, 0, 1, 0.25, 0.45};
    heat_cell cells[12];
    for (int i = 0; i < 12; i++) cells[i] = measured(values[i]);
    const heat_panel panel = {"none", cells};
    const heat_map map = {.title = "Found",
                          .columns = columns,
                          .rows = rows,
                          .n_columns = 4,
                          .n_rows = 3,
                          .panels = &panel,
                          .n_panels = 1};
    canvas *c = must_draw(&map);
    image shown = drawn_image(c, 2);
    int y = 0;
    for (int row = 0; row < 3; row++) {
        y = find_row(&shown, y, values + 4 * row, 4);
        assert_true(y > 0);
    }
    image_free(&shown);
    char *svg = drawn_svg(c);
    assert_well_formed(svg);
    const char *const words[] = {"Found", "none", "256", "512", "1k", "4k", "0",  "50", "100", "75",
                                 "90",    "10",   "60",  "30",  "25", "45", "20", "40", "80",  "found (%)"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) assert_true(svg_says(svg, words[i]));
    assert_false(svg_says(svg, "not run"));
    assert_false(svg_says(svg, "past the plan&#39;s limit"));
    assert_null(strstr(svg, "trained window"));
    free(svg);
    canvas_free(c);
}

/* A plan that cuts the window is red past it, beside one that does not. */
static void test_a_failing_plan_is_red(void **state) {
    (void)state;
    const double columns[] = {128, 256, 512, 1024}, rows[] = {50};
    heat_cell good[4], bad[4];
    for (int i = 0; i < 4; i++) {
        good[i] = measured(1);
        bad[i] = measured(i < 2 ? 1 : 0);
    }
    const heat_panel panels[] = {{"good", good}, {"bad", bad}};
    const heat_map map = {.columns = columns,
                          .rows = rows,
                          .n_columns = 4,
                          .n_rows = 1,
                          .trained_window = 300,
                          .panels = panels,
                          .n_panels = 2};
    const double expected[] = {1, 1, 1, 1, 1, 1, 0, 0};
    canvas *c = must_draw(&map);
    image shown = drawn_image(c, 1);
    int y = find_row(&shown, 0, expected, 8);
    assert_true(y > 0);
    /* The window's line is black and high, after the second column of each panel. */
    int n_lines = 0, n_reds = 0, n_lights = 0, n_reds_at_line[2] = {0, 0}, n_lights_at_line[2] = {0, 0};
    for (int x = 1; x < shown.width; x++) {
        n_reds += is_about(pixel(&shown, x, y), rgb_of(palette_share(0)));
        n_lights += is_about(pixel(&shown, x, y), rgb_of(palette_share(1)));
        bool dark = true;
        for (int dy = -3; dy < 16; dy++) dark = dark && pixel(&shown, x, y + dy) == 0;
        if (!dark || pixel(&shown, x - 1, y) == 0) continue;
        assert_true(n_lines < 2);
        n_lights_at_line[n_lines] = n_lights;
        n_reds_at_line[n_lines++] = n_reds;
    }
    assert_int_equal(n_lines, 2);
    assert_true(n_reds > 60 && n_reds_at_line[0] == 0 && n_reds_at_line[1] == 0);
    /* Two of four light cells before the first line, six before the second. */
    assert_true(n_lights_at_line[0] > 60 && abs(n_lights_at_line[1] - 3 * n_lights_at_line[0]) < 20);
    image_free(&shown);
    char *svg = drawn_svg(c);
    assert_true(svg_says(svg, "trained window: 300"));
    free(svg);
    canvas_free(c);
}

static void test_not_run_is_no_failure(void **state) {
    (void)state;
    const double columns[] = {128, 256, 512}, rows[] = {50};
    heat_cell cells[] = {measured(NAN), {.state = HEAT_NOT_RUN, .value = 0}, measured(INFINITY)};
    const heat_panel panel = {"", cells};
    const heat_map map = {
        .columns = columns, .rows = rows, .n_columns = 3, .n_rows = 1, .panels = &panel, .n_panels = 1};
    canvas *c = must_draw(&map);
    image shown = drawn_image(c, 1);
    const double failed = 0;
    double found[MOST_CELLS];
    for (int y = 0; y < shown.height - 80; y++) /* above the legend */
        assert_int_equal(runs_of(&shown, y, &failed, 1, found), 0);
    image_free(&shown);
    char *svg = drawn_svg(c);
    assert_true(svg_says(svg, "not run"));
    assert_null(strstr(svg, "nan"));
    assert_null(strstr(svg, "inf"));
    free(svg);
    canvas_free(c);
}

static int count_black(const heat_map *map) {
    canvas *c = must_draw(map);
    image shown = drawn_image(c, 2);
    bounds grid = bounds_of(&shown, rgb_of(palette_share(1)), 0, 0, shown.width, shown.height - 160);
    bounds black = bounds_of(&shown, 0x000000, grid.left, grid.top, grid.right, grid.top + 12);
    image_free(&shown);
    canvas_free(c);
    return black.n;
}

static void test_the_limit_is_a_mark_in_the_corner(void **state) {
    (void)state;
    const double columns[] = {128, 256}, rows[] = {50};
    heat_cell cells[] = {measured(1), measured(1)};
    const heat_panel panel = {"", cells};
    const heat_map map = {
        .columns = columns, .rows = rows, .n_columns = 2, .n_rows = 1, .panels = &panel, .n_panels = 1};
    int without = count_black(&map);
    cells[0].past_limit = true;
    int with = count_black(&map);
    assert_true(with > without + 30);
    canvas *c = must_draw(&map);
    char *svg = drawn_svg(c);
    assert_true(svg_says(svg, "past the plan&#39;s limit"));
    free(svg);
    canvas_free(c);
}

/* Beside the line and its white edge, which cover half of it in the corner. */
static void test_the_limit_is_seen_beside_the_window(void **state) {
    (void)state;
    const double columns[] = {128, 256}, rows[] = {50};
    heat_cell cells[] = {measured(1), measured(1)};
    const heat_panel panel = {"", cells};
    heat_map map = {
        .columns = columns, .rows = rows, .n_columns = 2, .n_rows = 1, .panels = &panel, .n_panels = 1};
    int mark[2];
    for (int i = 0; i < 2; i++) {
        map.trained_window = i == 0 ? 0 : 128;
        cells[0].past_limit = false;
        int without = count_black(&map);
        cells[0].past_limit = true;
        mark[i] = count_black(&map) - without;
    }
    assert_true(mark[1] > mark[0] - 10);
}

/* Where there are few rows their name is longer than they are high. */
static void test_one_row_leaves_room_for_its_name(void **state) {
    (void)state;
    const double columns[] = {128, 256}, rows[] = {50};
    heat_cell cells[] = {measured(1), measured(1)};
    const heat_panel panels[] = {{"a", cells}, {"b", cells}};
    const char *const name = "depth of the needle (%)";
    const heat_map map = {.row_title = name,
                          .columns = columns,
                          .rows = rows,
                          .n_columns = 2,
                          .n_rows = 1,
                          .panels = panels,
                          .n_panels = 2};
    canvas *c = must_draw(&map);
    char *svg = drawn_svg(c);
    assert_true(svg_says(svg, name));
    free(svg);
    image shown = drawn_image(c, 1);
    bounds ink = bounds_of(&shown, 0x1A1A1A, 0, 0, 30, shown.height); /* the column of the name alone */
    assert_true(ink.n > 20 && ink.top >= 14 && ink.bottom < shown.height - 14);
    image_free(&shown);
    canvas_free(c);
}

static void test_only_none_is_0_and_only_all_is_100(void **state) {
    (void)state;
    const double columns[] = {1, 2, 3, 4}, rows[] = {7};
    heat_cell cells[] = {measured(0.001), measured(0.999), measured(0.994), measured(0.126)};
    const heat_panel panel = {"", cells};
    const heat_map map = {
        .columns = columns, .rows = rows, .n_columns = 4, .n_rows = 1, .panels = &panel, .n_panels = 1};
    canvas *c = must_draw(&map);
    char *svg = drawn_svg(c);
    assert_true(svg_says(svg, "1") && svg_says(svg, "99") && svg_says(svg, "13"));
    char *first = strstr(svg, "\n99\n");
    assert_non_null(strstr(first + 3, "\n99\n")); /* both */
    free(svg);
    canvas_free(c);
}

static void test_another_scale(void **state) {
    (void)state;
    const double groups[] = {2, 4, 8, 16}, windows[] = {32};
    heat_cell cells[] = {measured(20), measured(15.5), measured(11), measured(8)};
    const heat_panel panel = {"self-extend", cells};
    const heat_map map = {.columns = groups,
                          .rows = windows,
                          .n_columns = 4,
                          .n_rows = 1,
                          .panels = &panel,
                          .n_panels = 1,
                          .worst = 20,
                          .best = 11,
                          .decimals = 1,
                          .value_title = "perplexity"};
    const double expected[] = {0, 0.5, 1, 1}; /* what is better than the best has its colour */
    canvas *c = must_draw(&map);
    image shown = drawn_image(c, 1);
    assert_true(find_row(&shown, 0, expected, 4) > 0);
    image_free(&shown);
    char *svg = drawn_svg(c);
    const char *const words[] = {"20.0", "15.5", "11.0", "8.0", "perplexity", "12", "14", "18"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) assert_true(svg_says(svg, words[i]));
    assert_false(svg_says(svg, "100"));
    free(svg);
    canvas_free(c);
}

/* Every cell of the narrowest that have numbers tells its value, if in fewer letters. */
static void test_numbers_are_shortened_to_fit(void **state) {
    (void)state;
    double columns[14];
    const double rows[] = {32}, values[] = {20.54, 120.04, 12345, 3e7, -0.04, 0.04, -10.4};
    heat_cell cells[14] = {{0}};
    for (int i = 0; i < 14; i++) columns[i] = i + 1;
    for (int i = 0; i < 7; i++) cells[i] = measured(values[i]);
    const heat_panel panel = {"", cells};
    const heat_map map = {.columns = columns,
                          .rows = rows,
                          .n_columns = 14,
                          .n_rows = 1,
                          .panels = &panel,
                          .n_panels = 1,
                          .worst = 10,
                          .best = 0,
                          .decimals = 1};
    canvas *c = must_draw(&map);
    char *svg = drawn_svg(c);
    assert_non_null(strstr(svg, "<desc>21\n120\n&gt;99\n&gt;99\n0.0\n0.0\n-10\n"));
    free(svg);
    canvas_free(c);
}

/* A name that is too long goes on on further lines: nothing of it is lost, so no two plans look alike. */
static void test_long_names_are_told_in_full(void **state) {
    (void)state;
    const double columns[] = {128, 256}, rows[] = {50};
    heat_cell cells[] = {measured(1), measured(1)};
    const heat_panel panels[] = {
        {"self-extend:group=8,window=64,shift=float", cells},
        {"self-extend:group=4,window=64,shift=float", cells},
        {"none", cells},
        {"\xC3\xA4\xC3\xA4\xC3\xA4\xC3\xA4\xC3\xA4\xC3\xA4\xC3\xA4\xC3\xA4\xC3\xA4\xC3\xA4"
         "withoutanymarkbetweenitsmanyletters",
         cells}};
    const heat_map map = {
        .columns = columns, .rows = rows, .n_columns = 2, .n_rows = 1, .panels = panels, .n_panels = 4};
    canvas *c = must_draw(&map);
    char *svg = drawn_svg(c);
    const char *const words[] = {"self-extend:group=8,window=64,", "self-extend:group=4,window=64,",
                                 "shift=float", "none"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) assert_true(svg_says(svg, words[i]));
    assert_null(strstr(svg, "\xE2\x80\xA6")); /* no ellipsis */
    assert_null(strstr(svg, "\xEF\xBF\xBD")); /* no broken letter */
    free(svg);
    canvas_free(c);
}

/* Any number of columns, rows and panels: markup and size stay sound, and labels have room. */
static void test_every_size(void **state) {
    (void)state;
    static const int sizes[][3] = {{1, 1, 1}, {1, 40, 3}, {40, 1, 2}, {12, 11, 7}, {100, 100, 1}, {40, 11, 4}};
    for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
        int n_columns = sizes[s][0], n_rows = sizes[s][1], n_panels = sizes[s][2];
        double columns[100], rows[100];
        heat_cell *cells = calloc((size_t)n_columns * (size_t)n_rows, sizeof *cells);
        heat_panel panels[8];
        for (int i = 0; i < n_columns; i++) columns[i] = 100000.0 + 1111 * i;
        for (int i = 0; i < n_rows; i++) rows[i] = 100.0 * i / n_rows;
        for (int i = 0; i < n_columns * n_rows; i++) cells[i] = measured((i % 11) / 10.0);
        for (int i = 0; i < n_panels; i++)
            panels[i] =
                (heat_panel){"a-very-long-name:of=1,a=2,plan=3,with=4,too=5,many=6,parameters=7", cells};
        const heat_map map = {.title =
                                  "A title that is far longer than the picture below it, and needs to be cut",
                              .subtitle = "\xFF not UTF-8 <&>",
                              .column_title = "context length (tokens)",
                              .row_title = "depth of the needle (%)",
                              .columns = columns,
                              .rows = rows,
                              .n_columns = n_columns,
                              .n_rows = n_rows,
                              .trained_window = 103000,
                              .panels = panels,
                              .n_panels = n_panels};
        canvas *c = must_draw(&map);
        assert_true(canvas_width(c) >= 400 && canvas_width(c) < 1700 && canvas_height(c) < 3000);
        char *svg = drawn_svg(c);
        assert_well_formed(svg);
        free(svg);
        image shown = drawn_image(c, 1);
        for (int x = 0; x < shown.width; x++) /* nothing runs into the page's edge */
            for (int k = 0; k < 4; k++) {
                assert_int_equal(pixel(&shown, x, k), 0xFFFFFF);
                assert_int_equal(pixel(&shown, x, shown.height - 1 - k), 0xFFFFFF);
            }
        for (int y = 0; y < shown.height; y++)
            for (int k = 0; k < 4; k++) {
                assert_int_equal(pixel(&shown, k, y), 0xFFFFFF);
                assert_int_equal(pixel(&shown, shown.width - 1 - k, y), 0xFFFFFF);
            }
        image_free(&shown);
        canvas_free(c);
        free(cells);
    }
}

static void test_nothing_to_draw(void **state) {
    (void)state;
    const double numbers[] = {1};
    heat_cell cell = measured(1);
    const heat_panel panel = {"", &cell};
    const heat_map sound = {
        .columns = numbers, .rows = numbers, .n_columns = 1, .n_rows = 1, .panels = &panel, .n_panels = 1};
    heat_map wrong[8];
    for (int i = 0; i < 8; i++) wrong[i] = sound;
    wrong[0].n_columns = 0;
    wrong[1].n_rows = 0;
    wrong[2].n_panels = 0;
    wrong[3].n_columns = HEAT_MAP_MOST + 1;
    wrong[4].n_rows = -1;
    wrong[5].n_panels = HEAT_MAP_MOST_PANELS + 1;
    wrong[6].worst = NAN;
    wrong[7].best = INFINITY;
    for (int i = 0; i < 8; i++) {
        char problem[160] = "";
        assert_null(heat_map_draw(&wrong[i], problem, sizeof problem));
        assert_true(strlen(problem) > 10);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cells_have_the_colour_of_their_value),
        cmocka_unit_test(test_a_failing_plan_is_red),
        cmocka_unit_test(test_not_run_is_no_failure),
        cmocka_unit_test(test_the_limit_is_a_mark_in_the_corner),
        cmocka_unit_test(test_the_limit_is_seen_beside_the_window),
        cmocka_unit_test(test_one_row_leaves_room_for_its_name),
        cmocka_unit_test(test_only_none_is_0_and_only_all_is_100),
        cmocka_unit_test(test_another_scale),
        cmocka_unit_test(test_numbers_are_shortened_to_fit),
        cmocka_unit_test(test_long_names_are_told_in_full),
        cmocka_unit_test(test_every_size),
        cmocka_unit_test(test_nothing_to_draw),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
