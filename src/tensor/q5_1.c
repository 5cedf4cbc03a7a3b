/* Q5_1: 32 elements in 24 bytes: the scale d and the minimum m (f16), 32 fifth bits and 16 bytes of nibbles as
 * in Q5_0; value = d * q + m. */
#include "tensor/block_formats.h"

#include "kernel/half.h"
#include "tensor/block_fit.h"

enum { ELEMENTS = 32, BYTES = 24, HALF = 16, FIFTH_BITS = 4, NIBBLES = 8 };

static void unpack_block(const uint8_t *restrict block, float *restrict values) {
    float d = sxt_f16_value(sxt_load_u16(block)), m = sxt_f16_value(sxt_load_u16(block + 2));
    for (int i = 0; i < ELEMENTS; i++) {
        int low = (block[NIBBLES + i % HALF] >> (i / HALF * 4)) & 15;
        int fifth = (block[FIFTH_BITS + i / 8] >> (i % 8)) & 1;
        values[i] = d * (float)(low | fifth << 4) + m;
    }
}

void sxt_q5_1_unpack(const void *from, float *values, int64_t n) {
    const uint8_t *block = from;
    for (int64_t i = 0; i + ELEMENTS <= n; i += ELEMENTS, block += BYTES) unpack_block(block, values + i);
}

/* A block with a value that is not finite gets a NaN scale: a fault in the weights stays visible. */
static void pack_block(const float *values, uint8_t *block) {
    static const sxt_fit_range range = {0, 31, 8, 0.93f, 1.03f};
    sxt_block fit;
    sxt_block_fit(values, &range, true, &fit);
    memset(block, 0, BYTES);
    memcpy(block, &fit.d, 2);
    memcpy(block + 2, &fit.m, 2);
    for (int i = 0; i < ELEMENTS; i++) {
        block[NIBBLES + i % HALF] |= (uint8_t)((fit.q[i] & 15) << (i / HALF * 4));
        block[FIFTH_BITS + i / 8] |= (uint8_t)((fit.q[i] >> 4) << (i % 8));
    }
}

void sxt_q5_1_pack(const float *values, void *to, int64_t n) {
    uint8_t *block = to;
    for (int64_t i = 0; i + ELEMENTS <= n; i += ELEMENTS, block += BYTES) pack_block(values + i, block);
}
