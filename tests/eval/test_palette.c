/* Colours against the definitions of CIELAB and of what dichromats see, computed here from sRGB. */
#include "drawn.h"

#include "eval/palette.h"

#include <math.h>

typedef struct triple {
    double v[3];
} triple;

static triple linear_of(colour c) {
    const double channels[] = {c.red, c.green, c.blue};
    triple linear;
    for (int i = 0; i < 3; i++)
        linear.v[i] = channels[i] <= 0.04045 ? channels[i] / 12.92 : pow((channels[i] + 0.055) / 1.055, 2.4);
    return linear;
}

static double lab_curve(double t) { return t > 216.0 / 24389 ? cbrt(t) : (24389.0 / 27 * t + 16) / 116; }

/* L*, a*, b* under D65. */
static triple lab_of(triple rgb) {
    static const double m[3][3] = {{0.4124564, 0.3575761, 0.1804375},
                                   {0.2126729, 0.7151522, 0.0721750},
                                   {0.0193339, 0.1191920, 0.9503041}};
    static const double white[] = {0.95047, 1, 1.08883};
    double f[3];
    for (int i = 0; i < 3; i++) {
        double sum = 0;
        for (int k = 0; k < 3; k++) sum += m[i][k] * rgb.v[k];
        f[i] = lab_curve(sum / white[i]);
    }
    return (triple){{116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])}};
}

static double difference(triple a, triple b) {
    double sum = 0;
    for (int i = 0; i < 3; i++) sum += (a.v[i] - b.v[i]) * (a.v[i] - b.v[i]);
    return sqrt(sum);
}

/* Vienot, Brettel, Mollon 1999: who lacks the long or the middle cones. */
static triple seen_by(triple rgb, int who) {
    static const double m[2][3][3] = {{{0.11238, 0.88762, 0}, {0.11238, 0.88762, 0}, {0.00401, -0.00401, 1}},
                                      {{0.29275, 0.70725, 0}, {0.29275, 0.70725, 0}, {-0.02234, 0.02234, 1}}};
    triple seen = {{0}};
    if (who == 0) return rgb;
    for (int i = 0; i < 3; i++)
        for (int k = 0; k < 3; k++) seen.v[i] += m[who - 1][i][k] * rgb.v[k];
    for (int i = 0; i < 3; i++) seen.v[i] = fmin(fmax(seen.v[i], 0), 1);
    return seen;
}

static void test_shares_grow_evenly_in_lightness(void **state) {
    (void)state;
    for (int i = 0; i <= 100; i++) {
        double lightness = lab_of(linear_of(palette_share(i / 100.0))).v[0];
        assert_true(fabs(lightness - (30 + 0.64 * i)) < 0.7);
    }
}

static void test_shares_differ_for_everybody(void **state) {
    (void)state;
    for (int who = 0; who < 3; who++)
        for (int i = 0; i < 10; i++) {
            triple a = lab_of(seen_by(linear_of(palette_share(i / 10.0)), who));
            triple b = lab_of(seen_by(linear_of(palette_share((i + 1) / 10.0)), who));
            assert_true(difference(a, b) > 6 && difference(a, b) < 25);
            assert_true(b.v[0] > a.v[0] + 3); /* and the order is that of lightness */
        }
}

static void test_nothing_found_is_red(void **state) {
    (void)state;
    colour none = palette_share(0), all = palette_share(1);
    assert_true(none.red > 0.5 && none.green < 0.15 && none.blue < 0.15);
    assert_true(all.red > 0.9 && all.green > 0.9 && all.blue > 0.6);
    const double outside[] = {-1, NAN, -INFINITY};
    for (int i = 0; i < 3; i++) assert_int_equal(rgb_of(palette_share(outside[i])), rgb_of(none));
    assert_int_equal(rgb_of(palette_share(2)), rgb_of(all));
    assert_int_equal(rgb_of(palette_share(INFINITY)), rgb_of(all));
}

