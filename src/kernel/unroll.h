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
#define SXT_APART static __attribute__((noinline))

#endif
