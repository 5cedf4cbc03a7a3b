/* IQ4_XS: 256 elements in 136 bytes: d (f16), the two top bits of 8 scales (u16: bits 2g, 2g + 1), 4 bytes with
 * the scales' low nibbles (group g in byte g / 2, even groups low), then for each group of 32 its 16 bytes of
 * nibbles as in Q4_0; value = d * (scale - 32) * step[q] with IQ4_NL's uneven steps. Only read. */
#include "tensor/block_formats.h"

#include "kernel/half.h"
#include "tensor/iq4_values.h"

enum { ELEMENTS = 256, BYTES = 136, GROUP = 32, HALF = 16, HIGH_BITS = 2, LOW_NIBBLES = 4, NIBBLES = 8 };

static void unpack_block(const uint8_t *restrict block, float *restrict values) {
    float d = sxt_f16_value(sxt_load_u16(block));
    unsigned high = sxt_load_u16(block + HIGH_BITS);
    for (int group = 0; group < ELEMENTS / GROUP; group++) {
        int low = (block[LOW_NIBBLES + group / 2] >> (group % 2 * 4)) & 15;
        float step = d * (float)((low | (int)((high >> (2 * group)) & 3) << 4) - 32);
        const uint8_t *q = block + NIBBLES + group * HALF;
        for (int i = 0; i < HALF; i++) {
            values[group * GROUP + i] = step * (float)sxt_iq4_values[q[i] & 15];
            values[group * GROUP + HALF + i] = step * (float)sxt_iq4_values[q[i] >> 4];
        }
    }
}

void sxt_iq4_xs_unpack(const void *from, float *values, int64_t n) {
    const uint8_t *block = from;
    for (int64_t i = 0; i + ELEMENTS <= n; i += ELEMENTS, block += BYTES) unpack_block(block, values + i);
}
