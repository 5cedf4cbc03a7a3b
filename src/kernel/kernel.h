/* The table of kernels, chosen once from the CPU: one template, compiled per level. Each output
 * element is always computed in one order, so results do not depend on how work is split.
 * Levels differ from each other in rounding only. */
#ifndef SXT_KERNEL_KERNEL_H
#define SXT_KERNEL_KERNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct sxt_kernels {
    const char *name;

    /* c[r][o] = sum over k, in the level's fixed order, of a[r][k] * b[o][k].
     * a (n_rows, n_k) with row stride lda, b (n_out, n_k) with row stride ldb, c with row stride ldc. */
    void (*gemm_f32)(const float *a, int64_t lda, const float *b, int64_t ldb, float *c, int64_t ldc,
                     int64_t n_rows, int64_t n_out, int64_t n_k);

    /* The same sums with the same bits for one row and weights as stored: y[o] = x . row o.
     * w: n_out rows of row_bytes. */
    void (*gemv_f16)(const void *w, size_t row_bytes, const float *x, float *y, int64_t n_out, int64_t n_k);
    void (*gemv_bf16)(const void *w, size_t row_bytes, const float *x, float *y, int64_t n_out, int64_t n_k);
    void (*gemv_q8_0)(const void *w, size_t row_bytes, const float *x, float *y, int64_t n_out, int64_t n_k);
    void (*gemv_q4_0)(const void *w, size_t row_bytes, const float *x, float *y, int64_t n_out, int64_t n_k);

    /* Exact conversions, and f32 to f16 with round to nearest even. */
    void (*f16_to_f32)(const uint16_t *from, float *to, int64_t n);
    void (*f32_to_f16)(const float *from, uint16_t *to, int64_t n);
    void (*bf16_to_f32)(const uint16_t *from, float *to, int64_t n);
    void (*q8_0_to_f32)(const void *from, float *to, int64_t n);
    void (*q4_0_to_f32)(const void *from, float *to, int64_t n);

    /* Attention over one tile of keys. See op/attention.c, which owns the meaning.
     * scores[r][j] = sum over d in rising order of q[r][d] * kt[d][j]; kt (head_dim, n_keys) is a tile of
     * keys already rotated and transposed, row stride ld_kt; n_keys is a multiple of 16. */
    void (*attend_scores)(const float *q, int64_t ldq, const float *kt, int64_t ld_kt, float *scores,
                          int64_t ld_scores, int64_t n_rows, int64_t n_keys, int64_t head_dim);
    /* out[r][d] += sum over j in rising order of p[r][j] * v[j][d]; head_dim is any even number. */
    void (*attend_values)(const float *p, int64_t ldp, const float *v, int64_t ldv, float *out, int64_t ldo,
                          int64_t n_rows, int64_t n_keys, int64_t head_dim);
    /* x[j] = exp(x[j] - max) for j in [0, n), n a multiple of 16; returns their sum in a fixed order.
     * -inf gives exactly 0, also when max is -inf; so does a difference below -87.33. NaN stays NaN. Relative
     * error below 2e-7 of exp of the difference as rounded to f32. */
    float (*exp_sum)(float *x, float max, int64_t n);
    /* Largest of n values (n a multiple of 16). */
    float (*max)(const float *x, int64_t n);
    /* x[i] *= s. */
    void (*scale)(float *x, float s, int64_t n);
    /* y[i] = x[i] * rsqrt(mean(x^2) + eps) * weight[i]: RMSNorm, sums in the level's fixed order. */
    void (*rms_norm)(const float *x, const float *weight, float *y, int64_t n, float eps);
    /* y[i] = silu(gate[i]) * up[i]. */
    void (*swiglu)(const float *gate, const float *up, float *y, int64_t n);
    /* y[i] += x[i]. */
    void (*add)(const float *x, float *y, int64_t n);
} sxt_kernels;

/* The level for this CPU, or the one that SEXTANT_KERNEL names if the CPU has it. Chosen on first use. */
const sxt_kernels *sxt_kernels_get(void);

/* A level by name, NULL when the build or the CPU does not have it (tests compare levels). */
const sxt_kernels *sxt_kernels_find(const char *name);

#endif
