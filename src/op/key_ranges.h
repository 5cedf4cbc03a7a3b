/* Which keys some of a few queries see: ranges that do not touch, in rising order. What lies between is never
 * looked at, so that a plan that forgets costs what it remembers, however long the text is. */
#ifndef SXT_OP_KEY_RANGES_H
#define SXT_OP_KEY_RANGES_H

#include "op/attention.h"

enum { SXT_MOST_KEY_RANGES = 8 };

typedef struct sxt_key_ranges {
    int n;
    int64_t first[SXT_MOST_KEY_RANGES], end[SXT_MOST_KEY_RANGES];
} sxt_key_ranges;

/* Adds [first, end), not empty. With no room left the range before or after grows to take it in. */
void sxt_key_ranges_add(sxt_key_ranges *ranges, int64_t first, int64_t end);
/* The bands of n queries (n, SXT_PLAN_MAX_BANDS), of which n_bands (n) exist. */
sxt_key_ranges sxt_key_ranges_of(const sxt_band *bands, const uint8_t *n_bands, int64_t n);
/* The first key from `from` on that is in a range; INT64_MAX when there is none. */
int64_t sxt_key_ranges_next(const sxt_key_ranges *ranges, int64_t from);

#endif
