/* The table of kernels, chosen once from the CPU: one template, compiled per level. Each output
 * element is always computed in one order, so results do not depend on how work is split.
 * Levels differ from each other in rounding only. */
#ifndef SXT_KERNEL_KERNEL_H
#define SXT_KERNEL_KERNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernel/packed.h"

/* Products in 16-bit integers: columns under one scale of weights, columns under one scale of x, and rows of
 * weights that are computed with at a time. */
enum {
    SXT_MATMUL16_COLUMNS = 256,
    SXT_MATMUL16_SUB = 64,
    SXT_MATMUL16_SUBS = SXT_MATMUL16_COLUMNS / SXT_MATMUL16_SUB,
    SXT_MATMUL16_OUT = 64
};

/* Memory that will be read next: kernels that take it fetch it while they work. */
typedef struct sxt_ahead {
    const void *at; /* only an address: it need not exist */
    int64_t n_bytes;
} sxt_ahead;

/* Attention's tile in 16-bit integers: keys of a tile, pairs of neighbouring keys, and keys of a strip. */
enum { SXT_TILE_KEYS = 128, SXT_TILE_PAIRS = SXT_TILE_KEYS / 2, SXT_TILE_STRIP = 16 };

/* How the numbers of a row are stored. */
typedef enum sxt_row_type {
    SXT_ROW_F32,
    SXT_ROW_F16,
    SXT_ROW_BF16,
    SXT_ROW_Q8_0, /* blocks of 32 elements; the last is filled up with zeros */
    SXT_ROW_Q4_0
} sxt_row_type;

/* A strip of keys or values as a cache holds them, on the way to pairs of int16. */
typedef struct sxt_strip {
    sxt_row_type type;
    const void *rows; /* n rows of head_dim elements, row_bytes apart */
    int64_t row_bytes, n, head_dim;
    float *f32, *spare; /* (SXT_TILE_STRIP, ld) each: the rows as f32 (keys rotated), and workspace */
    int64_t ld;         /* head_dim rounded up to 32 */
    sxt_ahead ahead;
} sxt_strip;

/* What the keys of a strip are turned by: row i by rows[i] of tables of cos (n_rot / 2) then sin (n_rot / 2),
 * and of the same as pairs of int16, cos low and sin high (n_rot / 2), 2^14 being 1, without the factor mscale.
 */
typedef struct sxt_turn {
    const float *angles;   /* (n, n_rot) */
    const uint32_t *pairs; /* (n, n_rot / 2) */
    int32_t rows[SXT_TILE_STRIP];
    int64_t n_rot;
    bool interleaved;
    float mscale;
} sxt_turn;

/* scores[r][j] = q_scales[r] * k_scales[j] * <q[r], column j of tile> + v_logs[j]; n_keys a multiple of 32. */
typedef struct sxt_int16_scores {
    const uint32_t *q; /* (n_rows, n_pairs), row stride ldq */
    int64_t ldq;
    const float *q_scales;           /* (n_rows) */
    const uint32_t *tile;            /* (n_pairs, SXT_TILE_KEYS) */
    const float *k_scales, *v_logs;  /* (n_keys) */
    float *scores;                   /* (n_rows, n_keys), row stride SXT_TILE_KEYS */
    int64_t n_rows, n_keys, n_pairs; /* n_pairs: of dimensions */
} sxt_int16_scores;

/* One step of an online softmax to base 2: weights 2^(score - the row's largest of this tile) as integers, and
 * the running maximum and sum of each row brought on. keep and add are the factors with which what was summed
 * before and this tile's sums enter. Scores of -inf weigh nothing; a NaN makes the row's sum NaN. */
typedef struct sxt_int16_soften {
    const float *scores;    /* (n_rows, SXT_TILE_KEYS) */
    const float *inverses;  /* (SXT_TILE_KEYS), of the values */
    uint32_t *p;            /* (n_rows, SXT_TILE_PAIRS), in the level's order of pairs */
    float *max, *sum;       /* (n_rows): -inf and 0 at first */
    float *keep, *add;      /* (n_rows) */
    int64_t n_rows, n_keys; /* n_keys: 32, 64, 96 or 128 */
} sxt_int16_soften;

