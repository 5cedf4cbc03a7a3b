/* Matrix products. Every element is VEC_LANES chains of multiply-adds over k in rising order (lane = k mod
 * VEC_LANES, the last partial vector padded with zeros), then one fixed tree. Nothing else decides its bits:
 * not the block sizes, not the storage type, not the rows beside it. */
#ifndef SXT_KERNEL_LEVEL_MATMUL_H
#define SXT_KERNEL_LEVEL_MATMUL_H

#include "base/num.h"

enum {
    TILE_ROWS = 3,    /* rows of a and ... */
    TILE_OUT = 4,     /* ... rows of b whose products are in registers: 12 chains hide the latency */
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

/* The chains of CHUNK_ROWS x PANEL_OUT elements between two blocks of k: 96 KiB on the stack. */
typedef struct panel_sums {
    vec tile[CHUNK_ROWS / TILE_ROWS][PANEL_OUT / TILE_OUT][TILE_ROWS * TILE_OUT];
} panel_sums;

/* Continues the chains of 3 x 4 elements over n_k columns; b: TILE_OUT rows. Not inlined: the loop needs all
 * registers, and inside its caller's loops some of them would hold other things. */
SXT_APART void product_tile(const float *a, int64_t lda, const float *const *b, int64_t n_k, bool first,
                            vec *chains) {
    vec acc[TILE_ROWS * TILE_OUT];
    SXT_UNROLL for (int i = 0; i < TILE_ROWS * TILE_OUT; i++) acc[i] = first ? vec_set(0) : chains[i];
    const float *a0 = a, *a1 = a + lda, *a2 = a + 2 * lda;
    const float *b0 = b[0], *b1 = b[1], *b2 = b[2], *b3 = b[3];
#define PRODUCT_STEP(load_vec)                                                                                 \
    do {                                                                                                       \
        vec x0 = load_vec(a0 + k), x1 = load_vec(a1 + k), x2 = load_vec(a2 + k);                               \
        const float *const column[TILE_OUT] = {b0 + k, b1 + k, b2 + k, b3 + k};                                \
        SXT_UNROLL for (int o = 0; o < TILE_OUT; o++) {                                                        \
            vec w = load_vec(column[o]);                                                                       \
            acc[o] = vec_fma(x0, w, acc[o]);                                                                   \
            acc[TILE_OUT + o] = vec_fma(x1, w, acc[TILE_OUT + o]);                                             \
            acc[2 * TILE_OUT + o] = vec_fma(x2, w, acc[2 * TILE_OUT + o]);                                     \
        }                                                                                                      \
    } while (0)
#define LOAD_LAST(at) vec_load_part(at, n_k - k)
    int64_t k = 0;
    for (; k + VEC_LANES <= n_k; k += VEC_LANES) PRODUCT_STEP(vec_load);
    if (k < n_k) PRODUCT_STEP(LOAD_LAST);
#undef LOAD_LAST
#undef PRODUCT_STEP
    SXT_UNROLL for (int i = 0; i < TILE_ROWS * TILE_OUT; i++) chains[i] = acc[i];
}

/* One block of k: n_rows rows (whole tiles) by n_out rows of b, a strip of which stays in L1. */
static void product_block(const float *a, int64_t lda, const float *b, int64_t ldb, int64_t n_rows,
                          int64_t n_out, int64_t n_k, bool first, panel_sums *sums) {
    for (int64_t strip = 0; strip < n_out; strip += STRIP_OUT) {
        const float *rows[STRIP_OUT]; /* past the end: the last one again, its sums are dropped */
        for (int64_t o = 0; o < STRIP_OUT; o++) rows[o] = b + sxt_min_i64(strip + o, n_out - 1) * ldb;
        for (int64_t r = 0; r < n_rows; r += TILE_ROWS) {
            for (int64_t o = 0; o < STRIP_OUT && strip + o < n_out; o += TILE_OUT) {
                vec *chains = sums->tile[r / TILE_ROWS][(strip + o) / TILE_OUT];
                product_tile(a + r * lda, lda, rows + o, n_k, first, chains);
            }
        }
    }
}

static void store_panel(const panel_sums *sums, float *c, int64_t ldc, int64_t n_rows, int64_t n_out) {
    for (int64_t r = 0; r < n_rows; r++) {
        for (int64_t o0 = 0; o0 < n_out; o0 += TILE_OUT) {
            const vec *chains = sums->tile[r / TILE_ROWS][o0 / TILE_OUT] + r % TILE_ROWS * TILE_OUT;
            float *at = c + r * ldc + o0, four[TILE_OUT];
            if (o0 + TILE_OUT <= n_out) {
                vec_sum4(chains, at);
            } else {
                vec_sum4(chains, four);
                for (int64_t o = 0; o0 + o < n_out; o++) at[o] = four[o];
            }
        }
    }
}

/* Rows that fill no tile go one by one. */
static void gemm_f32(const float *a, int64_t lda, const float *b, int64_t ldb, float *c, int64_t ldc,
                     int64_t n_rows, int64_t n_out, int64_t n_k) {
    panel_sums sums;
    int64_t n_tiled = n_rows - n_rows % TILE_ROWS;
    for (int64_t r0 = 0; r0 < n_tiled; r0 += CHUNK_ROWS) {
        int64_t rows = sxt_min_i64(n_tiled - r0, CHUNK_ROWS);
        for (int64_t o0 = 0; o0 < n_out; o0 += PANEL_OUT) {
            int64_t out = sxt_min_i64(n_out - o0, PANEL_OUT), k = 0;
            do {
                int64_t columns = sxt_min_i64(n_k - k, BLOCK_K);
                const float *block = b + o0 * ldb + k;
                product_block(a + r0 * lda + k, lda, block, ldb, rows, out, columns, k == 0, &sums);
                k += BLOCK_K;
            } while (k < n_k);
            store_panel(&sums, c + r0 * ldc + o0, ldc, rows, out);
        }
    }
    for (int64_t r = n_tiled; r < n_rows; r++)
        gemv_f32(b, (size_t)ldb * sizeof(float), a + r * lda, c + r * ldc, n_out, n_k);
}

#endif
