/* A bounded cursor over bytes that may be hostile. The first failure sticks: later reads fail too and
 * give zeros, so a parser may read a whole record and check once. Little-endian. */
#ifndef SXT_BASE_READER_H
#define SXT_BASE_READER_H

#include "base/num.h"

#include <string.h>

typedef struct sxt_reader {
    const uint8_t *data; /* (size) */
    uint64_t size;
    uint64_t pos; /* where the next read starts; after a failure, where the failed read started */
    bool failed;
} sxt_reader;

static inline sxt_reader sxt_reader_make(const void *data, uint64_t size) {
    sxt_reader r = {(const uint8_t *)data, size, 0, false};
    return r;
}

static inline uint64_t sxt_reader_left(const sxt_reader *r) { return r->size - r->pos; }

/* The next n bytes, or NULL when fewer are left. */
static inline const uint8_t *sxt_read_bytes(sxt_reader *r, uint64_t n) {
    if (r->failed || !sxt_range_ok(r->pos, n, r->size)) {
        r->failed = true;
        return NULL;
    }
    const uint8_t *at = r->data + r->pos;
    r->pos += n;
    return at;
}

#define SXT_READER_NUMBER(name, type)                                                                          \
    static inline type name(sxt_reader *r) {                                                                   \
        type value = 0;                                                                                        \
        const uint8_t *at = sxt_read_bytes(r, sizeof value);                                                   \
        if (at) memcpy(&value, at, sizeof value);                                                              \
        return value;                                                                                          \
    }
SXT_READER_NUMBER(sxt_read_u8, uint8_t)
SXT_READER_NUMBER(sxt_read_u16, uint16_t)
SXT_READER_NUMBER(sxt_read_u32, uint32_t)
SXT_READER_NUMBER(sxt_read_u64, uint64_t)
SXT_READER_NUMBER(sxt_read_i64, int64_t)
SXT_READER_NUMBER(sxt_read_f64, double)
#undef SXT_READER_NUMBER

#endif