/* out[r][d] = keep[r] * out[r][d] + add[r] * sum over pairs of p[r] times the values. */
typedef struct sxt_int16_sums {
    const uint32_t *p;                      /* (n_rows, SXT_TILE_PAIRS) */
    const uint32_t *tile;                   /* (SXT_TILE_PAIRS, head_dim), row stride ld_tile */
    int64_t ld_tile;                        /* head_dim rounded up to 16 */
    const float *keep, *add;                /* (n_rows) */
    float *out;                             /* (n_rows, head_dim), row stride ldo */
    int64_t ldo, n_rows, n_pairs, head_dim; /* n_pairs: half of the keys */
} sxt_int16_sums;

/* What an online softmax found of some keys, add_*, joins what it found of the keys before them. Maxima are in
 * units such that weights are exp(unit * score). A part whose sum is 0 saw nothing. */
typedef struct sxt_fold {
    float *max, *sum;               /* (n_rows) */
    const float *add_max, *add_sum; /* (n_rows) */
    float *out;                     /* (n_rows, head_dim), row stride ldo */
    const float *add_out;           /* (n_rows, head_dim), row stride ld_add */
    int64_t ldo, ld_add, n_rows, head_dim;
    float unit;
} sxt_fold;

/* What a model does to scores between the product and the softmax: each x becomes cap * tanh(x / cap), then
 * slopes[row] * (places[j] - from[row]) is added, then logs[j]. All in the units of the scores. */
