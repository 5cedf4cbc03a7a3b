/* Memory between two pages which may not be touched, so that one byte too many is a crash: at the end that the
 * data lies against at once, and at the other end it is found by fenced_whole(). */
#ifndef SXT_TESTS_FENCED_H
#define SXT_TESTS_FENCED_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

typedef struct fenced {
    uint8_t *map;
    size_t map_bytes, bytes;
    void *data; /* `bytes` bytes against the upper fence (any alignment) or, if asked, the lower one */
} fenced;

static inline fenced fenced_new_at(size_t bytes, int lower) {
    size_t page = (size_t)sysconf(_SC_PAGESIZE), body = (bytes + page - 1) / page * page;
    fenced f = {.map_bytes = body + 2 * page, .bytes = bytes};
    f.map = mmap(NULL, f.map_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (f.map == MAP_FAILED) _exit(99);
    if (mprotect(f.map, page, PROT_NONE) != 0) _exit(99);
    if (mprotect(f.map + page + body, page, PROT_NONE) != 0) _exit(99);
    memset(f.map + page, 0xa5, body);
    f.data = f.map + page + (lower ? 0 : body - bytes);
    return f;
}

static inline fenced fenced_new(size_t bytes) { return fenced_new_at(bytes, 0); }

/* True when the bytes between the fences that are not the data's are as they were made. */
static inline int fenced_whole(const fenced *f) {
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    const uint8_t *data = f->data, *end = f->map + f->map_bytes - page;
    for (const uint8_t *at = f->map + page; at < data; at++)
        if (*at != 0xa5) return 0;
    for (const uint8_t *at = data + f->bytes; at < end; at++)
        if (*at != 0xa5) return 0;
    return 1;
}

static inline void fenced_free(fenced *f) { munmap(f->map, f->map_bytes); }

#endif
