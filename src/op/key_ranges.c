#include "op/key_ranges.h"

#include "base/num.h"

#include <string.h>

static void close_up(sxt_key_ranges *r, int from, int to) {
    size_t n = (size_t)(r->n - from);
    memmove(r->first + to, r->first + from, n * sizeof *r->first);
    memmove(r->end + to, r->end + from, n * sizeof *r->end);
    r->n += to - from;
}

void sxt_key_ranges_add(sxt_key_ranges *r, int64_t first, int64_t end) {
    int i = 0, after;
    while (i < r->n && r->end[i] < first) i++; /* ranges before it that do not touch it */
    for (after = i; after < r->n && r->first[after] <= end; after++) {
        first = sxt_min_i64(first, r->first[after]);
        end = sxt_max_i64(end, r->end[after]);
    }
    if (after == i && r->n == SXT_MOST_KEY_RANGES) {
        i -= i == r->n;
        r->first[i] = sxt_min_i64(r->first[i], first);
        r->end[i] = sxt_max_i64(r->end[i], end);
        return;
    }
    close_up(r, after, i + 1);
    r->first[i] = first;
    r->end[i] = end;
}

sxt_key_ranges sxt_key_ranges_of(const sxt_band *bands, const uint8_t *n_bands, int64_t n) {
    sxt_key_ranges r = {0};
    for (int64_t i = 0; i < n; i++, bands += SXT_PLAN_MAX_BANDS)
        for (int b = 0; b < n_bands[i]; b++) sxt_key_ranges_add(&r, bands[b].first_key, bands[b].end_key);
    return r;
}

int64_t sxt_key_ranges_next(const sxt_key_ranges *r, int64_t from) {
    for (int i = 0; i < r->n; i++)
        if (from < r->end[i]) return sxt_max_i64(from, r->first[i]);
    return INT64_MAX;
}
