/* Loops of constant length that must become straight code, so that their arrays live in registers. */
#ifndef SXT_KERNEL_UNROLL_H
#define SXT_KERNEL_UNROLL_H

#if defined(__clang__)
#define SXT_UNROLL _Pragma("unroll")
#else
#define SXT_UNROLL _Pragma("GCC unroll 16")
#endif
#define SXT_INLINE static inline __attribute__((always_inline))

#endif
