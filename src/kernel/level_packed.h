/* Products with packed weights. Every output is one chain over blocks of columns in rising order, the same for
 * one row of x and for hundreds:
 *   span  32: y = fma(integer dot product, scale of w * scale of x, y), with minima then y = fma(m, sum, y)
 *   span 256: r = fma(integer dot product, scale of w, r), with minima then r = fma(m, sum, r), from r = 0;
 *             after each record y = fma(r, scale of x, y)
 * Integer dot products are exact, lanes are outputs: levels that have a fused multiply-add agree in all bits.
 */
#ifndef SXT_KERNEL_LEVEL_PACKED_H
#define SXT_KERNEL_LEVEL_PACKED_H

#include "base/num.h"
#include "kernel/packed.h"

enum {
    IVEC_BYTES = 4 * VEC_LANES,
    GROUP_VECS = SXT_PACKED_ROWS / VEC_LANES,
    BLOCK_STEPS = SXT_PACKED_BLOCK / 4, /* dot products of four columns */
    TILE_GROUPS = TILE_VECS / GROUP_VECS,
    PANEL_BLOCKS = 16, /* blocks of columns unpacked at a time: with a panel's groups they stay in L1 */
    FEW_X_ROWS = 4,    /* rows of x that read weights straight from memory */
    FETCH_AHEAD = 4096 /* bytes; without it the speed from memory halves */
};

/* ---- One block ----------------------------------------------------------------------------------------- */

/* The values of IQ4, with 128 added. */
static const uint8_t iq4_unsigned[16] = {1,   24,  45,  63,  79,  93,  106, 118,
                                         129, 141, 153, 166, 181, 197, 217, 241};
static const uint8_t iq4_signed[16] = {0x81, 0x98, 0xad, 0xbf, 0xcf, 0xdd, 0xea, 0xf6,
                                       0x01, 0x0d, 0x19, 0x26, 0x35, 0x45, 0x59, 0x71};

SXT_INLINE bool are_bytes(sxt_packed_layout l) { return l.low_bits == 8 || l.table; }

/* Columns 4j..4j+3 of VEC_LANES rows to w[j]; at: the block, `half` says which rows of the group. */
SXT_INLINE void load_values(sxt_packed_layout l, const uint8_t *at, int half, ivec *w) {
    at += half * IVEC_BYTES;
    PACKED_UNROLL for (int i = 0; i < l.low_bits; i++) {
        ivec raw = ivec_load(at + 64 * i);
        if (l.low_bits == 8) {
            w[i] = SIGNED_BYTES ? ivec_xor(raw, 0x80) : raw;
        } else if (l.low_bits == 4) {
            w[i] = ivec_and(raw, 15);
            w[4 + i] = ivec_and(ivec_shift_right(raw, 4), 15);
        } else {
            PACKED_UNROLL for (int j = 0; j < 4; j++) w[4 * i + j] = ivec_and(ivec_shift_right(raw, 2 * j), 3);
        }
    }
    PACKED_UNROLL for (int i = 0; i < l.high_bits; i++) {
        ivec raw = ivec_load(at + 64 * (l.low_bits + i));
        const int n = BLOCK_STEPS / l.high_bits, mask = ((1 << l.high_bits) - 1) << l.low_bits;
        PACKED_UNROLL for (int j = 0; j < n; j++) {
            const int shift = j * l.high_bits - l.low_bits;
            ivec moved = shift > 0 ? ivec_shift_right(raw, shift) : ivec_shift_left(raw, -shift);
            w[n * i + j] = ivec_or_and(w[n * i + j], moved, mask);
        }
    }
    if (l.table)
        PACKED_UNROLL for (int j = 0; j < BLOCK_STEPS; j++) w[j] =
            ivec_lookup(SIGNED_BYTES ? iq4_signed : iq4_unsigned, w[j]);
}

