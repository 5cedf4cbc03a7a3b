/* What the avx512 level uses of AVX-512 BF16, where the CPU has that too. */
#ifndef SXT_KERNEL_KERNEL_AVX512_BF16_H
#define SXT_KERNEL_KERNEL_AVX512_BF16_H

#include <stdint.h>

/* As peak_bf16 in kernel.h. To be called only where the CPU has AVX-512 BF16; 0 in a build without it. */
int64_t sxt_peak_avx512_bf16(int64_t n_rounds);

#endif
