/* What level_tile.h needs beyond the vector: plain loops. Meanings for all levels. */
#ifndef SXT_KERNEL_TILE_SCALAR_H
#define SXT_KERNEL_TILE_SCALAR_H

#include "kernel/vector_scalar.h"

/* c - a * b */
SXT_INLINE vec vec_minus_product(vec a, vec b, vec c) {
    for (int i = 0; i < VEC_LANES; i++) c.lane[i] -= a.lane[i] * b.lane[i];
    return c;
}

/* Elements 0, 2, 4 ... and 1, 3, 5 ... of two vectors one after the other. */
SXT_INLINE void vec_split(vec first, vec last, vec *even, vec *odd) {
    for (int i = 0; i < VEC_LANES / 2; i++) {
        even->lane[i] = first.lane[2 * i];
        odd->lane[i] = first.lane[2 * i + 1];
        even->lane[VEC_LANES / 2 + i] = last.lane[2 * i];
        odd->lane[VEC_LANES / 2 + i] = last.lane[2 * i + 1];
    }
}

/* VEC_LANES rows become columns. */
SXT_INLINE void vec_transpose(vec *rows) {
    for (int i = 0; i < VEC_LANES; i++)
        for (int j = 0; j < i; j++) {
            float swapped = rows[i].lane[j];
            rows[i].lane[j] = rows[j].lane[i];
            rows[j].lane[i] = swapped;
        }
}

#endif