/* Scales, and minima where the kind has them, of the sub-blocks of block i_block; at: the record. */
SXT_INLINE void load_scales(sxt_packed_layout l, const uint8_t *at, int i_block, int half, vec *scale,
                            vec *minimum) {
    const int n_sub = SXT_PACKED_BLOCK / l.sub, row = half * VEC_LANES;
    if (l.scales == SXT_SCALES_F16 || l.scales == SXT_SCALES_F16_MIN) {
        scale[0] = vec_load_f16(at + 32 * i_block + 2 * row);
        if (l.scales == SXT_SCALES_F16_MIN) minimum[0] = vec_load_f16(at + 256 + 32 * i_block + 2 * row);
        return;
    }
    vec d = vec_load_f16(at + 2 * row), d_min = vec_load_f16(at + 32 + 2 * row);
    PACKED_UNROLL for (int i = 0; i < n_sub; i++) {
        const uint8_t *sub = at + SXT_PACKED_SUB + 16 * (i_block * n_sub + i) + row;
        if (l.scales == SXT_SCALES_I8) scale[i] = vec_mul(d, vec_load_i8(sub));
        if (l.scales == SXT_SCALES_U8_MIN) {
            scale[i] = vec_mul(d, vec_load_u8(sub));
            minimum[i] = vec_mul(d_min, vec_load_u8(sub + 128));
        }
        if (l.scales == SXT_SCALES_NIBBLES_MIN) {
            scale[i] = vec_mul(d, vec_load_low_nibbles(sub));
            minimum[i] = vec_mul(d_min, vec_load_high_nibbles(sub));
        }
    }
}

/* Steps whose products fit in 16 bits together, for levels that add them up there: a step adds at most
 * 2 * largest value * 127. */
SXT_INLINE int dot_steps(sxt_packed_layout l) {
    const int bits = l.low_bits + l.high_bits;
    if (are_bytes(l)) return 1;
    if (bits == 6) return 2;
    return bits == 5 || l.sub == 16 ? 4 : 8;
}

SXT_INLINE ivec dot_step(sxt_packed_layout l, ivec part, ivec w, ivec x) {
    return are_bytes(l) ? ivec_dot_bytes(part, w, x) : ivec_dot(part, w, x);
}

/* A row of x as packed_quantize() leaves it. */
typedef struct x_row {
    const int8_t *q;    /* (n_in) */
    const float *scale; /* (n_in / span) */
    const uint8_t *sum; /* (n_in / sub) of four bytes */
} x_row;

SXT_INLINE x_row x_row_at(sxt_packed_layout l, const uint8_t *rows, int64_t n_in, int64_t i) {
    const uint8_t *row = rows + (size_t)i * sxt_packed_row_bytes(l, n_in);
    return (x_row){(const int8_t *)row, (const float *)(const void *)(row + n_in),
                   row + sxt_packed_sums_at(l, n_in)};
}

SXT_INLINE ivec four_columns(const int8_t *q) {
    int32_t four;
    memcpy(&four, q, sizeof four);
    return ivec_set(four);
}
/* What the integer dot product starts from. */
SXT_INLINE ivec dot_start(sxt_packed_layout l, const uint8_t *sum) {
    int32_t start = 0;
    if (!sxt_packed_has_minima(l) && !(SIGNED_BYTES && are_bytes(l))) memcpy(&start, sum, sizeof start);
    return ivec_set(start);
}
SXT_INLINE vec x_sum(const uint8_t *sum) {
    float value;
    memcpy(&value, sum, sizeof value);
    return vec_set(value);
}

/* The chain goes on by one sub-block. */
SXT_INLINE vec add_dot(sxt_packed_layout l, vec chain, ivec dot, vec scale, vec x_scale) {
    return vec_fma(vec_from_ivec(dot), l.span == SXT_PACKED_BLOCK ? vec_mul(scale, x_scale) : scale, chain);
}

/* ---- Few rows: straight from packed memory ---------------------------------------------------- */

/* One block of one group for n_x rows of x; chain [n_x][GROUP_VECS]. at: the block, b: its number in the row.
 */
