#include "base/memory.h"

#include "base/num.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static sxt_alloc_hook hook;
static void *hook_user;

void sxt_set_alloc_hook(sxt_alloc_hook fn, void *user) {
    hook = fn;
    hook_user = user;
}

static bool allowed(size_t bytes) { return !hook || hook(hook_user, bytes); }

void *sxt_alloc(size_t n, size_t size) {
    uint64_t bytes;
    if (!sxt_mul_ok(n, size, &bytes) || bytes > SIZE_MAX / 2 || !allowed(bytes)) return NULL;
    return calloc(1, bytes ? bytes : 1);
}

void *sxt_resize(void *memory, size_t n, size_t size) {
    uint64_t bytes;
    if (!sxt_mul_ok(n, size, &bytes) || bytes > SIZE_MAX / 2 || !allowed(bytes)) return NULL;
    return realloc(memory, bytes ? bytes : 1);
}

void sxt_free(void *memory) { free(memory); }

char *sxt_copy_text(const char *text, size_t n) {
    if (n == SIZE_MAX) return NULL;
    char *copy = sxt_alloc(n + 1, 1);
    if (copy && n) memcpy(copy, text, n);
    return copy;
}

void *sxt_alloc_pages(size_t bytes) {
    if (bytes == 0) bytes = 1;
    if (!allowed(bytes)) return NULL;
    void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) return NULL;
#ifdef MADV_HUGEPAGE
    if (bytes >= (4u << 20)) madvise(memory, bytes, MADV_HUGEPAGE);
#endif
    return memory;
}

void sxt_free_pages(void *memory, size_t bytes) {
    if (memory) munmap(memory, bytes ? bytes : 1);
}

/* First number in a one-number file such as cgroup's memory.max; UINT64_MAX when there is none. */
static uint64_t read_number(const char *path) {
    FILE *f = fopen(path, "r");
    if (!f) return UINT64_MAX;
    unsigned long long n;
    uint64_t result = fscanf(f, "%llu", &n) == 1 ? (uint64_t)n : UINT64_MAX;
    fclose(f);
    return result;
}

/* Pages of files, which the system gives back when asked for memory. Without them a container that has read a
 * model would look full. */
static uint64_t reclaimable(void) {
    FILE *f = fopen("/sys/fs/cgroup/memory.stat", "r");
    if (!f) return 0;
    char name[64];
    unsigned long long n;
    uint64_t bytes = 0;
    while (fscanf(f, "%63s %llu", name, &n) == 2)
        if (strcmp(name, "active_file") == 0 || strcmp(name, "inactive_file") == 0) bytes += (uint64_t)n;
    fclose(f);
    return bytes;
}

/* Without /proc (a bare chroot): what the machine has is at least a bound. */
static uint64_t physical_memory(void) {
    long pages = sysconf(_SC_PHYS_PAGES), page_bytes = sysconf(_SC_PAGESIZE);
    return pages > 0 && page_bytes > 0 ? (uint64_t)pages * (uint64_t)page_bytes : 0;
}

uint64_t sxt_memory_available(void) {
    FILE *f = fopen("/proc/meminfo", "r");
    if (!f) return physical_memory();
    char line[128];
    unsigned long long kib = 0;
    while (fgets(line, sizeof line, f))
        if (sscanf(line, "MemAvailable: %llu kB", &kib) == 1) break;
    fclose(f);
    uint64_t available = (uint64_t)kib << 10;
    uint64_t limit = read_number("/sys/fs/cgroup/memory.max");
    uint64_t used = read_number("/sys/fs/cgroup/memory.current");
    if (limit != UINT64_MAX && used != UINT64_MAX) {
        uint64_t files = reclaimable(), kept = used > files ? used - files : 0;
        uint64_t left = limit > kept ? limit - kept : 0;
        if (left < available) available = left;
    }
    return available;
}
