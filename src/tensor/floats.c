/* F32, F16 and BF16: elements without blocks. */
#include "tensor/block_formats.h"

#include "kernel/half.h"
#include "kernel/kernel.h"

void sxt_f32_unpack(const void *from, float *values, int64_t n) { memcpy(values, from, (size_t)n * 4); }
void sxt_f32_pack(const float *values, void *to, int64_t n) { memcpy(to, values, (size_t)n * 4); }

void sxt_f16_unpack(const void *from, float *values, int64_t n) {
    sxt_kernels_get()->f16_to_f32(from, values, n);
}
void sxt_f16_pack(const float *values, void *to, int64_t n) { sxt_kernels_get()->f32_to_f16(values, to, n); }

void sxt_bf16_unpack(const void *from, float *values, int64_t n) {
    sxt_kernels_get()->bf16_to_f32(from, values, n);
}

void sxt_bf16_pack(const float *values, void *to, int64_t n) {
    for (int64_t i = 0; i < n; i++) {
        uint16_t half = sxt_bf16_bits(values[i]);
        memcpy((uint8_t *)to + 2 * i, &half, sizeof half);
    }
}
