/* Checksums for files and fingerprints: XXH3 of 128 bits (wraps xxHash). */
#ifndef SXT_BASE_HASH_H
#define SXT_BASE_HASH_H

#include "base/error.h"

typedef struct sxt_hash {
    uint64_t low, high;
} sxt_hash;

sxt_hash sxt_hash_bytes(const void *bytes, size_t n);
/* Hash of the hash so far and n more bytes; start from a zeroed sxt_hash. */
sxt_hash sxt_hash_more(sxt_hash hash, const void *bytes, size_t n);
bool sxt_hash_equal(sxt_hash a, sxt_hash b);

#endif
