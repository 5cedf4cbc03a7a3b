/* Q2_K: 256 elements in 84 bytes: for each of 16 groups of 16 a byte (scale in the low nibble, minimum in the
 * high one), 64 bytes of 2-bit numbers, d and dmin (f16); value = d * scale * q - dmin * minimum. Each half of
 * 128 elements has 32 bytes: quarter c of the half (32 elements, two groups) takes bits 2c, 2c + 1 of byte i.
 */
#include "tensor/block_formats.h"

#include "kernel/half.h"
#include "tensor/k_fit.h"

enum { ELEMENTS = 256, BYTES = 84, GROUP = 16, QUARTER = 32, QUARTERS = 16, D = 80, D_MIN = 82 };

static void unpack_block(const uint8_t *restrict block, float *restrict values) {
    float d = sxt_f16_value(sxt_load_u16(block + D)), d_min = sxt_f16_value(sxt_load_u16(block + D_MIN));
    for (int group = 0; group < ELEMENTS / GROUP; group++) {
        float step = d * (float)(block[group] & 15), offset = d_min * (float)(block[group] >> 4);
        int run = group / 2, shift = run % 4 * 2;
        const uint8_t *q = block + QUARTERS + run / 4 * QUARTER + group % 2 * GROUP;
        for (int i = 0; i < GROUP; i++)
            values[group * GROUP + i] = step * (float)((q[i] >> shift) & 3) - offset;
    }
}

void sxt_q2_k_unpack(const void *from, float *values, int64_t n) {
    const uint8_t *block = from;
    for (int64_t i = 0; i + ELEMENTS <= n; i += ELEMENTS, block += BYTES) unpack_block(block, values + i);
}

static void pack_block(const float *values, uint8_t *block) {
    static const sxt_k_shape shape = {GROUP, 0, 15, 15, {0, 3, 6, 0.5f, 1.1f}};
    sxt_k_block fit;
    sxt_k_fit(values, &shape, &fit);
    memset(block, 0, BYTES);
    memcpy(block + D, &fit.d, 2);
    memcpy(block + D_MIN, &fit.d_min, 2);
    for (int group = 0; group < ELEMENTS / GROUP; group++)
        block[group] = (uint8_t)(fit.scale[group] | fit.minimum[group] << 4);
    for (int i = 0; i < ELEMENTS; i++) {
        int run = i / QUARTER;
        block[QUARTERS + run / 4 * QUARTER + i % QUARTER] |= (uint8_t)(fit.q[i] << (run % 4 * 2));
    }
}

void sxt_q2_k_pack(const float *values, void *to, int64_t n) {
    uint8_t *block = to;
    for (int64_t i = 0; i + ELEMENTS <= n; i += ELEMENTS, block += BYTES) pack_block(values + i, block);
}
