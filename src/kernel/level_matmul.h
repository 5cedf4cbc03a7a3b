/* Matrix products. Every element is VEC_LANES chains of multiply-adds over k in rising order (lane = k mod
 * VEC_LANES, the last partial vector padded with zeros), then one fixed tree. Nothing else decides its bits:
 * not the block sizes, not the storage type, not the rows beside it. */
#ifndef SXT_KERNEL_LEVEL_MATMUL_H
#define SXT_KERNEL_LEVEL_MATMUL_H

#include "base/num.h"

enum {
    TILE_ROWS = VEC_TILE_ROWS, /* rows of a and ... */
    TILE_OUT = 4,     /* ... rows of b whose products are in registers: 12 chains or more hide the latency */
    STRIP_OUT = 8,    /* rows of b that stay in L1, BLOCK_K columns of each, while ... */
    CHUNK_ROWS = 48,  /* ... so many rows of a pass; these stay in L2 for ... */
    PANEL_OUT = 64,   /* ... so many rows of b */
    BLOCK_K = 512,    /* a multiple of VEC_LANES */
    QUANT_BLOCK = 32, /* elements of a Q8_0 or Q4_0 block */
    QUANT_VECS = QUANT_BLOCK / VEC_LANES,
    Q8_0_BYTES = 34,
    Q4_0_BYTES = 18
};

/* ---- One row: dot products with stored weights ------------------------------------------------------- */

/* How a storage type becomes vectors: `step` elements at a time, and the last n < step. */
typedef struct weight_access {
    int64_t step, step_bytes;
    void (*load)(const void *at, vec *w);
    void (*load_part)(const void *at, int64_t n, vec *w);
} weight_access;

/* Sums for the TILE_OUT rows of weights in `row`. ahead: bytes to the rows that come after them, fetched early:
 * without it the speed from memory halves. */
SXT_INLINE void dot_tile(weight_access access, const uint8_t *const *row, size_t ahead, const float *x,
                         int64_t n_k, float *sums) {
    vec acc[TILE_OUT];
    SXT_UNROLL for (int o = 0; o < TILE_OUT; o++) acc[o] = vec_set(0);
    int64_t k = 0, at = 0;
    for (; k + access.step <= n_k; k += access.step, at += access.step_bytes) {
        SXT_UNROLL for (int o = 0; o < TILE_OUT; o++) {
            vec w[QUANT_VECS];
            __builtin_prefetch(row[o] + at + ahead);
            access.load(row[o] + at, w);
            SXT_UNROLL for (int i = 0; i < access.step / VEC_LANES; i++) {
                acc[o] = vec_fma(vec_load(x + k + VEC_LANES * i), w[i], acc[o]);
            }
        }
    }
    if (k < n_k && access.load_part) {
        vec last = vec_load_part(x + k, n_k - k);
        SXT_UNROLL for (int o = 0; o < TILE_OUT; o++) {
            vec w;
            access.load_part(row[o] + at, n_k - k, &w);
            acc[o] = vec_fma(last, w, acc[o]);
        }
    }
    vec_sum4(acc, sums);
}

/* Rows past the end repeat the last one; their sums are dropped. */
SXT_INLINE void gemv_stored(weight_access access, const uint8_t *w, size_t row_bytes, const float *x, float *y,
                            int64_t n_out, int64_t n_k) {
    for (int64_t o0 = 0; o0 < n_out; o0 += TILE_OUT) {
        const uint8_t *row[TILE_OUT];
        for (int64_t o = 0; o < TILE_OUT; o++) row[o] = w + (size_t)sxt_min_i64(o0 + o, n_out - 1) * row_bytes;
        float sums[TILE_OUT];
        dot_tile(access, row, TILE_OUT * row_bytes, x, n_k, sums);
        for (int64_t o = 0; o < TILE_OUT && o0 + o < n_out; o++) y[o0 + o] = sums[o];
    }
}

