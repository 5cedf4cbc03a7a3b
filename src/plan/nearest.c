#include "plan/nearest.h"

#include <string.h>

enum { MAX_NAME = 64 };

static size_t min3(size_t a, size_t b, size_t c) {
    size_t m = a < b ? a : b;
    return m < c ? m : c;
}

/* Levenshtein's distance, one row of the table at a time; names are cut at MAX_NAME. */
static size_t edit_distance(const char *a, const char *b) {
    size_t row[MAX_NAME + 1];
    size_t n_b = strnlen(b, MAX_NAME);
    for (size_t j = 0; j <= n_b; j++) row[j] = j;
    for (size_t i = 0; a[i] && i < MAX_NAME; i++) {
        size_t diagonal = row[0];
        row[0] = i + 1;
        for (size_t j = 0; j < n_b; j++) {
            size_t above = row[j + 1];
            row[j + 1] = min3(above + 1, row[j] + 1, diagonal + (a[i] != b[j]));
            diagonal = above;
        }
    }
    return row[n_b];
}

size_t sxt_nearest_name(const char *text, const char *const *names, size_t n_names) {
    size_t best = 0, best_distance = (size_t)-1;
    for (size_t i = 0; i < n_names; i++) {
        size_t distance = edit_distance(text, names[i]);
        if (distance < best_distance) {
            best = i;
            best_distance = distance;
        }
    }
    return best;
}
