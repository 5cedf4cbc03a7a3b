/* Products in 16-bit integers in plain C: what the numbers are (see matmul_int16.h). Levels that have no
 * instruction for them keep this one; their own products in f32 are faster. */
#ifndef SXT_KERNEL_MATMUL_INT16_PLAIN_H
#define SXT_KERNEL_MATMUL_INT16_PLAIN_H

#include "kernel/matmul_int16.h"

#include <math.h>
#include <string.h>

enum { MULTIPLIES_INT16 = false };

static float matmul16_f16(const uint8_t *at) { return sxt_f16_value(sxt_load_u16(at)); }
static float matmul16_bf16(const uint8_t *at) { return sxt_bf16_value(sxt_load_u16(at)); }
static float matmul16_f32(const uint8_t *at) {
    float value;
    memcpy(&value, at, sizeof value);
    return value;
}

/* n values with one scale; NaN or infinity make it NaN or infinity, and no integer matters then. */
static float matmul16_quantise(const float *x, int64_t n, int16_t *q) {
    float largest = 0;
    for (int64_t i = 0; i < n; i++) {
        float size = fabsf(x[i]);
        if (size > largest || isnan(size)) largest = size;
        if (isnan(largest)) break;
    }
    bool nothing = largest < MATMUL16_NOTHING;
    float inverse = nothing ? 0 : MATMUL16_LARGEST / largest;
    for (int64_t i = 0; i < n; i++) q[i] = (int16_t)(uint16_t)sxt_f32_bits(fmaf(x[i], inverse, MATMUL16_MAGIC));
    return nothing ? 0 : largest / MATMUL16_LARGEST;
}

/* Column i of a group of 32 stands at 2 i, or at 2 (i - 16) + 1. */
static int64_t matmul16_place(int64_t i) {
    int64_t in_group = i % MATMUL16_GROUP;
    return i - in_group + 2 * (in_group % MATMUL16_PAIRS) + in_group / MATMUL16_PAIRS;
}

static void matmul16_row(const float *x, int64_t n_k, int64_t q_stride, int16_t *q, int64_t scale_stride,
                         float *scales) {
    for (int64_t k = 0; k < n_k; k += MATMUL16_COLUMNS, q += q_stride, scales += scale_stride) {
        int64_t n = matmul16_whole_subs(n_k - k);
        for (int64_t sub = 0; sub < n; sub += MATMUL16_SUB) {
            float values[MATMUL16_SUB] = {0};
            int16_t whole[MATMUL16_SUB];
            int64_t here = sxt_min_i64(MATMUL16_SUB, n_k - k - sub);
            memcpy(values, x + k + sub, (size_t)here * sizeof(float));
            scales[sub / MATMUL16_SUB] = matmul16_quantise(values, MATMUL16_SUB, whole);
            for (int64_t i = 0; i < MATMUL16_SUB; i++) q[sub + matmul16_place(i)] = whole[i];
        }
    }
}

/* Columns of one stored row, n_k of them at most a block; the zeros that fill it up included. */
static float matmul16_stored(float (*value)(const uint8_t *), int64_t element, const uint8_t *row, int64_t n_k,
                             int16_t *q) {
    float values[MATMUL16_COLUMNS] = {0};
    for (int64_t i = 0; i < n_k; i++) values[i] = value(row + i * element);
    return matmul16_quantise(values, MATMUL16_COLUMNS, q);
}

static void matmul16_panel(float (*value)(const uint8_t *), int64_t element, const void *w, size_t row_bytes,
                           int64_t n_out, int64_t n_k, int16_t *panel, float *scales) {
    memset(panel, 0, (size_t)(matmul16_whole_subs(n_k) * MATMUL16_OUT) * sizeof *panel);
    for (int64_t o = 0; o < MATMUL16_OUT; o++) {
        scales[o] = 0;
        if (o >= n_out) continue;
        int16_t q[MATMUL16_COLUMNS];
        scales[o] = matmul16_stored(value, element, (const uint8_t *)w + (size_t)o * row_bytes, n_k, q);
        for (int64_t i = 0; i < matmul16_whole_subs(n_k); i++) {
            int64_t place = matmul16_place(i);
            panel[place / 2 * (2 * MATMUL16_OUT) + 2 * o + place % 2] = q[i];
        }
    }
}

