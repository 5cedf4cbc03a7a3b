/* The table of storage types. A new one is a row here and a file beside. */
#include "tensor/type.h"

#include "base/num.h"
#include "tensor/block_formats.h"

static const sxt_type_traits table[] = {
    {SXT_TYPE_F32, "F32", 1, 4, sxt_f32_unpack, sxt_f32_pack},
    {SXT_TYPE_F16, "F16", 1, 2, sxt_f16_unpack, sxt_f16_pack},
    {SXT_TYPE_BF16, "BF16", 1, 2, sxt_bf16_unpack, sxt_bf16_pack},
    {SXT_TYPE_Q8_0, "Q8_0", 32, 34, sxt_q8_0_unpack, sxt_q8_0_pack},
    {SXT_TYPE_Q4_0, "Q4_0", 32, 18, sxt_q4_0_unpack, sxt_q4_0_pack},
    {SXT_TYPE_Q4_K, "Q4_K", 256, 144, sxt_q4_k_unpack, NULL},
    {SXT_TYPE_Q5_K, "Q5_K", 256, 176, sxt_q5_k_unpack, NULL},
    {SXT_TYPE_Q6_K, "Q6_K", 256, 210, sxt_q6_k_unpack, NULL},
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
