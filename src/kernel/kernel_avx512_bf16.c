/* AVX-512 BF16: Intel servers since Cooper Lake, AMD since Zen 4. Its products are measured, not used: small
 * integers are as fast or faster on every CPU that has them, and exact in their sums. */
#include "kernel/kernel_avx512_bf16.h"

#if defined(__AVX512BF16__)
#include "kernel/vector_avx512.h"

#include "kernel/peak.h"

/* bf16 0.5 in all elements. */
SXT_INLINE __m512bh half(void) {
    union {
        __m512i bits;
        __m512bh value;
    } all = {.bits = _mm512_set1_epi16(0x3F00)};
    return all.value;
}

SXT_INLINE vec dot(vec x) { return _mm512_dpbf16_ps(x, half(), half()); }

PEAK_FUNCTION(peak_bf16, vec, peak_start, dot, 2 * 32)

int64_t sxt_peak_avx512_bf16(int64_t n_rounds) { return peak_bf16(n_rounds); }
#else
int64_t sxt_peak_avx512_bf16(int64_t n_rounds) {
    (void)n_rounds;
    return 0;
}
#endif
