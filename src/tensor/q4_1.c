/* Q4_1: 32 elements in 20 bytes: the scale d and the minimum m (f16), then 16 bytes whose low nibbles are
 * elements 0..15 and high nibbles 16..31; value = d * q + m. */
#include "tensor/block_formats.h"

#include "kernel/half.h"
#include "tensor/block_fit.h"

enum { ELEMENTS = 32, BYTES = 20, HALF = 16, NIBBLES = 4 };

static void unpack_block(const uint8_t *restrict block, float *restrict values) {
    float d = sxt_f16_value(sxt_load_u16(block)), m = sxt_f16_value(sxt_load_u16(block + 2));
    for (int i = 0; i < HALF; i++) {
        values[i] = d * (float)(block[NIBBLES + i] & 15) + m;
        values[i + HALF] = d * (float)(block[NIBBLES + i] >> 4) + m;
    }
}

void sxt_q4_1_unpack(const void *from, float *values, int64_t n) {
    const uint8_t *block = from;
    for (int64_t i = 0; i + ELEMENTS <= n; i += ELEMENTS, block += BYTES) unpack_block(block, values + i);
}

/* A block with a value that is not finite gets a NaN scale: a fault in the weights stays visible. */
static void pack_block(const float *values, uint8_t *block) {
    static const sxt_fit_range range = {0, 15, 8, 0.86f, 1.04f};
    sxt_block fit;
    sxt_block_fit(values, &range, true, &fit);
    memcpy(block, &fit.d, 2);
    memcpy(block + 2, &fit.m, 2);
    for (int i = 0; i < HALF; i++) block[NIBBLES + i] = (uint8_t)(fit.q[i] | fit.q[i + HALF] << 4);
}

void sxt_q4_1_pack(const float *values, void *to, int64_t n) {
    uint8_t *block = to;
    for (int64_t i = 0; i + ELEMENTS <= n; i += ELEMENTS, block += BYTES) pack_block(values + i, block);
}
