/* A tile of keys made ready for attention's products: rotated and transposed, a strip of keys at a time. */
#ifndef SXT_KERNEL_LEVEL_TILE_H
#define SXT_KERNEL_LEVEL_TILE_H

enum { TILE_STRIP = 16 }; /* keys of a strip: one cache line of the result */

SXT_INLINE void turn(vec a, vec b, vec c, vec s, vec *ya, vec *yb) {
    *ya = vec_minus_product(b, s, vec_mul(a, c));
    *yb = vec_fma(a, s, vec_mul(b, c));
}

/* One vector of pairs, whole. x: the first of a pair, or of the pairs where they lie side by side. */
SXT_INLINE void turn_whole(const float *x, const float *row, float *y, int64_t half, bool interleaved) {
    vec a, b, ya, yb;
    if (interleaved) {
        vec_split(vec_load(x), vec_load(x + VEC_LANES), &a, &b);
    } else {
        a = vec_load(x);
        b = vec_load(x + half);
    }
    turn(a, b, vec_load(row), vec_load(row + half), &ya, &yb);
    vec_store(y, ya);
    vec_store(y + half, yb);
}

/* The last n pairs, fewer than a vector. */
SXT_INLINE void turn_part(const float *x, const float *row, float *y, int64_t half, int64_t n,
                          bool interleaved) {
    vec a, b, ya, yb;
    if (interleaved) {
        int64_t rest = 2 * n > VEC_LANES ? 2 * n - VEC_LANES : 0;
        vec_split(vec_load_part(x, 2 * n - rest), vec_load_part(x + VEC_LANES, rest), &a, &b);
    } else {
        a = vec_load_part(x, n);
        b = vec_load_part(x + half, n);
    }
    turn(a, b, vec_load_part(row, n), vec_load_part(row + half, n), &ya, &yb);
    vec_store_part(y, ya, n);
    vec_store_part(y + half, yb, n);
}

SXT_INLINE void rotate_rows(const float *x, int64_t ldx, const float *const *angles, float *y, int64_t ldy,
                            int64_t n_rows, int64_t n_rot, int64_t head_dim, bool interleaved,
                            sxt_ahead ahead) {
    int64_t half = n_rot / 2, step = interleaved ? 2 : 1;
    for (int64_t i = 0; i < n_rows; i++, x += ldx, y += ldy) {
        const float *row = angles[i];
        SXT_FETCH_SHARE(ahead, i, n_rows);
        int64_t p = 0, d = n_rot;
        if (__builtin_constant_p(half) && half % VEC_LANES == 0) {
            SXT_UNROLL for (; p < half; p += VEC_LANES)
                turn_whole(x + step * p, row + p, y + p, half, interleaved);
        }
        for (; p + VEC_LANES <= half; p += VEC_LANES)
            turn_whole(x + step * p, row + p, y + p, half, interleaved);
        if (p < half) turn_part(x + step * p, row + p, y + p, half, half - p, interleaved);
        for (; d + VEC_LANES <= head_dim; d += VEC_LANES) vec_store(y + d, vec_load(x + d));
        if (d < head_dim) vec_store_part(y + d, vec_load_part(x + d, head_dim - d), head_dim - d);
    }
}

static void rotate(const float *x, int64_t ldx, const float *const *angles, float *y, int64_t ldy,
                   int64_t n_rows, int64_t n_rot, int64_t head_dim, bool interleaved, sxt_ahead ahead) {
    if (n_rot == 64 && head_dim == 64 && interleaved) /* the usual sizes, as straight code */
        rotate_rows(x, ldx, angles, y, ldy, n_rows, 64, 64, true, ahead);
    else if (n_rot == 64 && head_dim == 64)
        rotate_rows(x, ldx, angles, y, ldy, n_rows, 64, 64, false, ahead);
    else if (n_rot == 128 && head_dim == 128 && interleaved)
        rotate_rows(x, ldx, angles, y, ldy, n_rows, 128, 128, true, ahead);
    else if (n_rot == 128 && head_dim == 128)
        rotate_rows(x, ldx, angles, y, ldy, n_rows, 128, 128, false, ahead);
    else if (interleaved)
        rotate_rows(x, ldx, angles, y, ldy, n_rows, n_rot, head_dim, true, ahead);
    else
        rotate_rows(x, ldx, angles, y, ldy, n_rows, n_rot, head_dim, false, ahead);
}

/* Columns [0, n) of rows [d, d + part) of the result, from n rows; columns past n become zero. */
SXT_INLINE void transpose_block(const float *x, int64_t ldx, float *to, int64_t ld_to, int64_t n,
                                int64_t part) {
    vec rows[VEC_LANES];
    SXT_UNROLL for (int i = 0; i < VEC_LANES; i++) rows[i] = i >= n ? vec_set(0)
                                                             : part >= VEC_LANES
                                                                 ? vec_load(x + i * ldx)
                                                                 : vec_load_part(x + i * ldx, part);
    vec_transpose(rows);
    SXT_UNROLL for (int i = 0; i < VEC_LANES; i++) {
        if (i < part) vec_store(to + i * ld_to, rows[i]);
    }
}

static void transpose_keys(const float *x, int64_t ldx, float *to, int64_t ld_to, int64_t n, int64_t head_dim) {
    for (int64_t d = 0; d < head_dim; d += VEC_LANES)
        for (int64_t j = 0; j < TILE_STRIP; j += VEC_LANES) {
            const float *from = x + d + (j < n ? j * ldx : 0);
            if (n - j >= VEC_LANES && head_dim - d >= VEC_LANES)
                transpose_block(from, ldx, to + d * ld_to + j, ld_to, VEC_LANES, VEC_LANES);
            else
                transpose_block(from, ldx, to + d * ld_to + j, ld_to, n - j, head_dim - d);
        }
}

#endif
