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
#elif defined(__aarch64__) && defined(__linux__)
#include <sys/auxv.h>

static bool cpu_has_neon(void) { return (getauxval(AT_HWCAP) & HWCAP_ASIMD) != 0; }
static bool cpu_has_neon_dotprod(void) { return cpu_has_neon() && (getauxval(AT_HWCAP) & HWCAP_ASIMDDP) != 0; }
#endif

static bool cpu_has_scalar(void) { return true; }

typedef struct level {
    const sxt_kernels *const *kernels;
    bool (*cpu_has)(void);
} level;

/* Best first. */
static const level levels[] = {
#if defined(__x86_64__)
    {&sxt_kernels_avx512, cpu_has_avx512},
    {&sxt_kernels_avx2, cpu_has_avx2},
#elif defined(__aarch64__) && defined(__linux__)
    {&sxt_kernels_neon_dotprod, cpu_has_neon_dotprod},
    {&sxt_kernels_neon, cpu_has_neon},
#endif
    {&sxt_kernels_scalar, cpu_has_scalar},
};
enum { N_LEVELS = sizeof levels / sizeof levels[0] };

const sxt_kernels *sxt_kernels_at(int index) {
    for (int i = 0; i < N_LEVELS; i++) {
        const sxt_kernels *kernels = *levels[i].kernels;
        if (kernels && levels[i].cpu_has() && index-- == 0) return kernels;
    }
    return NULL;
}

const sxt_kernels *sxt_kernels_find(const char *name) {
    const sxt_kernels *kernels;
    for (int i = 0; name && (kernels = sxt_kernels_at(i)); i++)
        if (strcmp(name, kernels->name) == 0) return kernels;
    return NULL;
}

const sxt_kernels *sxt_kernels_get(void) {
    static _Atomic(const sxt_kernels *) chosen; /* every thread would choose the same */
    const sxt_kernels *kernels = atomic_load_explicit(&chosen, memory_order_relaxed);
    if (kernels) return kernels;
    kernels = sxt_kernels_find(getenv("SEXTANT_KERNEL"));
    if (!kernels) kernels = sxt_kernels_at(0);
    atomic_store_explicit(&chosen, kernels, memory_order_relaxed);
    return kernels;
}
