/* Line charts, looked at in their pixels: points stand where their numbers say, and what is missing is missing.
 */
#include "drawn.h"

#include "eval/line_chart.h"
#include "eval/palette.h"
#include "eval/ticks.h"

#include <math.h>

static canvas *must_draw(const line_chart *chart) {
    char problem[160] = "";
    canvas *c = line_chart_draw(chart, problem, sizeof problem);
    if (c == NULL) fail_msg("not drawn: %s", problem);
    return c;
}

/* The line of the i-th series, without the legend's one row below the plot. */
static bounds line_bounds(const image *shown, int i, double scale) {
    uint32_t rgb = rgb_of(palette_line(i, 1).ink);
    return bounds_of(shown, rgb, 0, 0, shown->width, shown->height - (int)(38 * scale));
}

static double middle(int first, int last) { return (first + last) / 2.0; }

/* The column that has the trained window's dark grey all the way down, or -1. */
static int window_column(const image *shown) {
    for (int x = 0; x < shown->width; x++) {
        bounds dark = bounds_of(shown, 0x404040, x, 0, x + 1, shown->height);
        if (dark.n > 300) return x;
    }
    return -1;
}

static void test_points_stand_where_their_numbers_say(void **state) {
    (void)state;
    static const struct {
        line_axis x_axis, y_axis;
        double x[3], y[3], window;
    } cases[] = {{AXIS_LOG_TOKENS, AXIS_LINEAR, {256, 512, 1024}, {3, 2, 1}, 512},
                 {AXIS_LINEAR, AXIS_LOG, {100, 200, 300}, {1, 10, 100}, 200},
                 {AXIS_LOG, AXIS_LOG, {1, 10, 100}, {1000, 100, 10}, 10}};
    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
        line_point points[3];
        for (int i = 0; i < 3; i++) points[i] = (line_point){.x = cases[k].x[i], .y = cases[k].y[i]};
        const line_series series = {"none", points, 3};
        const line_chart chart = {.x_axis = cases[k].x_axis,
                                  .y_axis = cases[k].y_axis,
                                  .trained_window = cases[k].window,
                                  .series = &series,
                                  .n_series = 1};
        canvas *c = must_draw(&chart);
        image shown = drawn_image(c, 2);
        bounds line = line_bounds(&shown, 0, 2);
        /* The second point is half way in both directions; so is the window, in x. */
        double x = middle(line.left, line.right), y = middle(line.top, line.bottom);
        bounds around =
            bounds_of(&shown, rgb_of(palette_line(0, 1).ink), (int)x - 10, 0, (int)x + 10, shown.height - 76);
        assert_true(fabs(middle(around.top, around.bottom) - y) < 6);
        assert_true(fabs(window_column(&shown) - x) < 5);
        /* And the line rises where y does. */
        bounds first =
            bounds_of(&shown, rgb_of(palette_line(0, 1).ink), line.left, 0, line.left + 14, shown.height - 76);
        bool rises = cases[k].y[2] > cases[k].y[0];
        assert_true(rises ? first.top > y : first.bottom < y);
        image_free(&shown);
        canvas_free(c);
    }
}

