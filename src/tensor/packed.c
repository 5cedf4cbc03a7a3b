/* From blocks as files have them to packed groups. All is moved four columns at a time: the same four bytes of
 * 16 rows lie side by side in a group. */
#include "tensor/packed.h"

#include "base/num.h"
#include "tensor/k_scales.h"

#include <string.h>

enum { ROW_RUN = 4, RUN = 64, RUNS = SXT_PACKED_BLOCK / ROW_RUN };

typedef uint32_t four_bytes;

static inline four_bytes load4(const uint8_t *at) {
    four_bytes value;
    memcpy(&value, at, sizeof value);
    return value;
}
static inline void store4(uint8_t *at, four_bytes value) { memcpy(at, &value, sizeof value); }
static inline void copy_u16(uint8_t *to, const uint8_t *from) { memcpy(to, from, 2); }
/* An f16 with the other sign: minima that are subtracted. */
static inline void copy_negative(uint8_t *to, const uint8_t *from) {
    to[0] = from[0];
    to[1] = from[1] ^ 0x80;
}

/* ---- Values of one row and block; `to` is the row's place in the block ------------------------ */

/* 16 bytes whose low nibbles are columns 0..15 and high nibbles 16..31. */
static inline void put_nibbles(const uint8_t *from, uint8_t *to) {
    for (int i = 0; i < 4; i++) store4(to + RUN * i, load4(from + 4 * i));
}

/* Columns are nibbles of 32 bytes: the low ones, or the high ones. */
static inline void put_low_nibbles(const uint8_t *from, uint8_t *to) {
    for (int i = 0; i < 4; i++)
        store4(to + RUN * i, (load4(from + 4 * i) & 0x0f0f0f0fu) | (load4(from + 16 + 4 * i) & 0x0f0f0f0fu)
                                                                       << 4);
}
static inline void put_high_nibbles(const uint8_t *from, uint8_t *to) {
    for (int i = 0; i < 4; i++)
        store4(to + RUN * i,
               (load4(from + 4 * i) >> 4 & 0x0f0f0f0fu) | (load4(from + 16 + 4 * i) & 0xf0f0f0f0u));
}

/* Columns are bits `shift`, shift + 1 of 32 bytes. */
static inline void put_two_bits(const uint8_t *from, int shift, uint8_t *to) {
    for (int p = 0; p < 2; p++) {
        four_bytes all = 0;
        for (int i = 0; i < 4; i++) all |= (load4(from + 16 * p + 4 * i) >> shift & 0x03030303u) << 2 * i;
        store4(to + RUN * p, all);
    }
}

/* Columns are bit `shift` of 32 bytes. */
static inline void put_one_bit(const uint8_t *from, int shift, uint8_t *to) {
    four_bytes all = 0;
    for (int i = 0; i < RUNS; i++) all |= (load4(from + 4 * i) >> shift & 0x01010101u) << i;
    store4(to, all);
}

/* Columns are the bits of four bytes: bit 4i + j goes to bit i of byte j. */
static inline void put_bit_set(const uint8_t *from, uint8_t *to) {
    uint32_t bits = from[0] | (uint32_t)from[1] << 8 | (uint32_t)from[2] << 16 | (uint32_t)from[3] << 24;
    for (int j = 0; j < 4; j++) {
        uint32_t x = bits >> j & 0x11111111u;
        x = (x | x >> 3) & 0x03030303u;
        x = (x | x >> 6) & 0x000f000fu;
        to[j] = (uint8_t)(x | x >> 12);
    }
}

/* ---- One row of a record: n_blocks blocks of 32 columns, from -> scales and blocks ------------ */

typedef struct record_row {
    const uint8_t *from; /* the row's blocks as stored */
    uint8_t *scales;     /* the record's */
    uint8_t *values;     /* the record's first block, at this row */
    int block_bytes;     /* of a packed block */
    int n_blocks, row;
} record_row;

/* Stored blocks of 32: d, then m where there is one, then `bits` bytes of fifth bits, then values. */
static inline void pack_simple(const record_row *r, bool has_minima, bool fifth_bits, bool bytes) {
    const uint8_t *from = r->from;
    for (int b = 0; b < r->n_blocks; b++) {
        uint8_t *to = r->values + b * r->block_bytes;
        copy_u16(r->scales + 32 * b + 2 * r->row, from);
        from += 2;
        if (has_minima) {
            copy_u16(r->scales + 256 + 32 * b + 2 * r->row, from);
            from += 2;
        }
        if (fifth_bits) {
            put_bit_set(from, to + 4 * RUN);
            from += 4;
        }
        if (bytes) {
            for (int i = 0; i < RUNS; i++) store4(to + RUN * i, load4(from + 4 * i) ^ 0x80808080u);
            from += 32;
        } else {
            put_nibbles(from, to);
            from += 16;
        }
    }
}

