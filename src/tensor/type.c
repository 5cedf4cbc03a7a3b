/* The table of storage types. A new one is a row here and a file beside. */
#include "tensor/type.h"

#include "base/num.h"
#include "tensor/block_formats.h"

#include <math.h>

/* Scales and minima are f16. Where a search chooses them, the bound is half of what the format could hold at
 * most. */
#define F16_MAX 65504.0
#define BF16_MAX 3.3895313892515355e38

static const sxt_type_traits table[] = {
    {SXT_TYPE_F32, "F32", 1, 4, INFINITY, sxt_f32_unpack, sxt_f32_pack},
    {SXT_TYPE_F16, "F16", 1, 2, F16_MAX, sxt_f16_unpack, sxt_f16_pack},
    {SXT_TYPE_BF16, "BF16", 1, 2, BF16_MAX, sxt_bf16_unpack, sxt_bf16_pack},
    {SXT_TYPE_Q8_0, "Q8_0", 32, 34, F16_MAX * 127, sxt_q8_0_unpack, sxt_q8_0_pack},
    {SXT_TYPE_Q4_0, "Q4_0", 32, 18, F16_MAX * 8, sxt_q4_0_unpack, sxt_q4_0_pack},
    {SXT_TYPE_Q4_1, "Q4_1", 32, 20, F16_MAX, sxt_q4_1_unpack, sxt_q4_1_pack},
    {SXT_TYPE_Q5_0, "Q5_0", 32, 22, F16_MAX * 8, sxt_q5_0_unpack, sxt_q5_0_pack},
    {SXT_TYPE_Q5_1, "Q5_1", 32, 24, F16_MAX, sxt_q5_1_unpack, sxt_q5_1_pack},
    {SXT_TYPE_Q2_K, "Q2_K", 256, 84, F16_MAX * 7, sxt_q2_k_unpack, sxt_q2_k_pack},
    {SXT_TYPE_Q3_K, "Q3_K", 256, 110, F16_MAX * 48, sxt_q3_k_unpack, sxt_q3_k_pack},
    {SXT_TYPE_Q4_K, "Q4_K", 256, 144, F16_MAX * 31, sxt_q4_k_unpack, sxt_q4_k_pack},
    {SXT_TYPE_Q5_K, "Q5_K", 256, 176, F16_MAX * 31, sxt_q5_k_unpack, sxt_q5_k_pack},
    {SXT_TYPE_Q6_K, "Q6_K", 256, 210, F16_MAX * 2000, sxt_q6_k_unpack, sxt_q6_k_pack},
    {SXT_TYPE_IQ4_NL, "IQ4_NL", 32, 18, 0, sxt_iq4_nl_unpack, NULL},
    {SXT_TYPE_IQ4_XS, "IQ4_XS", 256, 136, 0, sxt_iq4_xs_unpack, NULL},
};

const sxt_type_traits *sxt_type_find(uint32_t type) {
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        if ((uint32_t)table[i].type == type) return &table[i];
    return NULL;
}

bool sxt_type_bytes(const sxt_type_traits *traits, uint64_t n_rows, uint64_t n_columns, uint64_t *bytes) {
    uint64_t block = (uint64_t)traits->block, row_bytes, total;
    if (n_columns % block != 0) return false;
    if (!sxt_mul_ok(n_columns / block, traits->block_bytes, &row_bytes)) return false;
    if (!sxt_mul_ok(row_bytes, n_rows, &total)) return false;
    *bytes = total;
    return true;
}

const char *sxt_type_name(sxt_type type) {
    const sxt_type_traits *traits = sxt_type_find((uint32_t)type);
    return traits ? traits->name : NULL;
}
