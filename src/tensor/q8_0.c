/* Q8_0: 32 elements in 34 bytes: the scale d (f16), then 32 x int8; value = d * q. */
#include "tensor/block_formats.h"

#include "kernel/half.h"
#include "kernel/kernel.h"

#include <math.h>

enum { ELEMENTS = 32, BYTES = 34 };

void sxt_q8_0_unpack(const void *from, float *values, int64_t n) {
    sxt_kernels_get()->q8_0_to_f32(from, values, n);
}

/* A block with a value that is not finite gets a NaN scale: a fault in the weights stays visible. */
static void pack_block(const float *values, uint8_t *block) {
    float largest = 0, finite = 0;
    for (int i = 0; i < ELEMENTS; i++) {
        largest = fmaxf(largest, fabsf(values[i]));
        finite += values[i] * 0;
    }
    float d = largest / 127, inverse = d != 0 ? 1 / d : 0;
    uint16_t stored = sxt_f16_bits(finite == 0 ? d : NAN);
    memcpy(block, &stored, sizeof stored);
    for (int i = 0; i < ELEMENTS; i++)
        block[2 + i] = finite == 0 ? (uint8_t)(int8_t)roundf(values[i] * inverse) : 0;
}

void sxt_q8_0_pack(const float *values, void *to, int64_t n) {
    uint8_t *block = to;
    for (int64_t i = 0; i + ELEMENTS <= n; i += ELEMENTS, block += BYTES) pack_block(values + i, block);
}
