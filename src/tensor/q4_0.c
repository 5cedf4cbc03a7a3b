/* Q4_0: 32 elements in 18 bytes: the scale d (f16), then 16 bytes whose low nibbles are elements 0..15 and
 * high nibbles 16..31; value = d * (q - 8). */
#include "tensor/block_formats.h"

#include "kernel/half.h"
#include "kernel/kernel.h"

#include <math.h>

enum { ELEMENTS = 32, BYTES = 18 };

void sxt_q4_0_unpack(const void *from, float *values, int64_t n) {
    sxt_kernels_get()->q4_0_to_f32(from, values, n);
}

/* The value of largest magnitude, the first of equals, becomes exactly -8 * d. */
static float signed_largest(const float *values) {
    float largest = 0;
    for (int i = 0; i < ELEMENTS; i++)
        if (fabsf(values[i]) > fabsf(largest)) largest = values[i];
    return largest;
}

static uint8_t nibble(float scaled) {
    float shifted = scaled + 8.5f; /* at least 0.5 */
    return shifted < 15 ? (uint8_t)shifted : 15;
}

/* A block with a value that is not finite gets a NaN scale: a fault in the weights stays visible. */
static void pack_block(const float *values, uint8_t *block) {
    float finite = 0;
    for (int i = 0; i < ELEMENTS; i++) finite += values[i] * 0;
    float d = signed_largest(values) / -8, inverse = d != 0 ? 1 / d : 0;
    uint16_t stored = sxt_f16_bits(finite == 0 ? d : NAN);
    memcpy(block, &stored, sizeof stored);
    for (int i = 0; i < ELEMENTS / 2; i++) {
        uint8_t low = nibble(values[i] * inverse), high = nibble(values[i + ELEMENTS / 2] * inverse);
        block[2 + i] = (uint8_t)(low | high << 4);
    }
}

void sxt_q4_0_pack(const float *values, void *to, int64_t n) {
    uint8_t *block = to;
    for (int64_t i = 0; i + ELEMENTS <= n; i += ELEMENTS, block += BYTES) pack_block(values + i, block);
}
