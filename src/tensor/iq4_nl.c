/* IQ4_NL: 32 elements in 18 bytes, laid out as Q4_0; value = d * step[q] with uneven steps. Only read. */
#include "tensor/block_formats.h"

#include "kernel/half.h"
#include "tensor/iq4_values.h"

enum { ELEMENTS = 32, BYTES = 18, HALF = 16, NIBBLES = 2 };

static void unpack_block(const uint8_t *restrict block, float *restrict values) {
    float d = sxt_f16_value(sxt_load_u16(block));
    for (int i = 0; i < HALF; i++) {
        values[i] = d * (float)sxt_iq4_values[block[NIBBLES + i] & 15];
        values[i + HALF] = d * (float)sxt_iq4_values[block[NIBBLES + i] >> 4];
    }
}

void sxt_iq4_nl_unpack(const void *from, float *values, int64_t n) {
    const uint8_t *block = from;
    for (int64_t i = 0; i + ELEMENTS <= n; i += ELEMENTS, block += BYTES) unpack_block(block, values + i);
}