SXT_INLINE void few_block(sxt_packed_layout l, int n_x, const uint8_t *record, int i_block, int64_t b,
                          const x_row *x, vec *chain) {
    const uint8_t *at = record + l.scale_bytes + i_block * sxt_packed_block_bytes(l);
    const int n_sub = SXT_PACKED_BLOCK / l.sub, n_steps = l.sub / 4, steps = dot_steps(l);
    PACKED_UNROLL for (int half = 0; half < GROUP_VECS; half++) {
        ivec w[BLOCK_STEPS];
        vec scale[2], minimum[2];
        load_values(l, at, half, w);
        load_scales(l, record, i_block, half, scale, minimum);
        PACKED_UNROLL for (int r = 0; r < n_x; r++) {
            vec *c = &chain[r * GROUP_VECS + half];
            vec x_scale = vec_set(x[r].scale[b * SXT_PACKED_BLOCK / l.span]);
            PACKED_UNROLL for (int s = 0; s < n_sub; s++) {
                const uint8_t *sum = x[r].sum + 4 * (b * n_sub + s);
                ivec dot = dot_start(l, sum);
                PACKED_UNROLL for (int j = s * n_steps; j < (s + 1) * n_steps; j += steps) {
                    ivec part = ivec_dot_begin(dot);
                    PACKED_UNROLL for (int i = j; i < j + steps; i++) part =
                        dot_step(l, part, w[i], four_columns(x[r].q + b * SXT_PACKED_BLOCK + 4 * i));
                    dot = ivec_dot_end(dot, part);
                }
                *c = add_dot(l, *c, dot, scale[s], x_scale);
                if (sxt_packed_has_minima(l)) *c = vec_fma(minimum[s], x_sum(sum), *c);
            }
        }
    }
}

SXT_INLINE void fetch(const uint8_t *from, int bytes) {
    PACKED_UNROLL for (int i = 0; i < bytes; i += 64) __builtin_prefetch(from + i);
}

/* All columns of one group: acc [n_x][GROUP_VECS]. */
SXT_INLINE void few_group(sxt_packed_layout l, int n_x, const uint8_t *group, int64_t n_in, const x_row *x,
                          vec *acc) {
    const int64_t n_blocks = n_in / SXT_PACKED_BLOCK, block_bytes = sxt_packed_block_bytes(l);
    PACKED_UNROLL for (int i = 0; i < n_x * GROUP_VECS; i++) acc[i] = vec_set(0);
    const uint8_t *record = group;
    for (int64_t first = 0; first < n_blocks; first += SXT_PACKED_RECORD_BLOCKS) {
        vec inner[FEW_X_ROWS * GROUP_VECS];
        PACKED_UNROLL for (int i = 0; i < n_x * GROUP_VECS; i++) inner[i] = vec_set(0);
        int n = (int)sxt_min_i64(SXT_PACKED_RECORD_BLOCKS, n_blocks - first);
        fetch(record + FETCH_AHEAD, l.scale_bytes);
        for (int i = 0; i < n; i++) {
            fetch(record + FETCH_AHEAD + l.scale_bytes + i * block_bytes, (int)block_bytes);
            few_block(l, n_x, record, i, first + i, x, l.span == SXT_PACKED_BLOCK ? acc : inner);
        }
        if (l.span == SXT_PACKED_RECORD) {
            PACKED_UNROLL for (int i = 0; i < n_x * GROUP_VECS; i++) {
                vec x_scale = vec_set(x[i / GROUP_VECS].scale[first / SXT_PACKED_RECORD_BLOCKS]);
                acc[i] = vec_fma(inner[i], x_scale, acc[i]);
            }
        }
        record += l.scale_bytes + n * block_bytes;
    }
}

SXT_INLINE void store_outputs(float *y, const float *sums, int64_t n_out) {
    memcpy(y, sums, (size_t)sxt_min_i64(n_out, SXT_PACKED_ROWS) * sizeof(float));
}

/* n_x rows of x, of which n_valid are wanted. */
SXT_INLINE void few_rows(sxt_packed_layout l, int n_x, const uint8_t *groups, int64_t n_out, int64_t n_in,
                         const uint8_t *rows, int64_t n_valid, float *y, int64_t ldy) {
    const size_t group_bytes = sxt_packed_group_bytes(l, n_in);
    x_row x[FEW_X_ROWS];
    for (int r = 0; r < n_x; r++) x[r] = x_row_at(l, rows, n_in, sxt_min_i64(r, n_valid - 1));
    for (int64_t o = 0; o < n_out; o += SXT_PACKED_ROWS, groups += group_bytes) {
        vec acc[FEW_X_ROWS * GROUP_VECS];
        float sums[FEW_X_ROWS * SXT_PACKED_ROWS];
        few_group(l, n_x, groups, n_in, x, acc);
        PACKED_UNROLL for (int i = 0; i < n_x * GROUP_VECS; i++) vec_store(sums + i * VEC_LANES, acc[i]);
        for (int64_t r = 0; r < n_valid; r++)
            store_outputs(y + r * ldy + o, sums + r * SXT_PACKED_ROWS, n_out - o);
    }
}

