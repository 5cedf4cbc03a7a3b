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

/* The number that follows `name` at the beginning of a line of the file; UINT64_MAX when there is none. */
static uint64_t read_field(const char *path, const char *name) {
    FILE *f = fopen(path, "r");
    if (!f) return UINT64_MAX;
    char line[128];
    uint64_t value = UINT64_MAX;
    size_t n = strlen(name);
    while (value == UINT64_MAX && fgets(line, sizeof line, f)) {
        if (strncmp(line, name, n) != 0) continue;
        char *end;
        unsigned long long number = strtoull(line + n, &end, 10);
        if (end != line + n) value = number;
    }
    fclose(f);
    return value;
}

/* What a container has used, without pages of files, which the system gives back when asked for memory: with
 * them a container that has read a model would look full. */
static uint64_t container_used(void) {
    uint64_t used = read_field("/sys/fs/cgroup/memory.current", "");
    static const char *const names[] = {"active_file ", "inactive_file "};
    for (int i = 0; i < 2 && used != UINT64_MAX; i++) {
        uint64_t files = read_field("/sys/fs/cgroup/memory.stat", names[i]);
        if (files != UINT64_MAX) used -= files < used ? files : used;
    }
    return used;
}

/* Without /proc (a bare chroot): what the machine has is at least a bound. */
static uint64_t physical_memory(void) {
    long pages = sysconf(_SC_PHYS_PAGES), page_bytes = sysconf(_SC_PAGESIZE);
    return pages > 0 && page_bytes > 0 ? (uint64_t)pages * (uint64_t)page_bytes : 0;
}

uint64_t sxt_memory_available(void) {
    uint64_t kib = read_field("/proc/meminfo", "MemAvailable:");
    if (kib == UINT64_MAX) return physical_memory();
    uint64_t available = kib << 10;
    uint64_t limit = read_field("/sys/fs/cgroup/memory.max", ""), used = container_used();
    if (limit != UINT64_MAX && used != UINT64_MAX) {
        uint64_t left = limit > used ? limit - used : 0;
        if (left < available) available = left;
    }
    return available;
}
