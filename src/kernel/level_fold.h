/* Two parts of an online softmax become one. */
#ifndef SXT_KERNEL_LEVEL_FOLD_H
#define SXT_KERNEL_LEVEL_FOLD_H

#include "kernel/level_rows.h" /* vec_exp */

/* y = y * keep + x * add */
SXT_INLINE void fold_row(float *y, float keep, const float *x, float add, int64_t n) {
    vec k = vec_set(keep), a = vec_set(add);
    int64_t d = 0;
    for (; d + VEC_LANES <= n; d += VEC_LANES)
        vec_store(y + d, vec_fma(vec_load(x + d), a, vec_mul(vec_load(y + d), k)));
    if (d < n) {
        vec last = vec_fma(vec_load_part(x + d, n - d), a, vec_mul(vec_load_part(y + d, n - d), k));
        vec_store_part(y + d, last, n - d);
    }
}

/* Up to VEC_LANES rows. */
SXT_INLINE void fold_rows(const sxt_fold *f, int64_t row, int64_t n) {
    float keep[VEC_LANES], add[VEC_LANES], top[VEC_LANES];
    vec old = vec_load_part(f->max + row, n), found = vec_load_part(f->add_max + row, n);
    vec next = vec_max(old, found), unit = vec_set(f->unit);
    vec_store(top, next);
    vec_store(keep, vec_exp(vec_mul(vec_sub(old, next), unit)));
    vec_store(add, vec_exp(vec_mul(vec_sub(found, next), unit)));
    for (int64_t i = 0; i < n; i++) {
        float *sum = f->sum + row + i, *out = f->out + (row + i) * f->ldo;
        const float *x = f->add_out + (row + i) * f->ld_add;
        float more = f->add_sum[row + i];
        if (more == 0) continue; /* that part saw nothing */
        if (*sum == 0) {
            memcpy(out, x, (size_t)f->head_dim * sizeof(float));
            *sum = more;
            f->max[row + i] = f->add_max[row + i];
        } else {
            fold_row(out, keep[i], x, add[i], f->head_dim);
            *sum = *sum * keep[i] + more * add[i];
            f->max[row + i] = top[i];
        }
    }
}

static void attend_fold(const sxt_fold *f) {
    int64_t row = 0;
    for (; row + VEC_LANES <= f->n_rows; row += VEC_LANES) fold_rows(f, row, VEC_LANES);
    if (row < f->n_rows) fold_rows(f, row, f->n_rows - row);
}

#endif
