/* The packed 6-bit scales and minima that Q4_K and Q5_K share. */
#ifndef SXT_TENSOR_K_SCALES_H
#define SXT_TENSOR_K_SCALES_H

#include <stdint.h>

/* packed: 12 bytes for 8 groups of 32 elements. Groups 0..3 have their scale in the low 6 bits of bytes
 * 0..3 and their minimum in those of bytes 4..7; the two top bits there belong to groups 4..7, whose low
 * nibbles lie in bytes 8..11 (scale low, minimum high). */
static inline void sxt_k_scales(const uint8_t *packed, int group, unsigned *scale, unsigned *minimum) {
    if (group < 4) {
        *scale = packed[group] & 63u;
        *minimum = packed[group + 4] & 63u;
    } else {
        *scale = (packed[group + 4] & 15u) | (packed[group - 4] >> 6 << 4);
        *minimum = ((unsigned)packed[group + 4] >> 4) | (packed[group] >> 6 << 4);
    }
}

/* The other way round; packed is all zero before. */
static inline void sxt_k_put_scales(uint8_t *packed, const int *scale, const int *minimum) {
    for (int group = 0; group < 4; group++) {
        packed[group] = (uint8_t)(scale[group] | scale[group + 4] >> 4 << 6);
        packed[group + 4] = (uint8_t)(minimum[group] | minimum[group + 4] >> 4 << 6);
        packed[group + 8] = (uint8_t)((scale[group + 4] & 15) | (minimum[group + 4] & 15) << 4);
    }
}

#endif
