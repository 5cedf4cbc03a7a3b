/* The template of a level: include a vector, its small integers and its peaks first, then this, in a file
 * compiled for it. */
#ifndef SXT_KERNEL_LEVEL_H
#define SXT_KERNEL_LEVEL_H

#include "kernel/level_rows.h"
/* in the order of what they use */
#include "kernel/level_attend.h"
#include "kernel/level_convert.h"
#include "kernel/level_fold.h"
#include "kernel/level_matmul.h"
#include "kernel/level_packed.h"
#include "kernel/level_peak.h"
#include "kernel/level_store.h"
#include "kernel/level_strip.h"
#include "kernel/level_tile.h"

#define SXT_LEVEL_PEAKS                                                                                        \
    .peak_f32 = peak_f32, .peak_bf16 = peak_bf16, .peak_int16 = peak_int16, .peak_int8 = peak_int8,            \
    .peak_exp = peak_exp, .peak_read = peak_read

#define SXT_LEVEL_PACKED .packed_quantize = packed_quantize, .packed_gemm = packed_gemm

#define SXT_LEVEL_ATTENTION                                                                                    \
    .f32_to_bf16 = f32_to_bf16, .f32_to_q8_0 = f32_to_q8_0, .f32_to_q4_0 = f32_to_q4_0,                        \
    .table_rows = table_rows, .rotate = rotate, .transpose_keys = transpose_keys,                              \
    .attends_int16 = ATTENDS_INT16, .int16_queries = int16_queries, .int16_read_keys = int16_read_keys,        \
    .int16_keys = int16_keys, .int16_read_values = int16_read_values, .int16_values = int16_values,            \
    .int16_scores = int16_scores, .int16_soften = int16_soften, .int16_sums = int16_sums,                      \
    .attend_fold = attend_fold, .attend_adjust = attend_adjust

#define SXT_LEVEL_MATMUL16                                                                                     \
    .multiplies_int16 = MULTIPLIES_INT16, .matmul16_row = matmul16_row,                                        \
    .matmul16_panel_f16 = matmul16_panel_f16, .matmul16_panel_bf16 = matmul16_panel_bf16,                      \
    .matmul16_panel_f32 = matmul16_panel_f32, .matmul16_gemm = matmul16_gemm,                                  \
    .matmul16_gemv_f16 = matmul16_gemv_f16, .matmul16_gemv_bf16 = matmul16_gemv_bf16,                          \
    .matmul16_gemv_f32 = matmul16_gemv_f32

#define SXT_LEVEL_TABLE(level_name)                                                                            \
    {                                                                                                          \
        .name = (level_name), .gemm_f32 = gemm_f32, .gemv_f16 = gemv_f16, .gemv_bf16 = gemv_bf16,              \
        .gemv_q8_0 = gemv_q8_0, .gemv_q4_0 = gemv_q4_0, .f16_to_f32 = f16_to_f32, .f32_to_f16 = f32_to_f16,    \
        .bf16_to_f32 = bf16_to_f32, .q8_0_to_f32 = q8_0_to_f32, .q4_0_to_f32 = q4_0_to_f32,                    \
        .attend_scores = attend_scores, .attend_values = attend_values, .exp_sum = exp_sum, .max = max_value,  \
        .scale = scale, .rms_norm = rms_norm, .layer_norm = layer_norm, .gelu = gelu, .swiglu = swiglu,        \
        .add = add, SXT_LEVEL_PEAKS, SXT_LEVEL_PACKED, SXT_LEVEL_ATTENTION, SXT_LEVEL_MATMUL16                 \
    }

#endif
