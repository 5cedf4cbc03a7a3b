/* The template of a level: include a vector first, then this, in a file compiled for the level. */
#ifndef SXT_KERNEL_LEVEL_H
#define SXT_KERNEL_LEVEL_H

#include "kernel/level_attend.h"
#include "kernel/level_convert.h"
#include "kernel/level_matmul.h"
#include "kernel/level_rows.h"

#define SXT_LEVEL_TABLE(level_name)                                                                            \
    {                                                                                                          \
        .name = (level_name), .gemm_f32 = gemm_f32, .gemv_f16 = gemv_f16, .gemv_bf16 = gemv_bf16,              \
        .gemv_q8_0 = gemv_q8_0, .gemv_q4_0 = gemv_q4_0, .f16_to_f32 = f16_to_f32, .f32_to_f16 = f32_to_f16,    \
        .bf16_to_f32 = bf16_to_f32, .q8_0_to_f32 = q8_0_to_f32, .q4_0_to_f32 = q4_0_to_f32,                    \
        .attend_scores = attend_scores, .attend_values = attend_values, .exp_sum = exp_sum, .max = max_value,  \
        .scale = scale, .rms_norm = rms_norm, .swiglu = swiglu, .add = add                                     \
    }

#endif
