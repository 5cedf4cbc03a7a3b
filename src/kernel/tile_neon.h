/* What level_tile.h needs beyond the vector, for NEON. Meanings as in tile_scalar.h. */
#ifndef SXT_KERNEL_TILE_NEON_H
#define SXT_KERNEL_TILE_NEON_H

#include "kernel/vector_neon.h"

SXT_INLINE vec vec_minus_product(vec a, vec b, vec c) {
    return (vec){vfmsq_f32(c.low, a.low, b.low), vfmsq_f32(c.high, a.high, b.high)};
}

SXT_INLINE void vec_split(vec first, vec last, vec *even, vec *odd) {
    *even = (vec){vuzp1q_f32(first.low, first.high), vuzp1q_f32(last.low, last.high)};
    *odd = (vec){vuzp2q_f32(first.low, first.high), vuzp2q_f32(last.low, last.high)};
}

SXT_INLINE void vec_transpose_4(float32x4_t *a, float32x4_t *b, float32x4_t *c, float32x4_t *d) {
    float32x4x2_t ab = vtrnq_f32(*a, *b), cd = vtrnq_f32(*c, *d);
    *a = vcombine_f32(vget_low_f32(ab.val[0]), vget_low_f32(cd.val[0]));
    *b = vcombine_f32(vget_low_f32(ab.val[1]), vget_low_f32(cd.val[1]));
    *c = vcombine_f32(vget_high_f32(ab.val[0]), vget_high_f32(cd.val[0]));
    *d = vcombine_f32(vget_high_f32(ab.val[1]), vget_high_f32(cd.val[1]));
}

/* Four blocks of 4 x 4, the two off the diagonal swapped. */
SXT_INLINE void vec_transpose(vec *r) {
    SXT_UNROLL for (int i = 0; i < 8; i += 4) {
        vec_transpose_4(&r[i].low, &r[i + 1].low, &r[i + 2].low, &r[i + 3].low);
        vec_transpose_4(&r[i].high, &r[i + 1].high, &r[i + 2].high, &r[i + 3].high);
    }
    SXT_UNROLL for (int i = 0; i < 4; i++) {
        float32x4_t swapped = r[i].high;
        r[i].high = r[4 + i].low;
        r[4 + i].low = swapped;
    }
}

#endif
