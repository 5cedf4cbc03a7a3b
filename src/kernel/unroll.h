/* How code is laid out: loops of constant length that must become straight code, so that their arrays live in
 * registers; functions that must be part of their caller, or must not be. */
#ifndef SXT_KERNEL_UNROLL_H
#define SXT_KERNEL_UNROLL_H

/* Sanitized builds keep loops and calls: instrumented straight code of this size takes minutes to compile. */
#if defined(SXT_SANITIZED)
#define SXT_UNROLL
#elif defined(__clang__)
#define SXT_UNROLL _Pragma("unroll")
#else
#define SXT_UNROLL _Pragma("GCC unroll 16")
#endif
#if defined(SXT_SANITIZED)
#define SXT_INLINE static inline
#else
#define SXT_INLINE static inline __attribute__((always_inline))
#endif
/* What a kernel brings towards the CPU for the next one while it works, a little with each of its steps: bursts
 * would wait for each other. */
SXT_INLINE void fetch_lines(const char *at, long n_bytes) {
    for (long byte = 0; byte < n_bytes; byte += 64) __builtin_prefetch(at + byte);
}
#define SXT_FETCH_SHARE(ahead, step, n_steps)                                                                  \
    fetch_lines((const char *)(ahead).at + (ahead).n_bytes / (n_steps) * (step), (ahead).n_bytes / (n_steps))

#define SXT_APART static __attribute__((noinline))

#endif