/* One sub-block, wrapping: where it could overflow, its scale is not finite. */
static float matmul16_sub_sum(const int16_t *x, const int16_t *w, int64_t w_stride) {
    uint32_t sum = 0;
    for (int64_t i = 0; i < MATMUL16_SUB; i++) sum += (uint32_t)((int32_t)x[i] * w[i / 2 * w_stride + i % 2]);
    return (float)(int32_t)sum;
}

static void matmul16_gemm(const int16_t *x, const float *x_scales, const int16_t *panel, const float *scales,
                          const float *before, float *y, int64_t ldy, int64_t n_rows, int64_t n_out,
                          int64_t n_k) {
    for (int64_t r = 0; r < n_rows; r++) {
        for (int64_t o = 0; o < n_out; o++) {
            float sum = 0;
            for (int64_t sub = 0; sub < matmul16_whole_subs(n_k); sub += MATMUL16_SUB) {
                const int16_t *w = panel + sub * MATMUL16_OUT + 2 * o;
                float exact = matmul16_sub_sum(x + r * MATMUL16_COLUMNS + sub, w, 2 * MATMUL16_OUT);
                sum = fmaf(exact, x_scales[r * MATMUL16_SUBS + sub / MATMUL16_SUB], sum);
            }
            y[r * ldy + o] = fmaf(sum, scales[o], before ? before[r * MATMUL16_OUT + o] : 0);
        }
    }
}

static void matmul16_gemv(float (*value)(const uint8_t *), int64_t element, const void *w, size_t row_bytes,
                          const int16_t *x, const float *x_scales, float *y, int64_t n_out, int64_t n_k) {
    for (int64_t o = 0; o < n_out; o++) {
        const uint8_t *row = (const uint8_t *)w + (size_t)o * row_bytes;
        y[o] = 0;
        for (int64_t k = 0; k < n_k; k += MATMUL16_COLUMNS) {
            int16_t q[MATMUL16_COLUMNS], in_place[MATMUL16_COLUMNS];
            float sum = 0, scale = matmul16_stored(value, element, row + k * element,
                                                   sxt_min_i64(MATMUL16_COLUMNS, n_k - k), q);
            for (int64_t i = 0; i < MATMUL16_COLUMNS; i++) in_place[matmul16_place(i)] = q[i];
            for (int64_t sub = 0; sub < matmul16_whole_subs(n_k - k); sub += MATMUL16_SUB)
                sum = fmaf(matmul16_sub_sum(x + k + sub, in_place + sub, 2), x_scales[(k + sub) / MATMUL16_SUB],
                           sum);
            y[o] = fmaf(sum, scale, y[o]);
        }
    }
}

#define MATMUL16_STORED(type, element)                                                                         \
    static void matmul16_panel_##type(const void *w, size_t row_bytes, int64_t n_out, int64_t n_k,             \
                                      int16_t *panel, float *scales) {                                         \
        matmul16_panel(matmul16_##type, element, w, row_bytes, n_out, n_k, panel, scales);                     \
    }                                                                                                          \
    static void matmul16_gemv_##type(const void *w, size_t row_bytes, const int16_t *x, const float *x_scales, \
                                     float *y, int64_t n_out, int64_t n_k) {                                   \
        matmul16_gemv(matmul16_##type, element, w, row_bytes, x, x_scales, y, n_out, n_k);                     \
    }
MATMUL16_STORED(f16, 2)
MATMUL16_STORED(bf16, 2)
MATMUL16_STORED(f32, 4)
#undef MATMUL16_STORED

#endif
