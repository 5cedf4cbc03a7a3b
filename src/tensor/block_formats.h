/* What each block format's file provides to the table in type.c. n is a multiple of the block. */
#ifndef SXT_TENSOR_BLOCK_FORMATS_H
#define SXT_TENSOR_BLOCK_FORMATS_H

#include <stdint.h>

void sxt_f32_unpack(const void *from, float *values, int64_t n);
void sxt_f32_pack(const float *values, void *to, int64_t n);
void sxt_f16_unpack(const void *from, float *values, int64_t n);
void sxt_f16_pack(const float *values, void *to, int64_t n);
void sxt_bf16_unpack(const void *from, float *values, int64_t n);
void sxt_bf16_pack(const float *values, void *to, int64_t n);

void sxt_q8_0_unpack(const void *from, float *values, int64_t n);
void sxt_q8_0_pack(const float *values, void *to, int64_t n);
void sxt_q4_0_unpack(const void *from, float *values, int64_t n);
void sxt_q4_0_pack(const float *values, void *to, int64_t n);

void sxt_q4_1_unpack(const void *from, float *values, int64_t n);
void sxt_q4_1_pack(const float *values, void *to, int64_t n);
void sxt_q5_0_unpack(const void *from, float *values, int64_t n);
void sxt_q5_0_pack(const float *values, void *to, int64_t n);
void sxt_q5_1_unpack(const void *from, float *values, int64_t n);
void sxt_q5_1_pack(const float *values, void *to, int64_t n);

void sxt_q2_k_unpack(const void *from, float *values, int64_t n);
void sxt_q2_k_pack(const float *values, void *to, int64_t n);
void sxt_q3_k_unpack(const void *from, float *values, int64_t n);
void sxt_q3_k_pack(const float *values, void *to, int64_t n);
void sxt_q4_k_unpack(const void *from, float *values, int64_t n);
void sxt_q4_k_pack(const float *values, void *to, int64_t n);
void sxt_q5_k_unpack(const void *from, float *values, int64_t n);
void sxt_q5_k_pack(const float *values, void *to, int64_t n);
void sxt_q6_k_unpack(const void *from, float *values, int64_t n);
void sxt_q6_k_pack(const float *values, void *to, int64_t n);

void sxt_iq4_nl_unpack(const void *from, float *values, int64_t n);
void sxt_iq4_xs_unpack(const void *from, float *values, int64_t n);

#endif
