/* Memory that ends at a page which may not be touched, so that one byte too many is a crash. */
#ifndef SXT_TESTS_FENCED_H
#define SXT_TESTS_FENCED_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

typedef struct fenced {
    uint8_t *map;
    size_t map_bytes;
    void *data; /* the last `bytes` bytes before the fence: any alignment */
} fenced;

static inline fenced fenced_new(size_t bytes) {
    size_t page = (size_t)sysconf(_SC_PAGESIZE), body = (bytes + page - 1) / page * page;
    fenced f = {.map_bytes = body + 2 * page};
    f.map = mmap(NULL, f.map_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (f.map == MAP_FAILED) _exit(99);
    if (mprotect(f.map, page, PROT_NONE) != 0) _exit(99);
    if (mprotect(f.map + page + body, page, PROT_NONE) != 0) _exit(99);
    memset(f.map + page, 0xa5, body);
    f.data = f.map + page + body - bytes;
    return f;
}

/* True when the bytes between the lower fence and the data are as they were made. */
static inline int fenced_whole(const fenced *f) {
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    for (const uint8_t *at = f->map + page; at < (const uint8_t *)f->data; at++)
        if (*at != 0xa5) return 0;
    return 1;
}

static inline void fenced_free(fenced *f) { munmap(f->map, f->map_bytes); }

#endif
