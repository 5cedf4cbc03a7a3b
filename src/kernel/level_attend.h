/* Attention's two products over one tile of keys. Every element is one chain of multiply-adds in rising
 * order, so a row has the same bits alone and among others. */
#ifndef SXT_KERNEL_LEVEL_ATTEND_H
#define SXT_KERNEL_LEVEL_ATTEND_H

#include "base/num.h"
#include "kernel/kernel.h"

enum {
    STRIP_ROWS = 6, /* 6 rows x 2 vectors: 12 chains in registers */
    STRIP_VECS = 2,
    WIDE_VECS = 8 /* a single row needs more columns to hide the latency */
};

typedef struct product_operands {
    const float *a; /* (n_rows, n_k), row stride lda */
    int64_t lda;
    const float *b; /* (n_k, columns), row stride ldb */
    int64_t ldb;
    float *c; /* (n_rows, columns), row stride ldc */
    int64_t ldc;
    int64_t n_k;
    bool add; /* the chains start at c, not at zero */
} product_operands;

/* c for n_rows x n_vecs vectors. part: columns of a last vector that is not full, else 0. */
SXT_INLINE void strip_tile(int n_rows, int n_vecs, int64_t part, const product_operands *p, int64_t row,
                           int64_t column) {
    const float *a = p->a + row * p->lda, *b = p->b + column;
    float *c = p->c + row * p->ldc + column;
    vec acc[STRIP_ROWS][WIDE_VECS], w[WIDE_VECS];
    SXT_UNROLL for (int r = 0; r < n_rows; r++) SXT_UNROLL for (int v = 0; v < n_vecs; v++) {
        const float *at = c + r * p->ldc + v * VEC_LANES;
        acc[r][v] = !p->add ? vec_set(0) : part ? vec_load_part(at, part) : vec_load(at);
    }
    for (int64_t k = 0; k < p->n_k; k++) {
        SXT_UNROLL for (int v = 0; v < n_vecs; v++) {
            const float *at = b + k * p->ldb + v * VEC_LANES;
            w[v] = part ? vec_load_part(at, part) : vec_load(at);
        }
        SXT_UNROLL for (int r = 0; r < n_rows; r++) {
            vec x = vec_set(a[r * p->lda + k]);
            SXT_UNROLL for (int v = 0; v < n_vecs; v++) acc[r][v] = vec_fma(x, w[v], acc[r][v]);
        }
    }
    SXT_UNROLL for (int r = 0; r < n_rows; r++) SXT_UNROLL for (int v = 0; v < n_vecs; v++) {
        float *at = c + r * p->ldc + v * VEC_LANES;
        if (part)
            vec_store_part(at, acc[r][v], part);
        else
            vec_store(at, acc[r][v]);
    }
}

#define STRIP(name, n_vecs, part)                                                                              \
    static void name(const product_operands *p, int64_t n_rows, int64_t column) {                              \
        int64_t r = 0;                                                                                         \
        for (; r + STRIP_ROWS <= n_rows; r += STRIP_ROWS) strip_tile(STRIP_ROWS, n_vecs, part, p, r, column);  \
        switch (n_rows - r) {                                                                                  \
        case 5: strip_tile(5, n_vecs, part, p, r, column); break;                                              \
        case 4: strip_tile(4, n_vecs, part, p, r, column); break;                                              \
        case 3: strip_tile(3, n_vecs, part, p, r, column); break;                                              \
        case 2: strip_tile(2, n_vecs, part, p, r, column); break;                                              \
        case 1: strip_tile(1, n_vecs, part, p, r, column); break;                                              \
        default: break;                                                                                        \
        }                                                                                                      \
    }
STRIP(strip, STRIP_VECS, 0)
STRIP(narrow_strip, 1, 0)
#undef STRIP

static void partial_strip(const product_operands *p, int64_t n_rows, int64_t column, int64_t part) {
    for (int64_t r = 0; r < n_rows; r++) strip_tile(1, 1, part, p, r, column);
}

static void strips(const product_operands *p, int64_t n_rows, int64_t n_columns) {
    int64_t column = 0;
    if (n_rows == 1) {
        for (; column + WIDE_VECS * VEC_LANES <= n_columns; column += WIDE_VECS * VEC_LANES)
            strip_tile(1, WIDE_VECS, 0, p, 0, column);
    }
    for (; column + STRIP_VECS * VEC_LANES <= n_columns; column += STRIP_VECS * VEC_LANES)
        strip(p, n_rows, column);
    for (; column + VEC_LANES <= n_columns; column += VEC_LANES) narrow_strip(p, n_rows, column);
    if (column < n_columns) partial_strip(p, n_rows, column, n_columns - column);
}

static void attend_scores(const float *q, int64_t ldq, const float *kt, int64_t ld_kt, float *scores,
                          int64_t ld_scores, int64_t n_rows, int64_t n_keys, int64_t head_dim) {
    product_operands p = {q, ldq, kt, ld_kt, scores, ld_scores, head_dim, false};
    strips(&p, n_rows, n_keys);
}

static void attend_values(const float *p_row, int64_t ldp, const float *v, int64_t ldv, float *out, int64_t ldo,
                          int64_t n_rows, int64_t n_keys, int64_t head_dim) {
    product_operands p = {p_row, ldp, v, ldv, out, ldo, n_keys, true};
    strips(&p, n_rows, head_dim);
}

/* cap * tanh(x / cap): 1 - 2 / (exp(2x) + 1) loses digits near 0, never more than 2e-7 of the cap. */
SXT_INLINE vec capped(vec x, vec cap, vec two_over_cap) {
    vec e = vec_exp(vec_mul(x, two_over_cap)), one = vec_set(1);
    return vec_mul(cap, vec_sub(one, vec_div(vec_set(2), vec_add(e, one))));
}

SXT_INLINE vec adjusted(const sxt_score_step *s, vec x, vec places, vec logs, int64_t r) {
    if (s->cap > 0) x = capped(x, vec_set(s->cap), vec_set(2 / s->cap));
    if (s->slopes) x = vec_fma(vec_set(s->slopes[r]), vec_sub(places, vec_set(s->from[r])), x);
    return s->logs ? vec_add(x, logs) : x;
}

static void attend_adjust(const sxt_score_step *s) {
    for (int64_t r = 0; r < s->n_rows; r++) {
        float *x = s->scores + r * s->ld;
        vec places = vec_set(0), logs = vec_set(0);
        int64_t j = 0;
        for (; j + VEC_LANES <= s->n_keys; j += VEC_LANES) {
            if (s->slopes) places = vec_load(s->places + j);
            if (s->logs) logs = vec_load(s->logs + j);
            vec_store(x + j, adjusted(s, vec_load(x + j), places, logs, r));
        }
        const int64_t rest = s->n_keys - j;
        if (rest == 0) continue;
        if (s->slopes) places = vec_load_part(s->places + j, rest);
        if (s->logs) logs = vec_load_part(s->logs + j, rest);
        vec_store_part(x + j, adjusted(s, vec_load_part(x + j, rest), places, logs, r), rest);
    }
}

#endif