static void test_labels(void **state) {
    (void)state;
    const line_point points[] = {
        {.x = 256, .y = 12}, {.x = 1024, .y = 13}, {.x = 8192, .y = 19, .past_limit = true}};
    const line_series series[] = {{"none", points, 3}, {"<self-extend>&", points, 2}};
    const line_chart chart = {.title = "Perplexity",
                              .subtitle = "tiny",
                              .x_title = "length",
                              .y_title = "ppl",
                              .x_axis = AXIS_LOG_TOKENS,
                              .y_axis = AXIS_LOG,
                              .trained_window = 2048,
                              .series = series,
                              .n_series = 2};
    canvas *c = must_draw(&chart);
    char *svg = drawn_svg(c);
    assert_well_formed(svg);
    const char *const words[] = {"Perplexity",
                                 "tiny",
                                 "length",
                                 "ppl",
                                 "256",
                                 "512",
                                 "1k",
                                 "2k",
                                 "4k",
                                 "8k",
                                 "12",
                                 "14",
                                 "16",
                                 "18",
                                 "none",
                                 "&lt;self-extend&gt;&amp;",
                                 "trained window: 2k",
                                 "past the plan&#39;s limit"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (!svg_says(svg, words[i])) fail_msg("the chart does not say %s", words[i]);
    free(svg);
    canvas_free(c);
}

/* Names of plans differ in their middle, where a shortened one has its ellipsis. */
static void test_the_legend_has_room_for_a_plan(void **state) {
    (void)state;
    const char *const name = "self-extend:group=8,window=64,shift=float,min_context=4096+log-n+window=off";
    const line_point p = {.x = 1, .y = 5};
    const line_series series[] = {{name, &p, 1}, {"none", &p, 1}};
    const line_chart chart = {.x_axis = AXIS_LOG, .y_axis = AXIS_LINEAR, .series = series, .n_series = 2};
    canvas *c = must_draw(&chart);
    char *svg = drawn_svg(c);
    assert_true(svg_says(svg, name) && svg_says(svg, "none"));
    free(svg);
    canvas_free(c);
}

static void test_lines_that_coincide_are_all_seen(void **state) {
    (void)state;
    const line_point same[] = {{.x = 256, .y = 12}};
    const line_series series[] = {{"a", same, 1}, {"b", same, 1}, {"c", same, 1}};
    const line_chart chart = {.x_axis = AXIS_LOG, .y_axis = AXIS_LINEAR, .series = series, .n_series = 3};
    canvas *c = must_draw(&chart);
    image shown = drawn_image(c, 2);
    for (int i = 0; i < 3; i++) assert_true(line_bounds(&shown, i, 2).n > 40);
    image_free(&shown);
    canvas_free(c);
}

/* A single point's middle. */
static uint32_t marker_middle(bool past_limit) {
    const line_point p = {.x = 1000, .y = 5, .past_limit = past_limit};
    const line_series series = {"one", &p, 1};
    const line_chart chart = {.x_axis = AXIS_LOG, .y_axis = AXIS_LINEAR, .series = &series, .n_series = 1};
    canvas *c = must_draw(&chart);
    image shown = drawn_image(c, 3);
    bounds line = line_bounds(&shown, 0, 3);
    assert_true(line.n > 20 && line.right - line.left < 40);
    /* It stands in the middle of the plot: a single value has a range around it. */
    uint32_t rgb = pixel(&shown, (int)middle(line.left, line.right), (int)middle(line.top, line.bottom));
    image_free(&shown);
    canvas_free(c);
    return rgb;
}

static void test_points_past_the_limit_are_hollow(void **state) {
    (void)state;
    assert_true(is_about(marker_middle(false), rgb_of(palette_line(0, 1).ink)));
    assert_true(is_about(marker_middle(true), 0xFFFFFF));
}

static void test_a_gap_and_an_arrow(void **state) {
    (void)state;
    line_point points[] = {
        {.x = 1, .y = 5}, {.x = 2, .y = 5}, {.x = 3, .y = NAN}, {.x = 4, .y = 5}, {.x = 5, .y = 5}};
    const line_series series = {"one", points, 5};
    const line_chart chart = {.x_axis = AXIS_LINEAR, .y_axis = AXIS_LINEAR, .series = &series, .n_series = 1};
    uint32_t ink = rgb_of(palette_line(0, 1).ink);
    for (int turn = 0; turn < 3; turn++) {
        points[2].y = turn == 0 ? 5 : turn == 1 ? NAN : INFINITY;
        canvas *c = must_draw(&chart);
        image shown = drawn_image(c, 2);
        bounds line = line_bounds(&shown, 0, 2);
        int x = (int)middle(line.left, line.right);
        bounds at = bounds_of(&shown, ink, x - 20, 0, x + 20, shown.height - 76);
        assert_true(turn == 1 ? at.n == 0 : at.n > 40);
        int between = line.left + (line.right - line.left) / 8; /* the first two points */
        assert_true(bounds_of(&shown, ink, between, 0, between + 2, shown.height - 76).n > 0);
        if (turn == 2) assert_true(at.bottom < 150); /* at the upper edge */
        image_free(&shown);
        canvas_free(c);
    }
}

static void test_error_bars(void **state) {
    (void)state;
    line_point points[] = {{.x = 1, .y = 10}, {.x = 2, .y = 20}, {.x = 3, .y = 30}};
    const line_series series = {"one", points, 3};
    const line_chart chart = {.x_axis = AXIS_LINEAR, .y_axis = AXIS_LINEAR, .series = &series, .n_series = 1};
    points[1].low = 10;
    points[1].high = 30;
    canvas *c = must_draw(&chart);
    image shown = drawn_image(c, 2);
    bounds line = line_bounds(&shown, 0, 2);
    int x = (int)middle(line.left, line.right);
    bounds bar = bounds_of(&shown, rgb_of(palette_line(0, 1).ink), x - 6, 0, x + 6, shown.height - 76);
    /* From the height of the first point to that of the last. */
    assert_true(abs(bar.top - line.top) < 12 && abs(bar.bottom - line.bottom) < 12);
    image_free(&shown);
    canvas_free(c);
}

static void test_hostile_numbers(void **state) {
    (void)state;
    static const double odd[] = {NAN,    INFINITY, -INFINITY, 0,     -1,     1e308, -1e308, 4e-320,
                                 1e-310, 1e-299,   1e-149,    1e149, -1e149, 5e20,  1};
    enum { N = sizeof odd / sizeof odd[0] };
    for (int x_axis = 0; x_axis < 3; x_axis++)
        for (int y_axis = 0; y_axis < 3; y_axis++)
            for (int only = -1; only < N; only++) {
                line_point points[N * N];
                int n = 0;
                for (int i = 0; i < N; i++)
                    for (int k = 0; k < N; k++)
                        if (only < 0 || only == i || only == k)
                            points[n++] = (line_point){odd[i], odd[k], odd[k], odd[i], (i + k) % 2 == 0};
                const line_series series[] = {{NULL, points, n}, {"\xFF\xC0", points, n / 2}, {"", NULL, 0}};
                const line_chart chart = {.x_axis = (line_axis)x_axis,
                                          .y_axis = (line_axis)y_axis,
                                          .y_from_zero = only % 2 == 0,
                                          .trained_window = odd[(only + N) % N],
                                          .series = series,
                                          .n_series = 3};
                canvas *c = must_draw(&chart);
                char *svg = drawn_svg(c);
                assert_well_formed(svg);
                assert_null(strstr(svg, "nan"));
                assert_null(strstr(svg, "inf"));
                free(svg);
                canvas_free(c);
            }
}

static void test_no_points_and_no_lines(void **state) {
    (void)state;
    const line_series empty = {"none", NULL, 0};
    line_chart chart = {.series = &empty, .n_series = 1};
    canvas *c = must_draw(&chart);
    char *svg = drawn_svg(c), problem[160] = "";
    assert_true(svg_says(svg, "nothing was measured"));
    free(svg);
    canvas_free(c);
    chart.n_series = 0;
    assert_null(line_chart_draw(&chart, problem, sizeof problem));
    assert_true(strlen(problem) > 10);
    chart.n_series = LINE_CHART_MOST_SERIES + 1;
    assert_null(line_chart_draw(&chart, problem, sizeof problem));
}

/* Every label of an axis is inside, rises, and is the number that it stands for. */
static void check_ticks(tick_list ticks, double low, double high, bool tokens) {
    assert_true(ticks.n >= 1 && ticks.n <= TICKS_MOST);
    for (int i = 0; i < ticks.n; i++) {
        char *end;
        double number = strtod(ticks.list[i].label, &end);
        if (tokens && *end == 'k') number *= 1024;
        if (tokens && *end == 'M') number *= 1048576;
        assert_true(fabs(number - ticks.list[i].at) <= 1e-5 * fabs(number) + 1e-12);
        assert_true(ticks.list[i].at >= low - 1e-9 * fabs(low) - 1e-9 * (high - low));
        assert_true(ticks.list[i].at <= high + 1e-9 * fabs(high) + 1e-9 * (high - low));
        if (i > 0) assert_true(ticks.list[i].at > ticks.list[i - 1].at);
    }
}

static void test_ticks(void **state) {
    (void)state;
    tick_list t = ticks_linear(0, 1, 5);
    assert_int_equal(t.n, 6);
    assert_string_equal(t.list[1].label, "0.2");
    t = ticks_linear(-3, 17, 5);
    assert_string_equal(t.list[0].label, "0");
    assert_string_equal(t.list[t.n - 1].label, "15");
    t = ticks_log(1, 1000, 4);
    assert_int_equal(t.n, 4);
    assert_string_equal(t.list[3].label, "1000");
    t = ticks_log(8, 120, 9);
    assert_int_equal(t.n, 4);
    assert_string_equal(t.list[0].label, "10");
    assert_string_equal(t.list[3].label, "100");
    t = ticks_log_tokens(200, 5000, 9);
    assert_int_equal(t.n, 5);
    assert_string_equal(t.list[0].label, "256");
    assert_string_equal(t.list[4].label, "4k");
    const double lows[] = {1e-7, 0.3, 1, 17, 999, 1e5, 3e12}, spans[] = {1.001, 1.3, 2, 10, 1000, 1e9};
    for (int i = 0; i < 7; i++)
        for (int k = 0; k < 6; k++)
            for (int wanted = 2; wanted < 12; wanted += 3) {
                double low = lows[i], high = low * spans[k];
                if (spans[k] > 1.1) check_ticks(ticks_linear(low, high, wanted), low, high, false);
                if (spans[k] > 1.1) check_ticks(ticks_log(low, high, wanted), low, high, false);
                if (spans[k] > 1.9 && low >= 1)
                    check_ticks(ticks_log_tokens(low, high, wanted), low, high, true);
            }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_points_stand_where_their_numbers_say),
        cmocka_unit_test(test_labels),
        cmocka_unit_test(test_lines_that_coincide_are_all_seen),
        cmocka_unit_test(test_the_legend_has_room_for_a_plan),
        cmocka_unit_test(test_points_past_the_limit_are_hollow),
        cmocka_unit_test(test_a_gap_and_an_arrow),
        cmocka_unit_test(test_error_bars),
        cmocka_unit_test(test_hostile_numbers),
        cmocka_unit_test(test_no_points_and_no_lines),
        cmocka_unit_test(test_ticks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
