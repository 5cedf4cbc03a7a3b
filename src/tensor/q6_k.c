/* Q6_K: 256 elements in 210 bytes: 128 bytes of low nibbles, 64 bytes of two high bits, 16 x int8 scales for
 * groups of 16, d (f16); value = d * scale * (q - 32). Each half of 128 elements has 64 bytes of nibbles and
 * 32 bytes of high bits: quarter c of a half (32 elements) takes nibble c / 2 of bytes 32 * (c % 2) + i and
 * the bits 2c, 2c + 1 of byte i. */
#include "tensor/block_formats.h"

#include "kernel/half.h"
#include "tensor/k_fit.h"

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

static void pack_block(const float *values, uint8_t *block) {
    static const sxt_k_shape shape = {GROUP, -128, 127, 0, {-32, 31, 6, 0.95f, 1.04f}};
    sxt_k_block fit;
    sxt_k_fit(values, &shape, &fit);
    memset(block, 0, BYTES);
    memcpy(block + D, &fit.d, 2);
    for (int group = 0; group < ELEMENTS / GROUP; group++)
        block[SCALES + group] = (uint8_t)(int8_t)fit.scale[group];
    for (int i = 0; i < ELEMENTS; i++) {
        int q = fit.q[i] + 32, half = i / 128, quarter = i / QUARTER % 4;
        block[half * 64 + quarter % 2 * QUARTER + i % QUARTER] |= (uint8_t)((q & 15) << (quarter / 2 * 4));
        block[HIGH_BITS + half * QUARTER + i % QUARTER] |= (uint8_t)((q >> 4) << (2 * quarter));
    }
}

void sxt_q6_k_pack(const float *values, void *to, int64_t n) {
    uint8_t *block = to;
    for (int64_t i = 0; i + ELEMENTS <= n; i += ELEMENTS, block += BYTES) pack_block(values + i, block);
}