SXT_INLINE void load_f32(const void *at, vec *w) { w[0] = vec_load(at); }
SXT_INLINE void load_part_f32(const void *at, int64_t n, vec *w) { w[0] = vec_load_part(at, n); }
SXT_INLINE void load_f16(const void *at, vec *w) { w[0] = vec_load_f16(at); }
SXT_INLINE void load_part_f16(const void *at, int64_t n, vec *w) {
    uint16_t padded[VEC_LANES] = {0};
    memcpy(padded, at, (size_t)n * 2);
    w[0] = vec_load_f16(padded);
}
SXT_INLINE void load_bf16(const void *at, vec *w) { w[0] = vec_load_bf16(at); }
SXT_INLINE void load_part_bf16(const void *at, int64_t n, vec *w) {
    uint16_t padded[VEC_LANES] = {0};
    memcpy(padded, at, (size_t)n * 2);
    w[0] = vec_load_bf16(padded);
}

#define GEMV(name, step, step_bytes, load, load_part)                                                          \
    static void name(const void *w, size_t row_bytes, const float *x, float *y, int64_t n_out, int64_t n_k) {  \
        gemv_stored((weight_access){step, step_bytes, load, load_part}, w, row_bytes, x, y, n_out, n_k);       \
    }
GEMV(gemv_f32, VEC_LANES, VEC_LANES * 4, load_f32, load_part_f32)
GEMV(gemv_f16, VEC_LANES, VEC_LANES * 2, load_f16, load_part_f16)
GEMV(gemv_bf16, VEC_LANES, VEC_LANES * 2, load_bf16, load_part_bf16)
GEMV(gemv_q8_0, QUANT_BLOCK, Q8_0_BYTES, vec_load_q8_0, NULL)
GEMV(gemv_q4_0, QUANT_BLOCK, Q4_0_BYTES, vec_load_q4_0, NULL)
#undef GEMV

/* ---- Many rows ---------------------------------------------------------------------------------------- */

/* The chains of CHUNK_ROWS x PANEL_OUT elements between two blocks of k: 96 KiB on the stack, 192 at 512 bits.
 */
typedef struct panel_chains {
    vec tile[CHUNK_ROWS / TILE_ROWS][PANEL_OUT / TILE_OUT][TILE_ROWS][TILE_OUT];
} panel_chains;

/* Continues the chains of a tile over n_k columns, or ends them in sums where these are not NULL; b: TILE_OUT
 * rows. Not inlined: the loop needs all registers, and inside its caller's loops some would hold other things.
 */
SXT_APART void product_tile(const float *const *a, const float *const *b, int64_t n_k, bool first,
                            vec (*chains)[TILE_OUT], float (*sums)[TILE_OUT]) {
    vec acc[TILE_ROWS][TILE_OUT];
    SXT_UNROLL for (int r = 0; r < TILE_ROWS; r++) SXT_UNROLL for (int o = 0; o < TILE_OUT; o++) acc[r][o] =
        vec_set(0);
    if (!first)
        SXT_UNROLL for (int r = 0; r < TILE_ROWS; r++) SXT_UNROLL for (int o = 0; o < TILE_OUT; o++) acc[r][o] =
            chains[r][o];
    const float *row[TILE_ROWS];
    SXT_UNROLL for (int r = 0; r < TILE_ROWS; r++) row[r] = a[r];
    const float *b0 = b[0], *b1 = b[1], *b2 = b[2], *b3 = b[3];
#define PRODUCT_STEP(load_vec)                                                                                 \
    do {                                                                                                       \
        const float *const column[TILE_OUT] = {b0 + k, b1 + k, b2 + k, b3 + k};                                \
        vec x[TILE_ROWS];                                                                                      \
        SXT_UNROLL for (int r = 0; r < TILE_ROWS; r++) x[r] = load_vec(row[r] + k);                            \
        SXT_UNROLL for (int o = 0; o < TILE_OUT; o++) {                                                        \
            vec w = load_vec(column[o]);                                                                       \
            SXT_UNROLL for (int r = 0; r < TILE_ROWS; r++) acc[r][o] = vec_fma(x[r], w, acc[r][o]);            \
        }                                                                                                      \
    } while (0)
#define LOAD_LAST(at) vec_load_part(at, n_k - k)
    int64_t k = 0;
    for (; k + VEC_LANES <= n_k; k += VEC_LANES) PRODUCT_STEP(vec_load);
    if (k < n_k) PRODUCT_STEP(LOAD_LAST);
#undef LOAD_LAST
#undef PRODUCT_STEP
    SXT_UNROLL for (int r = 0; r < TILE_ROWS; r++) {
        if (sums) {
            vec_sum4(acc[r], sums[r]);
            continue;
        }
        SXT_UNROLL for (int o = 0; o < TILE_OUT; o++) chains[r][o] = acc[r][o];
    }
}

