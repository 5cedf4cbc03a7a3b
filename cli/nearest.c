#include "nearest.h"

#include <string.h>

enum { MAX_LENGTH = 40 };

nearest nearest_to(const char *typed) { return (nearest){.typed = typed, .best = NULL, .distance = 0}; }

static size_t smaller(size_t a, size_t b) { return a < b ? a : b; }

/* Insertions, deletions, changes and swaps of neighbours that lead from `a` to `b`. */
static size_t edit_distance(const char *a, size_t n_a, const char *b, size_t n_b) {
    size_t rows[MAX_LENGTH + 1][MAX_LENGTH + 1];
    for (size_t i = 0; i <= n_a; i++) rows[i][0] = i;
    for (size_t j = 0; j <= n_b; j++) rows[0][j] = j;
    for (size_t i = 1; i <= n_a; i++)
        for (size_t j = 1; j <= n_b; j++) {
            size_t change = rows[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
            rows[i][j] = smaller(change, smaller(rows[i - 1][j], rows[i][j - 1]) + 1);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                rows[i][j] = smaller(rows[i][j], rows[i - 2][j - 2] + 1);
        }
    return rows[n_a][n_b];
}

/* Near: no more than a third of the longer name, but two slips are always forgiven; a beginning of
 * the name is near too. */
void nearest_offer(nearest *search, const char *name) {
    size_t n_typed = strlen(search->typed), n_name = strlen(name);
    if (n_typed == 0 || n_typed > MAX_LENGTH || n_name > MAX_LENGTH) return;
    size_t distance = edit_distance(search->typed, n_typed, name, n_name);
    size_t longer = n_typed > n_name ? n_typed : n_name;
    size_t allowed = longer / 3 > 2 ? longer / 3 : 2;
    if (n_typed >= 2 && strncmp(search->typed, name, n_typed) == 0) distance = smaller(distance, 1);
    if (distance > allowed || distance >= longer) return;
    if (search->best != NULL && search->distance <= distance) return;
    search->best = name;
    search->distance = distance;
}
