/* The integer peaks of the NEON levels. */
#ifndef SXT_KERNEL_PEAK_NEON_H
#define SXT_KERNEL_PEAK_NEON_H

#include "kernel/peak.h"

SXT_INLINE int32x4_t peak_start_integers(int i) { return vdupq_n_s32(0x01020304 * (i + 1)); }

/* Products of 16 bits are added to 32 by one instruction for each half. */
SXT_INLINE int32x4_t peak_dot_int16(int32x4_t x) {
    int16x8_t wide = vreinterpretq_s16_s32(x), b = vdupq_n_s16(3);
    return vmlal_high_s16(vmlal_s16(x, vget_low_s16(wide), vget_low_s16(b)), wide, b);
}
PEAK_FUNCTION(peak_int16, int32x4_t, peak_start_integers, peak_dot_int16, 2 * 8)

#if defined(__ARM_FEATURE_DOTPROD)
SXT_INLINE int32x4_t peak_dot_int8(int32x4_t x) { return vdotq_s32(x, vreinterpretq_s8_s32(x), vdupq_n_s8(3)); }
#else
/* Products, then the sums of neighbours, for each half. */
SXT_INLINE int32x4_t peak_dot_int8(int32x4_t x) {
    int8x16_t bytes = vreinterpretq_s8_s32(x), b = vdupq_n_s8(3);
    int16x8_t products = vmull_s8(vget_low_s8(bytes), vget_low_s8(b));
    return vpadalq_s16(x, vmlal_high_s8(products, bytes, b));
}
#endif
PEAK_FUNCTION(peak_int8, int32x4_t, peak_start_integers, peak_dot_int8, 2 * 16)

/* Not used by the NEON levels. */
static int64_t peak_bf16(int64_t n_rounds) {
    (void)n_rounds;
    return 0;
}

#endif
