/* Packed weights: block-quantised matrices laid out for small-integer products, the same for every CPU level.
 *
 * 16 rows of W are a group, the last one padded with rows of scale 0. A group is a chain of records, each
 * 256 columns (the last one may be shorter): first the record's scales, then blocks of 32 columns. In a block,
 * the four columns 4i..4i+3 of 16 rows are 64 bytes [16][4], so that a vector of any width holds whole rows:
 *   8-bit values  512 bytes: run i of 64 is columns 4i.. (i < 8)
 *   4-bit         256 bytes: run i (i < 4) has columns 4i.. in its low nibbles, 16 + 4i.. in its high ones
 *   2-bit         128 bytes: run p (p < 2), bits 2i..2i+1: columns 16p + 4i..
 * followed by what a value has above those bits:
 *   1 bit          64 bytes: bit i belongs to columns 4i..
 *   2 bits        128 bytes: as 2-bit values
 * Scales are as compact as in the file (see enum sxt_packed_scales), so packing costs 0 to 6 % of memory.
 *
 * Rows of x become int8 with one scale for `span` columns; op/linear_packed.h says what is computed. */
#ifndef SXT_KERNEL_PACKED_H
#define SXT_KERNEL_PACKED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum sxt_packed_kind {
    SXT_PACKED_NONE, /* a type that is not packed */
    SXT_PACKED_Q8_0,
    SXT_PACKED_Q4_0,
    SXT_PACKED_Q4_1,
    SXT_PACKED_Q5_0,
    SXT_PACKED_Q5_1,
    SXT_PACKED_Q2_K,
    SXT_PACKED_Q3_K,
    SXT_PACKED_Q4_K,
    SXT_PACKED_Q5_K,
    SXT_PACKED_Q6_K,
    SXT_PACKED_IQ4_NL,
    SXT_PACKED_IQ4_XS,
    SXT_PACKED_KINDS
} sxt_packed_kind;

enum {
    SXT_PACKED_ROWS = 16,          /* of a group */
    SXT_PACKED_BLOCK = 32,         /* columns */
    SXT_PACKED_RECORD_BLOCKS = 8,  /* of a record */
    SXT_PACKED_RECORD = 256,       /* columns */
    SXT_PACKED_MAX_ROWS = 512,     /* rows of x of one packed_gemm() */
    SXT_PACKED_SCRATCH = 160 << 10 /* bytes that packed_gemm() needs, 64-byte aligned */
};

/* What a record's scale bytes are; [16] is the rows of the group. f16 fields first, bytes from SXT_PACKED_SUB
 * on. A minimum is stored with the sign it is added with. */
typedef enum sxt_packed_scales {
    SXT_SCALES_F16,        /* d [8][16] f16 */
    SXT_SCALES_F16_MIN,    /* d [8][16] f16, m [8][16] f16 */
    SXT_SCALES_I8,         /* d [16] f16; sub-scales [8][16] or [16][16] int8 */
    SXT_SCALES_U8_MIN,     /* d [16] f16, m [16] f16; sub-scales [8][16] uint8, sub-minima [8][16] uint8 */
    SXT_SCALES_NIBBLES_MIN /* d [16] f16, m [16] f16; [16][16] bytes: sub-scale low, sub-minimum high */
} sxt_packed_scales;
enum { SXT_PACKED_SUB = 64 };

typedef struct sxt_packed_layout {
    sxt_packed_scales scales;
    int scale_bytes; /* of a record, in front of its blocks; a multiple of 64 */
    int low_bits;    /* of a value, as stored: 2, 4 or 8 ... */
    int high_bits;   /* ... and 0, 1 or 2 on top */
    bool table;      /* the four bits are an index of the IQ4 table */
    int offset;      /* a value is the stored number minus this */
    int sub;         /* columns under one weight scale: 16 or 32 */
    int span;        /* columns under one scale of x: 32 or 256 */
} sxt_packed_layout;