typedef struct sxt_score_step {
    float *scores; /* (n_rows, n_keys), row stride ld */
    int64_t ld, n_rows, n_keys;
    float cap;                           /* 0: none */
    const float *slopes, *places, *from; /* (n_rows), (n_keys), (n_rows), or all NULL */
    const float *logs;                   /* (n_keys) or NULL */
} sxt_score_step;

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

    /* What a cache stores: nearest even; q8_0 and q4_0 whole blocks, NaN scales for blocks that are not finite.
     */
    void (*f32_to_bf16)(const float *from, uint16_t *to, int64_t n);
    void (*f32_to_q8_0)(const float *from, void *to, int64_t n);
    void (*f32_to_q4_0)(const float *from, void *to, int64_t n);

    /* Rows of a table of n_rows that stand for positions (SXT_TILE_STRIP) less `base`: row i for position i.
     * False when one has none; what rows then hold is not to be used. */
    bool (*table_rows)(const double *positions, double base, int64_t n_rows, int32_t *rows);
    /* Row i of y = row i of x turned by angles[i]: cos (n_rot / 2), sin (n_rot / 2). Whatever the layout of the
     * pairs in x, pair p leaves at (y[p], y[p + n_rot / 2]): scores do not change when queries and keys are
     * reordered alike. Dimensions from n_rot on are copied. */
    void (*rotate)(const float *x, int64_t ldx, const float *const *angles, float *y, int64_t ldy,
                   int64_t n_rows, int64_t n_rot, int64_t head_dim, bool interleaved, sxt_ahead ahead);
    /* to[d][j] = x[j][d] for j < n <= 16; columns from n to 15 become zero. */
    void (*transpose_keys)(const float *x, int64_t ldx, float *to, int64_t ld_to, int64_t n, int64_t head_dim);

    /* Attention over one tile of keys. See op/attention.c, which owns the meaning.
     * scores[r][j] = sum over d in rising order of q[r][d] * kt[d][j]; kt (head_dim, n_keys) is a tile of
     * keys already rotated and transposed, row stride ld_kt; n_keys is a multiple of 16. */
    void (*attend_scores)(const float *q, int64_t ldq, const float *kt, int64_t ld_kt, float *scores,
                          int64_t ld_scores, int64_t n_rows, int64_t n_keys, int64_t head_dim);
    /* out[r][d] += sum over j in rising order of p[r][j] * v[j][d]; head_dim is any even number. */
    void (*attend_values)(const float *p, int64_t ldp, const float *v, int64_t ldv, float *out, int64_t ldo,
                          int64_t n_rows, int64_t n_keys, int64_t head_dim);
    void (*attend_adjust)(const sxt_score_step *s);
    /* The same in 16-bit integers, exact in their sums (attend_int16.h says what is rounded to what).
     * attends_int16 is false where the level has no instructions for it: the functions are then plain C, and
     * attention at f32 is faster. A pair holds two int16; of queries and keys elements t and t + head_dim / 2,
     * of values two keys. Queries: pairs (n_rows, head_dim / 2); scales[r], times factor, undoes the scaling.
     * Keys and values come in strips of SXT_TILE_STRIP, in two steps: the first brings the rows to f32 and
     * finds what scales them, the second makes the pairs; the caller puts other work between, because the first
     * ends in slow divisions. Keys are rotated as rotate() does. int16_keys() fills columns [0, 16) of a tile;
     * scales undo what `inverses` scaled. int16_values() fills the pairs of keys [first, first + 16), `first` a
     * multiple of 16; logs are the logarithms to base 2 of their scales. Zeros from n on. Vectors that are not
     * finite give NaN scales or logs. */
    bool attends_int16;
    void (*int16_queries)(const float *x, int64_t ldx, float factor, uint32_t *pairs, int64_t ld_pairs,
                          float *scales, int64_t n_rows, int64_t head_dim);
    void (*int16_read_keys)(const sxt_strip *strip, const sxt_turn *turn, float *scales, float *inverses);
    void (*int16_keys)(const sxt_strip *strip, const sxt_turn *turn, const float *inverses, uint32_t *tile);
    void (*int16_read_values)(const sxt_strip *strip, float *logs, float *inverses);
    void (*int16_values)(const sxt_strip *strip, const float *inverses, uint32_t *tile, int64_t ld_tile,
                         int64_t first);
    void (*int16_scores)(const sxt_int16_scores *s);
    void (*int16_soften)(const sxt_int16_soften *s);
    void (*int16_sums)(const sxt_int16_sums *s);

    void (*attend_fold)(const sxt_fold *fold);
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
    /* y[i] = (x[i] - mean(x)) * rsqrt(variance(x) + eps) * weight[i] + bias[i]; bias may be NULL. */
    void (*layer_norm)(const float *x, const float *weight, const float *bias, float *y, int64_t n, float eps);
    /* y[i] = gelu(gate[i]) * up[i], or without `up` where that is NULL. GELU is x times the normal distribution
     * function, good to 2e-7 of |x|, or `by_tanh` its usual approximation. */
    void (*gelu)(const float *gate, const float *up, float *y, int64_t n, bool by_tanh);
    /* y[i] = silu(gate[i]) * up[i]. */
    void (*swiglu)(const float *gate, const float *up, float *y, int64_t n);
    /* y[i] += x[i]. */
    void (*add)(const float *x, float *y, int64_t n);

    /* Products of stored f16, bf16 or f32 weights in 16-bit integers: rms errors of 2e-4 to 5e-4 of an output
     * (matmul_int16.h says what is rounded to what). multiplies_int16 is false where the level has no fast
     * instruction for it: the functions are then plain C, and products in f32 are faster. Columns come in
     * blocks of SXT_MATMUL16_COLUMNS, the last one may be shorter; a NaN or infinity makes the products of its
     * row NaN. Numbers of x from 2^107 on may overflow where f32 would not. matmul16_row(): one row of x (n_k)
     * to integers. Block b goes to q + b * q_stride (SXT_MATMUL16_COLUMNS), its scales to scales + b *
     * scale_stride (SXT_MATMUL16_SUBS); both rounded up to whole sub-blocks. matmul16_panel_*(): one block of
     * columns, n_k of them, of n_out <= SXT_MATMUL16_OUT rows of weights, `w` being the first of them, to panel
     * (SXT_MATMUL16_COLUMNS * SXT_MATMUL16_OUT) and scales (SXT_MATMUL16_OUT), both 64-byte aligned.
     * matmul16_gemm(): y (n_rows, n_out), row stride ldy, = before (n_rows, n_out), row stride
     * SXT_MATMUL16_OUT, or 0 where that is NULL, + the products with x (n_rows, SXT_MATMUL16_COLUMNS), x_scales
     * (n_rows, SXT_MATMUL16_SUBS). Blocks are to come in rising order; y may be `before`. matmul16_gemv_*():
     * the same bits for one row of x, all its blocks one after the other, and n_out rows of weights straight
     * from where they are stored. */
    bool multiplies_int16;
    void (*matmul16_row)(const float *x, int64_t n_k, int64_t q_stride, int16_t *q, int64_t scale_stride,
                         float *scales);
    void (*matmul16_panel_f16)(const void *w, size_t row_bytes, int64_t n_out, int64_t n_k, int16_t *panel,
                               float *scales);
    void (*matmul16_panel_bf16)(const void *w, size_t row_bytes, int64_t n_out, int64_t n_k, int16_t *panel,
                                float *scales);
    void (*matmul16_panel_f32)(const void *w, size_t row_bytes, int64_t n_out, int64_t n_k, int16_t *panel,
                               float *scales);
    void (*matmul16_gemm)(const int16_t *x, const float *x_scales, const int16_t *panel, const float *scales,
                          const float *before, float *y, int64_t ldy, int64_t n_rows, int64_t n_out,
                          int64_t n_k);
    void (*matmul16_gemv_f16)(const void *w, size_t row_bytes, const int16_t *x, const float *x_scales,
                              float *y, int64_t n_out, int64_t n_k);
    void (*matmul16_gemv_bf16)(const void *w, size_t row_bytes, const int16_t *x, const float *x_scales,
                               float *y, int64_t n_out, int64_t n_k);
    void (*matmul16_gemv_f32)(const void *w, size_t row_bytes, const int16_t *x, const float *x_scales,
                              float *y, int64_t n_out, int64_t n_k);

    /* Products with packed weights (packed.h). packed_quantize() makes rows of small integers from x (n_rows,
     * n_in): `rows` are n_rows of sxt_packed_row_bytes(), 4-byte aligned. A row that has NaN or infinity gives
     * NaN in every product, whatever the weights. packed_gemm() computes y[r][o] = row r .
     * row o of the weights, with the same bits for any number of rows; groups: those that hold n_out outputs;
     * n_rows at most SXT_PACKED_MAX_ROWS; scratch: SXT_PACKED_SCRATCH bytes, 64-byte aligned. */
    void (*packed_quantize)(sxt_packed_kind kind, const float *x, int64_t n_rows, int64_t n_in, void *rows);
    void (*packed_gemm)(sxt_packed_kind kind, const void *groups, const void *rows, float *y, int64_t ldy,
                        int64_t n_rows, int64_t n_out, int64_t n_in, void *scratch);

    /* How fast the level can go: n rounds of its best instruction of a kind on chains in registers. Returns the
     * operations done, of which a multiply-add has two; 0, at once, where there is no such instruction. */
    int64_t (*peak_f32)(int64_t n_rounds);
    int64_t (*peak_bf16)(int64_t n_rounds);
    int64_t (*peak_int16)(int64_t n_rounds);
    int64_t (*peak_int8)(int64_t n_rounds);
    int64_t (*peak_exp)(int64_t n_rounds); /* exponentials, good to 4e-6 */
    /* Reads n_bytes (a multiple of 4096) from front to back; returns the sum of its floats. */
    float (*peak_read)(const void *bytes, size_t n_bytes);
} sxt_kernels;

/* The level for this CPU, or the one that SEXTANT_KERNEL names if the CPU has it. Chosen on first use. */
const sxt_kernels *sxt_kernels_get(void);

/* A level by name, NULL when the build or the CPU does not have it (tests compare levels). */
const sxt_kernels *sxt_kernels_find(const char *name);

/* The levels that the build and this CPU have, the best one at 0, scalar last, then NULL. */
const sxt_kernels *sxt_kernels_at(int index);

#endif
