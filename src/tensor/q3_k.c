/* Q3_K: 256 elements in 110 bytes: 32 bytes of third bits, 64 bytes of 2-bit numbers laid out as in Q2_K,
 * 12 bytes of 6-bit scales for 16 groups of 16, d (f16); value = d * (scale - 32) * (q - 4). Bit r of third-bit
 * byte i belongs to element i of run r (32 elements). Scale g: its low nibble is in byte g % 8 (low half for
 * g < 8, high half after), its two top bits are bits 2 (g / 4) of byte 8 + g % 4. */
#include "tensor/block_formats.h"

#include "kernel/half.h"
#include "tensor/k_fit.h"

enum { ELEMENTS = 256, BYTES = 110, GROUP = 16, QUARTER = 32, QUARTERS = 32, SCALES = 96, D = 108 };

static int scale_of(const uint8_t *scales, int group) {
    int low = (scales[group % 8] >> (group / 8 * 4)) & 15,
        high = (scales[8 + group % 4] >> (group / 4 * 2)) & 3;
    return (low | high << 4) - 32;
}

static void unpack_block(const uint8_t *restrict block, float *restrict values) {
    float d = sxt_f16_value(sxt_load_u16(block + D));
    for (int group = 0; group < ELEMENTS / GROUP; group++) {
        float step = d * (float)scale_of(block + SCALES, group);
        int run = group / 2, shift = run % 4 * 2;
        const uint8_t *third = block + group % 2 * GROUP;
        const uint8_t *low = block + QUARTERS + run / 4 * QUARTER + group % 2 * GROUP;
        for (int i = 0; i < GROUP; i++) {
            int q = ((low[i] >> shift) & 3) | ((third[i] >> run) & 1) << 2;
            values[group * GROUP + i] = step * (float)(q - 4);
        }
    }
}

void sxt_q3_k_unpack(const void *from, float *values, int64_t n) {
    const uint8_t *block = from;
    for (int64_t i = 0; i + ELEMENTS <= n; i += ELEMENTS, block += BYTES) unpack_block(block, values + i);
}

static void put_scale(uint8_t *scales, int group, int scale) {
    scales[group % 8] |= (uint8_t)(((scale + 32) & 15) << (group / 8 * 4));
    scales[8 + group % 4] |= (uint8_t)((scale + 32) >> 4 << (group / 4 * 2));
}

static void pack_block(const float *values, uint8_t *block) {
    static const sxt_k_shape shape = {GROUP, -32, 31, 0, {-4, 3, 6, 0.6f, 1.3f}};
    sxt_k_block fit;
    sxt_k_fit(values, &shape, &fit);
    memset(block, 0, BYTES);
    memcpy(block + D, &fit.d, 2);
    for (int group = 0; group < ELEMENTS / GROUP; group++) put_scale(block + SCALES, group, fit.scale[group]);
    for (int i = 0; i < ELEMENTS; i++) {
        int q = fit.q[i] + 4, run = i / QUARTER;
        block[i % QUARTER] |= (uint8_t)((q >> 2) << run);
        block[QUARTERS + run / 4 * QUARTER + i % QUARTER] |= (uint8_t)((q & 3) << (run % 4 * 2));
    }
}

void sxt_q3_k_pack(const float *values, void *to, int64_t n) {
    uint8_t *block = to;
    for (int64_t i = 0; i + ELEMENTS <= n; i += ELEMENTS, block += BYTES) pack_block(values + i, block);
}
