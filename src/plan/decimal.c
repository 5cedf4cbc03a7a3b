#include "plan/decimal.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_TEXT = 64 };

/* What the C library puts between 0 and 5 in this locale: "." or ",", or several bytes. */
static void locale_point(char point[16]) {
    char half[16];
    int n = snprintf(half, sizeof half, "%.1f", 0.5);
    snprintf(point, 16, "%.*s", n - 2, half + 1);
}

static size_t n_digits(const char *text) { return strspn(text, "0123456789"); }

/* The lengths of the digits before the point and of those after it; false when the text is no number. */
static bool split(const char *text, size_t *whole, size_t *part) {
    *whole = n_digits(text);
    *part = 0;
    if (*whole == 0) return false;
    text += *whole;
    if (*text == '.') {
        *part = n_digits(++text);
        if (*part == 0) return false;
        text += *part;
    }
    if (*text == 'e' || *text == 'E') {
        text++;
        if (*text == '+' || *text == '-') text++;
        if (n_digits(text) == 0) return false;
        text += n_digits(text);
    }
    return *text == '\0';
}

/* strtod() rounds to the nearest double, and wants the locale's point. */
bool sxt_decimal_read(const char *text, double *value) {
    char local[MAX_TEXT], point[16];
    size_t whole, part;
    if (!split(text, &whole, &part)) return false;
    locale_point(point);
    const char *rest = text + whole + (part > 0);
    int n = snprintf(local, sizeof local, "%.*s%s%s", (int)whole, text, part > 0 ? point : "", rest);
    if (n >= MAX_TEXT) return false;
    double read = strtod(local, NULL);
    if (!isfinite(read)) return false;
    *value = read;
    return true;
}

void sxt_decimal_print(double value, char *text, size_t n) {
    char local[MAX_TEXT], point[16];
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(local, sizeof local, "%.*g", digits, value);
        if (strtod(local, NULL) == value) break;
    }
    locale_point(point);
    char *found = strstr(local, point);
    size_t before = found ? (size_t)(found - local) : strlen(local);
    snprintf(text, n, "%.*s%s%s", (int)before, local, found ? "." : "", found ? found + strlen(point) : "");
}