/* The product, and the part of it that a block of k is. */
typedef struct product_part {
    const float *a, *b;
    float *c;
    int64_t lda, ldb, ldc, n_rows, n_out, n_k;
    bool first, last;
} product_part;

static void store_tile(const product_part *p, int64_t row, int64_t out, float (*sums)[TILE_OUT]) {
    int64_t n = sxt_min_i64(TILE_OUT, p->n_out - out);
    for (int64_t r = 0; r < TILE_ROWS && row + r < p->n_rows; r++)
        memcpy(p->c + (row + r) * p->ldc + out, sums[r], (size_t)n * sizeof(float));
}

/* A strip of b stays in L1 while all rows pass. Past the end: the last row again, its sums are dropped. */
static void product_block(const product_part *p, panel_chains *chains) {
    for (int64_t strip = 0; strip < p->n_out; strip += STRIP_OUT) {
        const float *b[STRIP_OUT];
        for (int64_t o = 0; o < STRIP_OUT; o++) b[o] = p->b + sxt_min_i64(strip + o, p->n_out - 1) * p->ldb;
        for (int64_t row = 0; row < p->n_rows; row += TILE_ROWS) {
            const float *a[TILE_ROWS];
            for (int64_t r = 0; r < TILE_ROWS; r++) a[r] = p->a + sxt_min_i64(row + r, p->n_rows - 1) * p->lda;
            for (int64_t o = 0; o < STRIP_OUT && strip + o < p->n_out; o += TILE_OUT) {
                float sums[TILE_ROWS][TILE_OUT];
                product_tile(a, b + o, p->n_k, p->first, chains->tile[row / TILE_ROWS][(strip + o) / TILE_OUT],
                             p->last ? sums : NULL);
                if (p->last) store_tile(p, row, strip + o, sums);
            }
        }
    }
}

static void gemm_f32(const float *a, int64_t lda, const float *b, int64_t ldb, float *c, int64_t ldc,
                     int64_t n_rows, int64_t n_out, int64_t n_k) {
    panel_chains chains;
    if (n_rows == 1) {
        gemv_f32(b, (size_t)ldb * sizeof(float), a, c, n_out, n_k);
        return;
    }
    for (int64_t r0 = 0; r0 < n_rows; r0 += CHUNK_ROWS) {
        for (int64_t o0 = 0; o0 < n_out; o0 += PANEL_OUT) {
            product_part p = {.c = c + r0 * ldc + o0, .lda = lda, .ldb = ldb, .ldc = ldc};
            p.n_rows = sxt_min_i64(n_rows - r0, CHUNK_ROWS);
            p.n_out = sxt_min_i64(n_out - o0, PANEL_OUT);
            for (int64_t k = 0; k == 0 || k < n_k; k += BLOCK_K) {
                p.a = a + r0 * lda + k;
                p.b = b + o0 * ldb + k;
                p.n_k = sxt_min_i64(n_k - k, BLOCK_K);
                p.first = k == 0;
                p.last = k + BLOCK_K >= n_k;
                product_block(&p, &chains);
            }
        }
    }
}

#endif