/* ---- Many rows: a panel unpacked once for all ------------------------------------------------- */

typedef struct packed_panel {
    uint8_t values[PANEL_BLOCKS][BLOCK_STEPS][TILE_VECS][IVEC_BYTES];
    float scale[PANEL_BLOCKS][2][TILE_VECS][VEC_LANES];
    float minimum[PANEL_BLOCKS][2][TILE_VECS][VEC_LANES];
    /* The chains between two panels of columns. */
    float sums[SXT_PACKED_MAX_ROWS / TILE_X_ROWS + 3][TILE_X_ROWS][TILE_VECS][VEC_LANES];
} packed_panel;
_Static_assert(sizeof(packed_panel) <= SXT_PACKED_SCRATCH, "the scratch of packed_gemm() is too small");
_Static_assert(PANEL_BLOCKS % SXT_PACKED_RECORD_BLOCKS == 0, "panels are whole records");

/* n_blocks blocks of n_groups groups; at: the first record of the first group. */
SXT_INLINE void unpack_panel(sxt_packed_layout l, const uint8_t *at, size_t group_bytes, int n_groups,
                             int n_blocks, packed_panel *panel) {
    for (int v = 0; v < n_groups * GROUP_VECS; v++) {
        const uint8_t *record = at + (size_t)(v / GROUP_VECS) * group_bytes;
        for (int b = 0; b < n_blocks; b++) {
            const int i = b % SXT_PACKED_RECORD_BLOCKS, block_bytes = sxt_packed_block_bytes(l);
            ivec w[BLOCK_STEPS];
            vec scale[2], minimum[2];
            load_values(l, record + l.scale_bytes + i * block_bytes, v % GROUP_VECS, w);
            load_scales(l, record, i, v % GROUP_VECS, scale, minimum);
            PACKED_UNROLL for (int j = 0; j < BLOCK_STEPS; j++) ivec_store(panel->values[b][j][v], w[j]);
            PACKED_UNROLL for (int s = 0; s < SXT_PACKED_BLOCK / l.sub; s++) {
                vec_store(panel->scale[b][s][v], scale[s]);
                if (sxt_packed_has_minima(l)) vec_store(panel->minimum[b][s][v], minimum[s]);
            }
            if (i == SXT_PACKED_RECORD_BLOCKS - 1)
                record += l.scale_bytes + SXT_PACKED_RECORD_BLOCKS * block_bytes;
        }
    }
}

/* What a tile's loop fetches meanwhile of the packed bytes that come next: `lines` for each group and block. */
typedef struct fetch_plan {
    const uint8_t *at[TILE_GROUPS];
    int lines;
} fetch_plan;

