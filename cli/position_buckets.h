/* The positions of a window in buckets that grow wider: 1 to 15 together, where hardly anything can be known
 * yet, then two to a doubling, so that the many late ones are averaged well. Position 0 is predicted by
 * nothing. */
#ifndef SEXTANT_CLI_POSITION_BUCKETS_H
#define SEXTANT_CLI_POSITION_BUCKETS_H

#include <stdint.h>

/* Enough for windows of 2^31 tokens. */
enum { MOST_POSITION_BUCKETS = 60 };

/* Bucket i holds the positions from the end of the one before (1 for the first) up to here, exclusive. */
int64_t position_bucket_end(int i);
int position_bucket_of(int64_t pos);

#endif
