/* Q6_K: 256 elements in 210 bytes: 128 bytes of low nibbles, 64 bytes of two high bits, 16 x int8 scales for
 * groups of 16, d (f16); value = d * scale * (q - 32). Each half of 128 elements has 64 bytes of nibbles and
 * 32 bytes of high bits: quarter c of a half (32 elements) takes nibble c / 2 of bytes 32 * (c % 2) + i and
 * the bits 2c, 2c + 1 of byte i. */
#include "tensor/block_formats.h"

#include "kernel/half.h"

enum { ELEMENTS = 256, BYTES = 210, QUARTER = 32, GROUP = 16, HIGH_BITS = 128, SCALES = 192, D = 208 };

static void unpack_block(const uint8_t *restrict block, float *restrict values) {
    float d = sxt_f16_value(sxt_load_u16(block + D));
    for (int run = 0; run < ELEMENTS / QUARTER; run++) {
        int half = run / 4, quarter = run % 4;
        const uint8_t *low = block + half * 64 + quarter % 2 * 32, *high = block + HIGH_BITS + half * 32;
        for (int i = 0; i < QUARTER; i++) {
            int q = ((low[i] >> (quarter / 2 * 4)) & 15) | ((high[i] >> (2 * quarter)) & 3) << 4;
            values[run * QUARTER + i] = (float)(q - 32);
        }
    }
    const int8_t *scales = (const int8_t *)block + SCALES;
    for (int group = 0; group < ELEMENTS / GROUP; group++) {
        float step = d * (float)scales[group];
        for (int i = 0; i < GROUP; i++) values[group * GROUP + i] *= step;
    }
}

void sxt_q6_k_unpack(const void *from, float *values, int64_t n) {
    const uint8_t *block = from;
    for (int64_t i = 0; i + ELEMENTS <= n; i += ELEMENTS, block += BYTES) unpack_block(block, values + i);
}