/* The chains of n_x rows and n_v vectors of outputs over the sub-blocks of block b. */
SXT_INLINE void tile_block(sxt_packed_layout l, int n_x, int n_v, const packed_panel *panel, int b,
                           int64_t i_block, const x_row *x, vec *chain) {
    const int n_sub = SXT_PACKED_BLOCK / l.sub, n_steps = l.sub / 4, steps = dot_steps(l);
    PACKED_UNROLL for (int s = 0; s < n_sub; s++) {
        ivec dot[TILE_X_ROWS * TILE_VECS];
        PACKED_UNROLL for (int r = 0; r < n_x; r++) PACKED_UNROLL for (int v = 0; v < n_v; v++)
            dot[r * TILE_VECS + v] = dot_start(l, x[r].sum + 4 * (i_block * n_sub + s));
        PACKED_UNROLL for (int j = s * n_steps; j < (s + 1) * n_steps; j += steps) {
            ivec part[TILE_X_ROWS * TILE_VECS];
            PACKED_UNROLL for (int i = 0; i < n_x * TILE_VECS; i++) if (i % TILE_VECS < n_v) part[i] =
                ivec_dot_begin(dot[i]);
            PACKED_UNROLL for (int i = j; i < j + steps; i++) {
                ivec w[TILE_VECS];
                PACKED_UNROLL for (int v = 0; v < n_v; v++) w[v] = ivec_load(panel->values[b][i][v]);
                PACKED_UNROLL for (int r = 0; r < n_x; r++) {
                    ivec four = four_columns(x[r].q + i_block * SXT_PACKED_BLOCK + 4 * i);
                    PACKED_UNROLL for (int v = 0; v < n_v; v++) part[r * TILE_VECS + v] =
                        dot_step(l, part[r * TILE_VECS + v], w[v], four);
                }
            }
            PACKED_UNROLL for (int i = 0; i < n_x * TILE_VECS; i++) if (i % TILE_VECS < n_v) dot[i] =
                ivec_dot_end(dot[i], part[i]);
        }
        PACKED_UNROLL for (int r = 0; r < n_x; r++) {
            vec x_scale = vec_set(x[r].scale[i_block * SXT_PACKED_BLOCK / l.span]);
            PACKED_UNROLL for (int v = 0; v < n_v; v++) {
                vec *c = &chain[r * TILE_VECS + v];
                *c = add_dot(l, *c, dot[r * TILE_VECS + v], vec_load(panel->scale[b][s][v]), x_scale);
                if (sxt_packed_has_minima(l))
                    *c = vec_fma(vec_load(panel->minimum[b][s][v]), x_sum(x[r].sum + 4 * (i_block * n_sub + s)),
                                 *c);
            }
        }
    }
}

/* A tile over a panel of n_blocks blocks, the first of which is block i_first of the row; sums: the tile's
 * chains, not read when the panel is the first. */
SXT_INLINE void tile_panel(sxt_packed_layout l, int n_x, int n_v, const packed_panel *panel, int n_blocks,
                           int64_t i_first, const x_row *x, fetch_plan ahead, float *sums) {
    vec chain[TILE_X_ROWS * TILE_VECS];
    PACKED_UNROLL for (int i = 0; i < n_x * TILE_VECS; i++) chain[i] =
        i_first == 0 || l.span == SXT_PACKED_RECORD ? vec_set(0) : vec_load(sums + i * VEC_LANES);
    for (int b = 0; b < n_blocks; b++) {
        PACKED_UNROLL for (int g = 0; g < n_v / GROUP_VECS; g++) for (int line = 0; line < ahead.lines; line++)
            __builtin_prefetch(ahead.at[g] + ((size_t)b * (size_t)ahead.lines + (size_t)line) * 64);
        tile_block(l, n_x, n_v, panel, b, i_first + b, x, chain);
        if (l.span != SXT_PACKED_RECORD || b % SXT_PACKED_RECORD_BLOCKS != SXT_PACKED_RECORD_BLOCKS - 1)
            continue;
        int64_t i_record = (i_first + b) / SXT_PACKED_RECORD_BLOCKS;
        PACKED_UNROLL for (int i = 0; i < n_x * TILE_VECS; i++) {
            if (i % TILE_VECS >= n_v) continue;
            vec before = i_record == 0 ? vec_set(0) : vec_load(sums + i * VEC_LANES);
            vec_store(sums + i * VEC_LANES,
                      vec_fma(chain[i], vec_set(x[i / TILE_VECS].scale[i_record]), before));
            chain[i] = vec_set(0);
        }
    }
    if (l.span == SXT_PACKED_RECORD) return;
    PACKED_UNROLL for (int i = 0; i < n_x * TILE_VECS; i++) if (i % TILE_VECS < n_v)
        vec_store(sums + i * VEC_LANES, chain[i]);
}

typedef struct packed_product {
    const uint8_t *groups, *rows;
    int64_t n_out, n_in, n_rows;
    float *y;
    int64_t ldy;
    packed_panel *panel;
} packed_product;

/* Rows of x as tiles: n_full of TILE_X_ROWS, then n_less of TILE_FEWER_ROWS; the last one may repeat its last
 * row. */
typedef struct row_tiles {
    int64_t n_full, n_less;
} row_tiles;

SXT_INLINE int64_t tiled_rows(row_tiles t) { return t.n_full * TILE_X_ROWS + t.n_less * TILE_FEWER_ROWS; }

