/* How code is laid out: loops of constant length that must become straight code, so that their arrays live in
 * registers; functions that must be part of their caller, or must not be. */
#ifndef SXT_KERNEL_UNROLL_H
#define SXT_KERNEL_UNROLL_H

#if defined(__clang__)
#define SXT_UNROLL _Pragma("unroll")
#else
#define SXT_UNROLL _Pragma("GCC unroll 16")
#endif
#define SXT_INLINE static inline __attribute__((always_inline))
#define SXT_APART static __attribute__((noinline))

#endif