static void test_numbers_can_be_read_on_every_share(void **state) {
    (void)state;
    for (int i = 0; i <= 100; i++) {
        colour ground = palette_share(i / 100.0), ink = palette_ink_on(ground);
        triple linear = linear_of(ground);
        double y = 0.2126 * linear.v[0] + 0.7152 * linear.v[1] + 0.0722 * linear.v[2];
        double contrast = ink.red > 0.5 ? 1.05 / (y + 0.05) : (y + 0.05) / 0.05;
        assert_true(contrast > 4);
    }
}

static void test_lines_differ_for_everybody(void **state) {
    (void)state;
    for (int who = 0; who < 3; who++)
        for (int i = 0; i < 7; i++)
            for (int k = 0; k < i; k++) {
                triple a = lab_of(seen_by(linear_of(palette_line(i, 1).ink), who));
                triple b = lab_of(seen_by(linear_of(palette_line(k, 1).ink), who));
                if (difference(a, b) < 12) fail_msg("lines %d and %d look alike to %d", i, k, who);
            }
    for (int i = 0; i < 7; i++) /* on white paper */
        assert_true(lab_of(linear_of(palette_line(i, 1).ink)).v[0] < 75);
}

static bool same_dash(const stroke *a, const stroke *b) {
    return a->n_dash == b->n_dash && memcmp(a->dash, b->dash, (size_t)a->n_dash * sizeof a->dash[0]) == 0;
}

/* Colour, dash and marker together: no two of the most lines of a chart agree in all. */
static void test_no_two_lines_agree(void **state) {
    (void)state;
    for (int i = 0; i < 64; i++)
        for (int k = 0; k < i; k++) {
            stroke a = palette_line(i, 1), b = palette_line(k, 1);
            bool same = rgb_of(a.ink) == rgb_of(b.ink) && same_dash(&a, &b) &&
                        i % PALETTE_N_MARKERS == k % PALETTE_N_MARKERS;
            assert_false(same);
        }
}

static void test_markers_differ_and_are_hollow_inside(void **state) {
    (void)state;
    enum { SIDE = 60 };
    static bool seen[PALETTE_N_MARKERS][SIDE * SIDE];
    for (int i = 0; i < PALETTE_N_MARKERS; i++)
        for (int hollow = 0; hollow < 2; hollow++) {
            canvas *c = canvas_new(SIDE, SIDE);
            palette_marker(c, i, (point){SIDE / 2.0, SIDE / 2.0}, 18, hollow == 1);
            image shown = drawn_image(c, 1);
            uint32_t middle = pixel(&shown, SIDE / 2, SIDE / 2);
            assert_true(is_about(middle, hollow ? 0xFFFFFF : rgb_of(palette_line(i, 1).ink)));
            if (!hollow)
                for (int k = 0; k < SIDE * SIDE; k++)
                    seen[i][k] = pixel(&shown, k % SIDE, k / SIDE) != 0xFFFFFF;
            image_free(&shown);
            canvas_free(c);
        }
    for (int i = 0; i < PALETTE_N_MARKERS; i++)
        for (int k = 0; k < i; k++) {
            int n_different = 0, n_inked = 0;
            for (int p = 0; p < SIDE * SIDE; p++) {
                n_different += seen[i][p] != seen[k][p];
                n_inked += seen[i][p];
            }
            if (n_different < n_inked / 8)
                fail_msg("markers %d and %d differ in %d of %d pixels", i, k, n_different, n_inked);
        }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shares_grow_evenly_in_lightness),
        cmocka_unit_test(test_shares_differ_for_everybody),
        cmocka_unit_test(test_nothing_found_is_red),
        cmocka_unit_test(test_numbers_can_be_read_on_every_share),
        cmocka_unit_test(test_lines_differ_for_everybody),
        cmocka_unit_test(test_no_two_lines_agree),
        cmocka_unit_test(test_markers_differ_and_are_hollow_inside),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