static row_tiles cut_rows(int64_t n_rows) {
    row_tiles best = {(n_rows + TILE_X_ROWS - 1) / TILE_X_ROWS, 0};
    for (int64_t n_less = 1; n_less <= 2; n_less++) {
        int64_t rest = sxt_max_i64(0, n_rows - n_less * TILE_FEWER_ROWS);
        row_tiles tiles = {(rest + TILE_X_ROWS - 1) / TILE_X_ROWS, n_less};
        if (tiled_rows(tiles) < tiled_rows(best)) best = tiles;
    }
    return best;
}

typedef struct tile_place {
    int64_t tile, row; /* of the tile; in it */
} tile_place;

SXT_INLINE tile_place place_of_row(row_tiles t, int64_t r) {
    int64_t past = r - t.n_full * TILE_X_ROWS;
    if (past < 0) return (tile_place){r / TILE_X_ROWS, r % TILE_X_ROWS};
    return (tile_place){t.n_full + past / TILE_FEWER_ROWS, past % TILE_FEWER_ROWS};
}

/* What stays the same for all tiles of a panel. */
typedef struct panel_step {
    int n_blocks;
    int64_t i_first;     /* block */
    const uint8_t *next; /* packed bytes that come after: of the first group */
    size_t group_bytes;
    int n_lines, lines; /* to fetch of a group: all; with every block */
} panel_step;

/* n_x rows from `row` on, tile number i_tile. */
SXT_INLINE void one_tile(sxt_packed_layout l, int n_x, int n_v, const packed_product *p, const panel_step *step,
                         int64_t i_tile, int64_t row) {
    x_row x[TILE_X_ROWS];
    const int64_t fetched = i_tile * step->n_blocks * step->lines;
    fetch_plan ahead = {.lines = fetched < step->n_lines ? step->lines : 0};
    for (int g = 0; g < n_v / GROUP_VECS; g++)
        ahead.at[g] = step->next + (size_t)g * step->group_bytes + (size_t)fetched * 64;
    for (int r = 0; r < n_x; r++) x[r] = x_row_at(l, p->rows, p->n_in, sxt_min_i64(row + r, p->n_rows - 1));
    tile_panel(l, n_x, n_v, p->panel, step->n_blocks, step->i_first, x, ahead, p->panel->sums[i_tile][0][0]);
}

/* All rows of x with the unpacked panel. */
SXT_INLINE void all_tiles(sxt_packed_layout l, int n_v, const packed_product *p, row_tiles tiles,
                          panel_step step) {
    const int64_t n_steps = (tiles.n_full + tiles.n_less) * step.n_blocks;
    step.n_lines = (step.n_blocks * sxt_packed_block_bytes(l) + 2 * l.scale_bytes) / 64;
    step.lines = (int)((step.n_lines + n_steps - 1) / n_steps);
    for (int64_t t = 0; t < tiles.n_full; t++) one_tile(l, TILE_X_ROWS, n_v, p, &step, t, t * TILE_X_ROWS);
    for (int64_t t = 0; t < tiles.n_less; t++)
        one_tile(l, TILE_FEWER_ROWS, n_v, p, &step, tiles.n_full + t,
                 tiles.n_full * TILE_X_ROWS + t * TILE_FEWER_ROWS);
}

static void store_panel_sums(const packed_product *p, row_tiles tiles, int64_t first_out, int n_groups) {
    for (int64_t r = 0; r < p->n_rows; r++) {
        tile_place at = place_of_row(tiles, r);
        for (int g = 0; g < n_groups; g++) {
            int64_t o = first_out + g * SXT_PACKED_ROWS;
            const float *sums = p->panel->sums[at.tile][at.row][g * GROUP_VECS];
            store_outputs(p->y + r * p->ldy + o, sums, p->n_out - o);
        }
    }
}

