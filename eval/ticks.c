#include "eval/ticks.h"

#include "eval/display_text.h"

#include <math.h>
#include <stdio.h>
#include <stdbool.h>

static void add(tick_list *ticks, double at, int decimals) {
    if (ticks->n == TICKS_MOST) return;
    tick *added = &ticks->list[ticks->n++];
    added->at = at;
    int power = at != 0 ? (int)floor(log10(fabs(at)) + 1e-9) : 0;
    if (power >= 6 || decimals > 6) /* 2e6, without the zeros that %g would put in */
        snprintf(added->label, sizeof added->label, "%.6ge%d", at / pow(10, power), power);
    else
        snprintf(added->label, sizeof added->label, "%.*f", decimals, at);
}

/* The least of 1, 2, 5 times a power of ten that is not below `least`. */
static double round_step(double least, int *decimals) {
    int power = (int)floor(log10(least));
    const double factors[] = {1, 2, 5, 10};
    int i = 0;
    while (i < 3 && factors[i] * pow(10, power) < least * (1 - 1e-9)) i++;
    if (i == 3) power++;
    *decimals = power < 0 ? -power : 0;
    return (i == 3 ? 1 : factors[i]) * pow(10, power);
}

tick_list ticks_linear(double low, double high, int wanted) {
    tick_list ticks = {.n = 0};
    int decimals = 0;
    double step = round_step((high - low) / (wanted > 1 ? wanted : 1), &decimals);
    double first = ceil(low / step - 1e-9);
    for (int i = 0; i < TICKS_MOST && (first + i) * step <= high + step * 1e-9; i++)
        add(&ticks, first + i == 0 ? 0 : (first + i) * step, decimals);
    return ticks;
}

/* 1, 2 and 5 times each power of ten, or every k-th power alone. */
static tick_list decades(double low, double high, bool with_parts, int every) {
    tick_list ticks = {.n = 0};
    int first = (int)floor(log10(low)), last = (int)ceil(log10(high));
    for (int power = first; power <= last; power++) {
        if (!with_parts && power % every != 0) continue;
        for (int part = 1; part <= (with_parts ? 5 : 1); part += part == 1 ? 1 : 3) {
            double at = part * pow(10, power);
            if (at >= low * (1 - 1e-9) && at <= high * (1 + 1e-9)) add(&ticks, at, power < 0 ? -power : 0);
        }
    }
    return ticks;
}

tick_list ticks_log(double low, double high, int wanted) {
    double n_decades = log10(high) - log10(low);
    bool with_parts = 3 * n_decades <= wanted;
    int every = with_parts ? 1 : (int)ceil(n_decades / (wanted > 1 ? wanted : 1));
    tick_list ticks = decades(low, high, with_parts, every > 1 ? every : 1);
    return ticks.n >= 3 ? ticks : ticks_linear(low, high, wanted);
}

tick_list ticks_log_tokens(double low, double high, int wanted) {
    tick_list ticks = {.n = 0};
    int first = (int)ceil(log2(low) - 1e-9), last = (int)floor(log2(high) + 1e-9);
    int every = (last - first) / (wanted > 1 ? wanted : 1) + 1;
    for (int power = first; power <= last; power++) {
        if ((power - last) % every != 0 || ticks.n == TICKS_MOST) continue;
        tick *added = &ticks.list[ticks.n++];
        added->at = ldexp(1, power);
        display_text_tokens(added->at, added->label, sizeof added->label);
    }
    return ticks.n >= 2 ? ticks : ticks_linear(low, high, wanted);
}
