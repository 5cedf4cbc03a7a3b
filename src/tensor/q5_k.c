/* Q5_K: 256 elements in 176 bytes: as Q4_K, with 32 bytes of fifth bits before the nibbles: bit g of byte i
 * belongs to element i of group g. */
#include "tensor/block_formats.h"

#include "kernel/half.h"
#include "tensor/k_fit.h"
#include "tensor/k_scales.h"

enum { ELEMENTS = 256, BYTES = 176, GROUP = 32, SCALES = 4, FIFTH_BITS = 16, NIBBLES = 48 };

static void unpack_block(const uint8_t *restrict block, float *restrict values) {
    float d = sxt_f16_value(sxt_load_u16(block)), d_min = sxt_f16_value(sxt_load_u16(block + 2));
    const uint8_t *fifth = block + FIFTH_BITS;
    for (int group = 0; group < ELEMENTS / GROUP; group++) {
        unsigned scale, minimum;
        sxt_k_scales(block + SCALES, group, &scale, &minimum);
        float step = d * (float)scale, offset = d_min * (float)minimum;
        const uint8_t *low = block + NIBBLES + group / 2 * GROUP;
        int shift = group % 2 * 4;
        for (int i = 0; i < GROUP; i++) {
            int q = ((low[i] >> shift) & 15) | ((fifth[i] >> group) & 1) << 4;
            values[group * GROUP + i] = step * (float)q - offset;
        }
    }
}

void sxt_q5_k_unpack(const void *from, float *values, int64_t n) {
    const uint8_t *block = from;
    for (int64_t i = 0; i + ELEMENTS <= n; i += ELEMENTS, block += BYTES) unpack_block(block, values + i);
}

static void pack_block(const float *values, uint8_t *block) {
    static const sxt_k_shape shape = {GROUP, 0, 63, 63, {0, 31, 6, 0.93f, 1.03f}};
    sxt_k_block fit;
    sxt_k_fit(values, &shape, &fit);
    memset(block, 0, BYTES);
    memcpy(block, &fit.d, 2);
    memcpy(block + 2, &fit.d_min, 2);
    sxt_k_put_scales(block + SCALES, fit.scale, fit.minimum);
    for (int i = 0; i < ELEMENTS; i++) {
        block[NIBBLES + i / 64 * GROUP + i % GROUP] |= (uint8_t)((fit.q[i] & 15) << (i / GROUP % 2 * 4));
        block[FIFTH_BITS + i % GROUP] |= (uint8_t)((fit.q[i] >> 4) << (i / GROUP));
    }
}

void sxt_q5_k_pack(const float *values, void *to, int64_t n) {
    uint8_t *block = to;
    for (int64_t i = 0; i + ELEMENTS <= n; i += ELEMENTS, block += BYTES) pack_block(values + i, block);
}
