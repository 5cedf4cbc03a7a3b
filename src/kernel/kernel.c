/* The choice of a level: once, from the CPU. */
#include "kernel/kernel.h"

#include "kernel/levels.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#if defined(__x86_64__)
#include <cpuid.h>

static bool cpu_has_avx2(void) {
    unsigned a, b, c, d;
    bool f16c = __get_cpuid(1, &a, &b, &c, &d) && (c & bit_F16C);
    return f16c && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}

static bool cpu_has_avx512(void) {
    return cpu_has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
           __builtin_cpu_supports("avx512vnni");
}
#else
static bool cpu_has_avx2(void) { return false; }
static bool cpu_has_avx512(void) { return false; }
#endif

static bool cpu_has_scalar(void) { return true; }

typedef struct level {
    const sxt_kernels *const *kernels;
    bool (*cpu_has)(void);
} level;

/* Best first. */
static const level levels[] = {{&sxt_kernels_avx512, cpu_has_avx512},
                               {&sxt_kernels_avx2, cpu_has_avx2},
                               {&sxt_kernels_scalar, cpu_has_scalar}};

/* The level of this name, or the best one for NULL. */
static const sxt_kernels *find(const char *name) {
    for (size_t i = 0; i < sizeof levels / sizeof levels[0]; i++) {
        const sxt_kernels *kernels = *levels[i].kernels;
        if (!kernels || !levels[i].cpu_has()) continue;
        if (!name || strcmp(name, kernels->name) == 0) return kernels;
    }
    return NULL;
}

const sxt_kernels *sxt_kernels_find(const char *name) { return name ? find(name) : NULL; }

const sxt_kernels *sxt_kernels_get(void) {
    static _Atomic(const sxt_kernels *) chosen; /* every thread would choose the same */
    const sxt_kernels *kernels = atomic_load_explicit(&chosen, memory_order_relaxed);
    if (kernels) return kernels;
    const char *name = getenv("SEXTANT_KERNEL");
    kernels = name ? find(name) : NULL;
    if (!kernels) kernels = find(NULL);
    atomic_store_explicit(&chosen, kernels, memory_order_relaxed);
    return kernels;
}
