#include "position_buckets.h"

#include <math.h>

enum { FIRST_END = 16, BUCKETS_PER_DOUBLING = 2 };

int64_t position_bucket_end(int i) {
    return (int64_t)floor(FIRST_END * pow(2, (double)i / BUCKETS_PER_DOUBLING) + 0.5);
}

int position_bucket_of(int64_t pos) {
    int i = 0;
    while (position_bucket_end(i) <= pos) i++;
    return i;
}