/* An inline switch, so that kernels made for one kind see constants. K-quants have whole records in every row
 * and take a scale of x for 256 columns: it is applied once per record then. */
static inline sxt_packed_layout sxt_packed_layout_of(sxt_packed_kind kind) {
    switch (kind) {
    case SXT_PACKED_Q8_0: return (sxt_packed_layout){SXT_SCALES_F16, 256, 8, 0, false, 128, 32, 32};
    case SXT_PACKED_Q4_0: return (sxt_packed_layout){SXT_SCALES_F16, 256, 4, 0, false, 8, 32, 32};
    case SXT_PACKED_Q4_1: return (sxt_packed_layout){SXT_SCALES_F16_MIN, 512, 4, 0, false, 0, 32, 32};
    case SXT_PACKED_Q5_0: return (sxt_packed_layout){SXT_SCALES_F16, 256, 4, 1, false, 16, 32, 32};
    case SXT_PACKED_Q5_1: return (sxt_packed_layout){SXT_SCALES_F16_MIN, 512, 4, 1, false, 0, 32, 32};
    case SXT_PACKED_Q2_K: return (sxt_packed_layout){SXT_SCALES_NIBBLES_MIN, 320, 2, 0, false, 0, 16, 256};
    case SXT_PACKED_Q3_K: return (sxt_packed_layout){SXT_SCALES_I8, 320, 2, 1, false, 4, 16, 256};
    case SXT_PACKED_Q4_K: return (sxt_packed_layout){SXT_SCALES_U8_MIN, 320, 4, 0, false, 0, 32, 256};
    case SXT_PACKED_Q5_K: return (sxt_packed_layout){SXT_SCALES_U8_MIN, 320, 4, 1, false, 0, 32, 256};
    case SXT_PACKED_Q6_K: return (sxt_packed_layout){SXT_SCALES_I8, 320, 4, 2, false, 32, 16, 256};
    case SXT_PACKED_IQ4_NL: return (sxt_packed_layout){SXT_SCALES_F16, 256, 4, 0, true, 128, 32, 32};
    case SXT_PACKED_IQ4_XS: return (sxt_packed_layout){SXT_SCALES_I8, 192, 4, 0, true, 128, 32, 256};
    default: return (sxt_packed_layout){SXT_SCALES_F16, 0, 0, 0, false, 0, 32, 32};
    }
}

static inline bool sxt_packed_has_minima(sxt_packed_layout l) {
    return l.scales != SXT_SCALES_F16 && l.scales != SXT_SCALES_I8;
}

/* Bytes of 16 rows x 32 columns without scales. */
static inline int sxt_packed_block_bytes(sxt_packed_layout l) { return (l.low_bits + l.high_bits) * 64; }

/* Bytes of a group of `n_in` columns (a multiple of 32). */
static inline size_t sxt_packed_group_bytes(sxt_packed_layout l, int64_t n_in) {
    size_t n_records = (size_t)((n_in + SXT_PACKED_RECORD - 1) / SXT_PACKED_RECORD);
    return n_records * (size_t)l.scale_bytes +
           (size_t)(n_in / SXT_PACKED_BLOCK) * (size_t)sxt_packed_block_bytes(l);
}

/* ---- Rows of x: n_in int8, then a float scale per span, then four bytes per `sub` columns: for types with an
 * offset the int32 -offset * (sum of the int8), for types with minima the float sum, times the scale of x where
 * the span is 32. */
static inline size_t sxt_packed_sums_at(sxt_packed_layout l, int64_t n_in) {
    return (size_t)(n_in + n_in / l.span * 4);
}
static inline size_t sxt_packed_row_bytes(sxt_packed_layout l, int64_t n_in) {
    return (sxt_packed_sums_at(l, n_in) + (size_t)(n_in / l.sub * 4) + 63) / 64 * 64;
}

#endif