/* n_groups groups from first_group on, all columns. */
SXT_INLINE void panel_product(sxt_packed_layout l, int n_groups, const packed_product *p, int64_t first_group) {
    const size_t group_bytes = sxt_packed_group_bytes(l, p->n_in);
    const uint8_t *first = p->groups + (size_t)first_group * group_bytes;
    const row_tiles tiles = cut_rows(p->n_rows);
    int64_t n_blocks = p->n_in / SXT_PACKED_BLOCK;
    for (int64_t b = 0; b < n_blocks; b += PANEL_BLOCKS) {
        int n = (int)sxt_min_i64(PANEL_BLOCKS, n_blocks - b);
        const uint8_t *at = first + sxt_packed_group_bytes(l, b * SXT_PACKED_BLOCK);
        const uint8_t *next = b + n < n_blocks ? first + sxt_packed_group_bytes(l, (b + n) * SXT_PACKED_BLOCK)
                                               : first + (size_t)n_groups * group_bytes;
        unpack_panel(l, at, group_bytes, n_groups, n, p->panel);
        panel_step step = {.n_blocks = n, .i_first = b, .next = next, .group_bytes = group_bytes};
        all_tiles(l, n_groups * GROUP_VECS, p, tiles, step);
    }
    store_panel_sums(p, tiles, first_group * SXT_PACKED_ROWS, n_groups);
}

/* Panels are TILE_GROUPS wide, the last ones narrower. */
SXT_INLINE void many_rows(sxt_packed_layout l, const packed_product *p) {
    int64_t n_groups = (p->n_out + SXT_PACKED_ROWS - 1) / SXT_PACKED_ROWS, g = 0;
    for (; g + TILE_GROUPS <= n_groups; g += TILE_GROUPS) panel_product(l, TILE_GROUPS, p, g);
    for (; g < n_groups; g++) panel_product(l, 1, p, g);
}

/* ---- Rows of x to int8 ------------------------------------------------------------------------ */

/* The scales of VEC_LANES spans at a time. */
typedef struct span_scales {
    float scale[VEC_LANES], inverse[VEC_LANES];
} span_scales;

/* fault becomes NaN when one of the values is not finite. */
SXT_INLINE float largest_magnitude(const float *x, int n, vec *fault) {
    vec top = vec_set(0);
    PACKED_UNROLL for (int i = 0; i < n; i += VEC_LANES) {
        vec value = vec_load(x + i);
        top = vec_max(vec_max(value, vec_sub(vec_set(0), value)), top); /* the second where one is NaN */
        *fault = vec_fma(value, vec_set(0), *fault);
    }
    return vec_largest(top);
}

/* Values so small that 127 / largest would overflow count as zero. */
SXT_INLINE void find_scales(sxt_packed_layout l, const float *x, int64_t n_spans, span_scales *s, vec *fault) {
    float largest[VEC_LANES] = {0};
    for (int64_t i = 0; i < n_spans; i++) largest[i] = largest_magnitude(x + i * l.span, l.span, fault);
    vec top = vec_load(largest), lowest = vec_set(1e-30f), zero = vec_set(0), steps = vec_set(127);
    vec_store(s->scale, vec_where_less(lowest, top, vec_div(top, steps), zero));
    vec_store(s->inverse, vec_where_less(lowest, top, vec_div(steps, top), zero));
}

/* n values times inverse to int8, round to nearest even; returns lanes of their sum. What is out of range or
 * NaN is clamped first, so the conversion is always defined. */
SXT_INLINE vec quantize_run(const float *x, int n, float inverse, int8_t *q) {
    const vec magic = vec_set(0x1.8p23f); /* the low bits of magic + t are t, rounded */
    vec sum = vec_set(0);
    PACKED_UNROLL for (int i = 0; i < n; i += VEC_LANES) {
        vec t = vec_mul(vec_load(x + i), vec_set(inverse));
        t = vec_add(vec_min(vec_max(t, vec_set(-127)), vec_set(127)), magic);
        vec_store_low_bytes(q + i, t);
        sum = vec_add(sum, vec_sub(t, magic));
    }
    return sum;
}

/* What packed.h calls the four bytes of a sub-block: sums, n <= 4 of them, of columns from k on. */
SXT_INLINE void store_sums(sxt_packed_layout l, const vec *lanes, int n, const float *scale, uint8_t *to) {
    float sums[4];
    vec_sum4(lanes, sums);
    for (int i = 0; i < n; i++) {
        int32_t start = (int32_t)sums[i] * -l.offset;
        if (l.span == SXT_PACKED_BLOCK) sums[i] *= scale[i];
        if (sxt_packed_has_minima(l))
            memcpy(to + 4 * i, &sums[i], sizeof sums[i]);
        else
            memcpy(to + 4 * i, &start, sizeof start);
    }
}

