/* What packed products need from a level beside its vector: vectors of VEC_LANES x 4 bytes, which are either
 * 4 columns of VEC_LANES rows of weights or VEC_LANES int32. Here in plain C for any `vec`, with their
 * meanings. */
#ifndef SXT_KERNEL_PACKED_VECTOR_SCALAR_H
#define SXT_KERNEL_PACKED_VECTOR_SCALAR_H

/* Loops whose arrays should live in registers: here nothing does, and straight code would be huge. */
#define PACKED_UNROLL

enum {
    TILE_X_ROWS = 2,            /* rows of x and ... */
    TILE_FEWER_ROWS = 2,        /* (or so many, for the last ones) ... */
    TILE_VECS = 16 / VEC_LANES, /* ... vectors of outputs in registers at once: whole groups */
    SIGNED_BYTES = 0            /* 1: ivec_dot_bytes() takes weights of 8 bits as int8 instead of uint8 */
};

typedef union ivec {
    uint8_t byte[4 * VEC_LANES];
    int32_t lane[VEC_LANES];
} ivec;

#define IVEC_EACH(n, field, expression)                                                                        \
    do {                                                                                                       \
        ivec result;                                                                                           \
        for (int i = 0; i < (n); i++) result.field[i] = (expression);                                          \
        return result;                                                                                         \
    } while (0)

SXT_INLINE ivec ivec_load(const void *at) {
    ivec result;
    memcpy(&result, at, sizeof result);
    return result;
}
SXT_INLINE void ivec_store(void *at, ivec a) { memcpy(at, &a, sizeof a); }
SXT_INLINE ivec ivec_set(int32_t value) { IVEC_EACH(VEC_LANES, lane, value); }
/* On every byte: a ^ mask; a & mask; a | (b & mask). */
SXT_INLINE ivec ivec_xor(ivec a, int mask) { IVEC_EACH(4 * VEC_LANES, byte, (uint8_t)(a.byte[i] ^ mask)); }
SXT_INLINE ivec ivec_and(ivec a, int mask) { IVEC_EACH(4 * VEC_LANES, byte, (uint8_t)(a.byte[i] & mask)); }
SXT_INLINE ivec ivec_or_and(ivec a, ivec b, int mask) {
    IVEC_EACH(4 * VEC_LANES, byte, (uint8_t)(a.byte[i] | (b.byte[i] & mask)));
}
/* Every byte shifted by n < 8; the bits that come in are undefined. */
SXT_INLINE ivec ivec_shift_right(ivec a, int n) { IVEC_EACH(4 * VEC_LANES, byte, (uint8_t)(a.byte[i] >> n)); }
SXT_INLINE ivec ivec_shift_left(ivec a, int n) { IVEC_EACH(4 * VEC_LANES, byte, (uint8_t)(a.byte[i] << n)); }
/* Byte i is table[index.byte[i]]; table of 16, indices below 16. */
SXT_INLINE ivec ivec_lookup(const uint8_t *table, ivec index) {
    IVEC_EACH(4 * VEC_LANES, byte, table[index.byte[i]]);
}

/* Dot products, exact: int32 lane r += sum over j < 4 of (uint8) w[r][j] * (int8) x[r][j]. A level may collect
 * a few of them in a `part` of its own making (int16, say) between ivec_dot_begin() and ivec_dot_end(), as many
 * as cannot overflow 16 bits: see dot_steps() in level_packed.h. x is -127..127. */
SXT_INLINE ivec ivec_dot_begin(ivec total) { return total; }
SXT_INLINE ivec ivec_dot(ivec part, ivec w, ivec x) {
    for (int i = 0; i < 4 * VEC_LANES; i++) part.lane[i / 4] += w.byte[i] * (int8_t)x.byte[i];
    return part;
}
/* For values of 8 bits: one step between begin and end. */
SXT_INLINE ivec ivec_dot_bytes(ivec part, ivec w, ivec x) { return ivec_dot(part, w, x); }
SXT_INLINE ivec ivec_dot_end(ivec total, ivec part) {
    (void)total;
    return part;
}

#undef IVEC_EACH
#define VEC_EACH(expression)                                                                                   \
    do {                                                                                                       \
        float result[VEC_LANES];                                                                               \
        for (int i = 0; i < VEC_LANES; i++) result[i] = (float)(expression);                                   \
        return vec_load(result);                                                                               \
    } while (0)

SXT_INLINE vec vec_from_ivec(ivec a) { VEC_EACH(a.lane[i]); }
/* VEC_LANES bytes as numbers. */
SXT_INLINE vec vec_load_i8(const void *at) { VEC_EACH(((const int8_t *)at)[i]); }
SXT_INLINE vec vec_load_u8(const void *at) { VEC_EACH(((const uint8_t *)at)[i]); }
SXT_INLINE vec vec_load_low_nibbles(const void *at) { VEC_EACH(((const uint8_t *)at)[i] & 15); }
SXT_INLINE vec vec_load_high_nibbles(const void *at) { VEC_EACH(((const uint8_t *)at)[i] >> 4); }
#undef VEC_EACH
/* The lowest byte of each lane's bits. */
SXT_INLINE void vec_store_low_bytes(void *at, vec a) {
    float lane[VEC_LANES];
    vec_store(lane, a);
    for (int i = 0; i < VEC_LANES; i++) ((uint8_t *)at)[i] = (uint8_t)sxt_f32_bits(lane[i]);
}

#endif