static void pack_q8_0(const record_row *r) { pack_simple(r, false, false, true); }
static void pack_q4_0(const record_row *r) { pack_simple(r, false, false, false); }
static void pack_q4_1(const record_row *r) { pack_simple(r, true, false, false); }
static void pack_q5_0(const record_row *r) { pack_simple(r, false, true, false); }
static void pack_q5_1(const record_row *r) { pack_simple(r, true, true, false); }

/* Q2_K: 16 bytes of scales (low nibble) and minima, 64 of values, d, dmin. Each half of 128 columns has 32
 * bytes of values, each quarter of it two bits of them. */
static void pack_q2_k(const record_row *r) {
    const uint8_t *from = r->from;
    copy_u16(r->scales + 2 * r->row, from + 80);
    copy_negative(r->scales + 32 + 2 * r->row, from + 82);
    for (int i = 0; i < 16; i++) r->scales[SXT_PACKED_SUB + 16 * i + r->row] = from[i];
    for (int b = 0; b < r->n_blocks; b++)
        put_two_bits(from + 16 + 32 * (b / 4), 2 * (b % 4), r->values + b * r->block_bytes);
}

/* Q3_K: 32 bytes of third bits (bit b of byte i: column i of block b), 64 of two bits as in Q2_K, 12 of 6-bit
 * scales, d. */
static void pack_q3_k(const record_row *r) {
    const uint8_t *from = r->from, *packed = from + 96;
    copy_u16(r->scales + 2 * r->row, from + 108);
    for (int i = 0; i < 16; i++) {
        int low = i < 8 ? packed[i] & 15 : packed[i - 8] >> 4, high = packed[8 + i % 4] >> 2 * (i / 4) & 3;
        r->scales[SXT_PACKED_SUB + 16 * i + r->row] = (uint8_t)((low | high << 4) - 32);
    }
    for (int b = 0; b < r->n_blocks; b++) {
        uint8_t *to = r->values + b * r->block_bytes;
        put_two_bits(from + 32 + 32 * (b / 4), 2 * (b % 4), to);
        put_one_bit(from, b, to + 2 * RUN);
    }
}

/* Q4_K and Q5_K: see their files. */
static inline void pack_q45_k(const record_row *r, bool fifth_bits) {
    const uint8_t *from = r->from, *nibbles = from + (fifth_bits ? 48 : 16);
    copy_u16(r->scales + 2 * r->row, from);
    copy_negative(r->scales + 32 + 2 * r->row, from + 2);
    for (int b = 0; b < r->n_blocks; b++) {
        unsigned scale, minimum;
        sxt_k_scales(from + 4, b, &scale, &minimum);
        r->scales[SXT_PACKED_SUB + 16 * b + r->row] = (uint8_t)scale;
        r->scales[SXT_PACKED_SUB + 128 + 16 * b + r->row] = (uint8_t)minimum;
    }
    for (int b = 0; b < r->n_blocks; b += 2, nibbles += 32) {
        uint8_t *to = r->values + b * r->block_bytes;
        put_low_nibbles(nibbles, to);
        put_high_nibbles(nibbles, to + r->block_bytes);
        if (!fifth_bits) continue;
        put_one_bit(from + 16, b, to + 4 * RUN);
        put_one_bit(from + 16, b + 1, to + r->block_bytes + 4 * RUN);
    }
}
static void pack_q4_k(const record_row *r) { pack_q45_k(r, false); }
static void pack_q5_k(const record_row *r) { pack_q45_k(r, true); }

/* Q6_K: see q6_k.c. Block b is quarter b % 4 of half b / 4. */
static void pack_q6_k(const record_row *r) {
    const uint8_t *from = r->from;
    copy_u16(r->scales + 2 * r->row, from + 208);
    for (int i = 0; i < 16; i++) r->scales[SXT_PACKED_SUB + 16 * i + r->row] = from[192 + i];
    for (int b = 0; b < r->n_blocks; b++) {
        const uint8_t *low = from + b / 4 * 64 + b % 2 * 32;
        uint8_t *to = r->values + b * r->block_bytes;
        if (b % 4 < 2)
            put_low_nibbles(low, to);
        else
            put_high_nibbles(low, to);
        put_two_bits(from + 128 + 32 * (b / 4), 2 * (b % 4), to + 4 * RUN);
    }
}

