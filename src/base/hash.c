#include "base/hash.h"

#include <xxhash.h>

sxt_hash sxt_hash_bytes(const void *bytes, size_t n) {
    XXH128_hash_t h = XXH3_128bits(bytes, n);
    sxt_hash hash = {h.low64, h.high64};
    return hash;
}

sxt_hash sxt_hash_more(sxt_hash hash, const void *bytes, size_t n) {
    sxt_hash part = sxt_hash_bytes(bytes, n);
    uint64_t all[5] = {hash.low, hash.high, part.low, part.high, n};
    return sxt_hash_bytes(all, sizeof all);
}

bool sxt_hash_equal(sxt_hash a, sxt_hash b) { return a.low == b.low && a.high == b.high; }