SXT_INLINE void quantize_row(sxt_packed_layout l, const float *x, int64_t n_in, uint8_t *row) {
    int8_t *q = (int8_t *)row;
    float *scale = (float *)(void *)(row + n_in);
    uint8_t *sums = row + sxt_packed_sums_at(l, n_in);
    vec fault = vec_set(0);
    for (int64_t first = 0; first < n_in; first += VEC_LANES * l.span) {
        const int64_t columns = sxt_min_i64(VEC_LANES * l.span, n_in - first), n_runs = columns / l.sub;
        span_scales s;
        find_scales(l, x + first, columns / l.span, &s, &fault);
        memcpy(scale + first / l.span, s.scale, (size_t)(columns / l.span) * sizeof(float));
        for (int64_t i = 0; i < n_runs; i += 4) {
            vec lanes[4];
            for (int64_t j = 0; j < 4; j++) {
                const int64_t run = sxt_min_i64(i + j, n_runs - 1), k = run * l.sub;
                lanes[j] = quantize_run(x + first + k, l.sub, s.inverse[k / l.span], q + first + k);
            }
            store_sums(l, lanes, (int)sxt_min_i64(4, n_runs - i), s.scale + i * l.sub / l.span,
                       sums + (first / l.sub + i) * 4);
        }
    }
    scale[0] += vec_sum(fault); /* it is part of every product */
}

/* ---- One set of functions for each kind ------------------------------------------------------- */

#define PACKED_KINDS(each)                                                                                     \
    each(Q8_0) each(Q4_0) each(Q4_1) each(Q5_0) each(Q5_1) each(Q2_K) each(Q3_K) each(Q4_K) each(Q5_K)         \
        each(Q6_K) each(IQ4_NL) each(IQ4_XS)

#define PACKED_FUNCTIONS(kind)                                                                                 \
    SXT_APART void few_##kind(const packed_product *p) {                                                       \
        sxt_packed_layout l = sxt_packed_layout_of(SXT_PACKED_##kind);                                         \
        if (p->n_rows == 1)                                                                                    \
            few_rows(l, 1, p->groups, p->n_out, p->n_in, p->rows, 1, p->y, p->ldy);                            \
        else                                                                                                   \
            few_rows(l, FEW_X_ROWS, p->groups, p->n_out, p->n_in, p->rows, p->n_rows, p->y, p->ldy);           \
    }                                                                                                          \
    SXT_APART void many_##kind(const packed_product *p) {                                                      \
        many_rows(sxt_packed_layout_of(SXT_PACKED_##kind), p);                                                 \
    }
PACKED_KINDS(PACKED_FUNCTIONS)
#undef PACKED_FUNCTIONS

static void (*const packed_few[SXT_PACKED_KINDS])(const packed_product *p) = {
#define PACKED_ENTRY(kind) [SXT_PACKED_##kind] = few_##kind,
    PACKED_KINDS(PACKED_ENTRY)
#undef PACKED_ENTRY
};
static void (*const packed_many[SXT_PACKED_KINDS])(const packed_product *p) = {
#define PACKED_ENTRY(kind) [SXT_PACKED_##kind] = many_##kind,
    PACKED_KINDS(PACKED_ENTRY)
#undef PACKED_ENTRY
};

static void packed_gemm(sxt_packed_kind kind, const void *groups, const void *rows, float *y, int64_t ldy,
                        int64_t n_rows, int64_t n_out, int64_t n_in, void *scratch) {
    packed_product p = {groups, rows, n_out, n_in, n_rows, y, ldy, scratch};
    if (n_rows <= FEW_X_ROWS)
        packed_few[kind](&p);
    else
        packed_many[kind](&p);
}

static void packed_quantize(sxt_packed_kind kind, const float *x, int64_t n_rows, int64_t n_in, void *rows) {
    sxt_packed_layout l = sxt_packed_layout_of(kind);
    for (int64_t r = 0; r < n_rows; r++)
        quantize_row(l, x + r * n_in, n_in, (uint8_t *)rows + (size_t)r * sxt_packed_row_bytes(l, n_in));
}

#endif