/* IQ4_XS: d, 8 x 2 high bits of the scales, 8 x 4 low ones, 128 bytes of nibbles in blocks of 32 columns. */
static void pack_iq4_xs(const record_row *r) {
    const uint8_t *from = r->from;
    unsigned high = from[2] | (unsigned)from[3] << 8;
    copy_u16(r->scales + 2 * r->row, from);
    for (int b = 0; b < r->n_blocks; b++) {
        int scale = (from[4 + b / 2] >> 4 * (b % 2) & 15) | (int)(high >> 2 * b & 3) << 4;
        r->scales[SXT_PACKED_SUB + 16 * b + r->row] = (uint8_t)(scale - 32);
        put_nibbles(from + 8 + 16 * b, r->values + b * r->block_bytes);
    }
}

/* ---- All of a matrix -------------------------------------------------------------------------- */

typedef struct packer {
    sxt_type type;
    sxt_packed_kind kind;
    void (*pack)(const record_row *r);
} packer;

static const packer packers[] = {
    {SXT_TYPE_Q8_0, SXT_PACKED_Q8_0, pack_q8_0},     {SXT_TYPE_Q4_0, SXT_PACKED_Q4_0, pack_q4_0},
    {SXT_TYPE_Q4_1, SXT_PACKED_Q4_1, pack_q4_1},     {SXT_TYPE_Q5_0, SXT_PACKED_Q5_0, pack_q5_0},
    {SXT_TYPE_Q5_1, SXT_PACKED_Q5_1, pack_q5_1},     {SXT_TYPE_Q2_K, SXT_PACKED_Q2_K, pack_q2_k},
    {SXT_TYPE_Q3_K, SXT_PACKED_Q3_K, pack_q3_k},     {SXT_TYPE_Q4_K, SXT_PACKED_Q4_K, pack_q4_k},
    {SXT_TYPE_Q5_K, SXT_PACKED_Q5_K, pack_q5_k},     {SXT_TYPE_Q6_K, SXT_PACKED_Q6_K, pack_q6_k},
    {SXT_TYPE_IQ4_NL, SXT_PACKED_IQ4_NL, pack_q4_0}, {SXT_TYPE_IQ4_XS, SXT_PACKED_IQ4_XS, pack_iq4_xs},
};

static const packer *find_packer(sxt_type type) {
    for (size_t i = 0; i < sizeof packers / sizeof packers[0]; i++)
        if (packers[i].type == type) return &packers[i];
    return NULL;
}

sxt_packed_kind sxt_packed_kind_of(const sxt_tensor *w) {
    const packer *found = find_packer(w->traits->type);
    bool is_matrix = w->n_dims == 2 && w->dims[0] > 0 && w->dims[1] > 0 && w->dims[1] % w->traits->block == 0;
    return found && is_matrix ? found->kind : SXT_PACKED_NONE;
}

int64_t sxt_packed_n_groups(const sxt_tensor *w) {
    return (w->dims[0] + SXT_PACKED_ROWS - 1) / SXT_PACKED_ROWS;
}

size_t sxt_packed_tensor_group_bytes(const sxt_tensor *w) {
    return sxt_packed_group_bytes(sxt_packed_layout_of(sxt_packed_kind_of(w)), w->dims[1]);
}

/* Record by record, so that what is written stays in the first-level cache for all 16 rows. */
static void pack_group(const packer *with, const sxt_tensor *w, int64_t group, uint8_t *to) {
    const sxt_packed_layout layout = sxt_packed_layout_of(with->kind);
    const int64_t n_in = w->dims[1], n_blocks = n_in / SXT_PACKED_BLOCK, first_row = group * SXT_PACKED_ROWS;
    const size_t row_bytes = (size_t)(n_in / w->traits->block) * w->traits->block_bytes;
    const int n_rows = (int)sxt_min_i64(SXT_PACKED_ROWS, w->dims[0] - first_row);
    for (int64_t b = 0; b < n_blocks; b += SXT_PACKED_RECORD_BLOCKS) {
        record_row r = {.scales = to, .block_bytes = sxt_packed_block_bytes(layout)};
        r.n_blocks = (int)sxt_min_i64(SXT_PACKED_RECORD_BLOCKS, n_blocks - b);
        size_t at = (size_t)(b * SXT_PACKED_BLOCK / w->traits->block) * w->traits->block_bytes;
        for (r.row = 0; r.row < n_rows; r.row++) {
            r.from = w->data + (size_t)(first_row + r.row) * row_bytes + at;
            r.values = to + layout.scale_bytes + ROW_RUN * r.row;
            with->pack(&r);
        }
        to += layout.scale_bytes + r.n_blocks * r.block_bytes;
    }
}

void sxt_packed_fill(const sxt_tensor *w, int64_t first, int64_t n, uint8_t *groups) {
    const packer *with = find_packer(w->traits->type);
    size_t group_bytes = sxt_packed_tensor_group_bytes(w);
    for (int64_t i = 0; i < n; i++) pack_group(with, w, first + i, groups + (size_t)i * group_bytes);
}
