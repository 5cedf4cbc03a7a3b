/* Q5_0: 32 elements in 22 bytes: the scale d (f16), 32 fifth bits (bit i belongs to element i), then 16 bytes
 * whose low nibbles are elements 0..15 and high nibbles 16..31; value = d * (q - 16). */
#include "tensor/block_formats.h"

#include "kernel/half.h"
#include "tensor/block_fit.h"

enum { ELEMENTS = 32, BYTES = 22, HALF = 16, FIFTH_BITS = 2, NIBBLES = 6 };

static void unpack_block(const uint8_t *restrict block, float *restrict values) {
    float d = sxt_f16_value(sxt_load_u16(block));
    for (int i = 0; i < ELEMENTS; i++) {
        int low = (block[NIBBLES + i % HALF] >> (i / HALF * 4)) & 15;
        int fifth = (block[FIFTH_BITS + i / 8] >> (i % 8)) & 1;
        values[i] = d * (float)((low | fifth << 4) - 16);
    }
}

void sxt_q5_0_unpack(const void *from, float *values, int64_t n) {
    const uint8_t *block = from;
    for (int64_t i = 0; i + ELEMENTS <= n; i += ELEMENTS, block += BYTES) unpack_block(block, values + i);
}

/* A block with a value that is not finite gets a NaN scale: a fault in the weights stays visible. */
static void pack_block(const float *values, uint8_t *block) {
    static const sxt_fit_range range = {-16, 15, 8, 0.93f, 1.06f};
    sxt_block fit;
    sxt_block_fit(values, &range, false, &fit);
    memset(block, 0, BYTES);
    memcpy(block, &fit.d, 2);
    for (int i = 0; i < ELEMENTS; i++) {
        int q = fit.q[i] + 16;
        block[NIBBLES + i % HALF] |= (uint8_t)((q & 15) << (i / HALF * 4));
        block[FIFTH_BITS + i / 8] |= (uint8_t)((q >> 4) << (i % 8));
    }
}

void sxt_q5_0_pack(const float *values, void *to, int64_t n) {
    uint8_t *block = to;
    for (int64_t i = 0; i + ELEMENTS <= n; i += ELEMENTS, block += BYTES) pack_block(values + i, block);
}
