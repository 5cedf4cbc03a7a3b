/* Packed weights: what every level computes from them, against double precision from the values that the type's
 * own unpacking gives; the same bits for a row alone and among others, and for all levels with a fused
 * multiply-add. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/memory.h"
#include "base/num.h"
#include "kernel/every_level.h"
#include "kernel/fenced.h"
#include "kernel/half.h"
#include "tensor/packed.h"

#include <math.h>

static const uint32_t types[] = {SXT_TYPE_Q8_0, SXT_TYPE_Q4_0, SXT_TYPE_Q4_1,   SXT_TYPE_Q5_0,
                                 SXT_TYPE_Q5_1, SXT_TYPE_Q2_K, SXT_TYPE_Q3_K,   SXT_TYPE_Q4_K,
                                 SXT_TYPE_Q5_K, SXT_TYPE_Q6_K, SXT_TYPE_IQ4_NL, SXT_TYPE_IQ4_XS};
enum { N_TYPES = sizeof types / sizeof types[0] };

/* Byte offsets of a block's f16 fields; -1: none. */
static void scale_offsets(sxt_type type, int at[2]) {
    at[0] = 0;
    at[1] = -1;
    switch (type) {
    case SXT_TYPE_Q4_1:
    case SXT_TYPE_Q5_1:
    case SXT_TYPE_Q4_K:
    case SXT_TYPE_Q5_K: at[1] = 2; break;
    case SXT_TYPE_Q2_K: at[0] = 80, at[1] = 82; break;
    case SXT_TYPE_Q3_K: at[0] = 108; break;
    case SXT_TYPE_Q6_K: at[0] = 208; break;
    default: break;
    }
}

typedef enum filling { RANDOM, ALL_ZERO_BITS, ALL_ONE_BITS, SIGN_BITS, WILD_SCALES, N_FILLINGS } filling;

static void fill_blocks(const sxt_type_traits *traits, filling kind, sxt_rng *rng, uint8_t *blocks,
                        size_t bytes) {
    static const float wild[] = {65504.0f, -65504.0f, 6e-8f, -6e-8f, 0.0f, 6.1e-5f, -1.0f};
    static const int fixed[N_FILLINGS] = {-1, 0x00, 0xff, 0x80, -1};
    for (size_t i = 0; i < bytes; i++)
        blocks[i] = (uint8_t)(fixed[kind] < 0 ? (int)(sxt_rng_u32(rng) & 255) : fixed[kind]);
    int at[2];
    scale_offsets(traits->type, at);
    for (size_t b = 0; b < bytes; b += traits->block_bytes) {
        for (int i = 0; i < 2; i++) {
            if (at[i] < 0) continue;
            float value = (float)(0.001 + 0.02 * sxt_rng_unit(rng));
            if (kind == WILD_SCALES) value = wild[sxt_rng_u32(rng) % 7];
            uint16_t half = sxt_f16_bits(value);
            memcpy(blocks + b + at[i], &half, 2);
        }
    }
}

typedef struct matrix {
    sxt_tensor tensor;
    sxt_packed_kind kind;
    sxt_packed_layout layout;
    int64_t n_out, n_in;
    fenced stored, groups;
    float *values;  /* (n_out, n_in) */
    float *largest; /* (n_out) magnitude of its values, and of its minima */
} matrix;

static matrix matrix_new(uint32_t type, filling kind, sxt_rng *rng, int64_t n_out, int64_t n_in) {
    const sxt_type_traits *traits = sxt_type_find(type);
    assert_non_null(traits);
    matrix m = {.tensor = {.name = "w", .traits = traits, .n_dims = 2, .dims = {n_out, n_in}}, .n_out = n_out};
    m.n_in = n_in;
    assert_true(sxt_type_bytes(traits, (uint64_t)n_out, (uint64_t)n_in, &m.tensor.n_bytes));
    m.stored = fenced_new((size_t)m.tensor.n_bytes);
    m.tensor.data = m.stored.data;
    fill_blocks(traits, kind, rng, m.stored.data, (size_t)m.tensor.n_bytes);
    m.values = sxt_alloc((size_t)(n_out * n_in), sizeof(float));
    m.largest = sxt_alloc((size_t)n_out, sizeof(float));
    assert_true(m.values && m.largest);
    traits->unpack(m.tensor.data, m.values, n_out * n_in);
    for (int64_t i = 0; i < n_out * n_in; i++)
        m.largest[i / n_in] = fmaxf(m.largest[i / n_in], fabsf(m.values[i]));
    m.kind = sxt_packed_kind_of(&m.tensor);
    assert_int_not_equal(m.kind, SXT_PACKED_NONE);
    m.layout = sxt_packed_layout_of(m.kind);
    size_t group_bytes = sxt_packed_tensor_group_bytes(&m.tensor);
    int64_t n_groups = sxt_packed_n_groups(&m.tensor);
    m.groups = fenced_new((size_t)n_groups * group_bytes);
    memset(m.groups.data, 0, (size_t)n_groups * group_bytes);
    /* One at a time, backwards: tasks pack in any order. */
    for (int64_t g = n_groups; g-- > 0;)
        sxt_packed_fill(&m.tensor, g, 1, (uint8_t *)m.groups.data + (size_t)g * group_bytes);
    assert_true(fenced_whole(&m.groups));
    return m;
}

static void matrix_free(matrix *m) {
    fenced_free(&m->stored);
    fenced_free(&m->groups);
    sxt_free(m->values);
    sxt_free(m->largest);
}

/* The rows of x as integers; checked against the definition. */
static fenced quantize(const sxt_kernels *level, const matrix *m, const float *x, int64_t n_rows) {
    const sxt_packed_layout l = m->layout;
    size_t row_bytes = sxt_packed_row_bytes(l, m->n_in);
    fenced rows = fenced_new((size_t)n_rows * row_bytes);
    level->packed_quantize(m->kind, x, n_rows, m->n_in, rows.data);
    assert_true(fenced_whole(&rows));
    for (int64_t r = 0; r < n_rows; r++) {
        const uint8_t *row = (const uint8_t *)rows.data + (size_t)r * row_bytes;
        const float *scale = (const float *)(const void *)(row + m->n_in);
        for (int64_t k = 0; k < m->n_in; k += l.span) {
            float largest = 0;
            for (int64_t i = k; i < k + l.span; i++) largest = fmaxf(largest, fabsf(x[r * m->n_in + i]));
            assert_true(scale[k / l.span] == (largest > 1e-30f ? largest / 127 : 0));
            for (int64_t i = k; i < k + l.span; i++) {
                double exact = largest > 1e-30f ? (double)x[r * m->n_in + i] / largest * 127 : 0;
                int q = ((const int8_t *)row)[i];
                assert_true(q >= -127 && fabs(q - exact) <= 0.5001);
            }
        }
        for (int64_t k = 0; k < m->n_in; k += l.sub) {
            int sum = 0;
            for (int64_t i = k; i < k + l.sub; i++) sum += ((const int8_t *)row)[i];
            const uint8_t *at = row + sxt_packed_sums_at(l, m->n_in) + 4 * (k / l.sub);
            int32_t start = -l.offset * sum;
            float real = (float)sum * (l.span == 32 ? scale[k / l.span] : 1);
            if (sxt_packed_has_minima(l))
                assert_memory_equal(at, &real, 4);
            else
                assert_memory_equal(at, &start, 4);
        }
    }
    return rows;
}

static void assert_close(const matrix *m, const uint8_t *rows, int64_t n_rows, const float *y, int64_t ldy) {
    size_t row_bytes = sxt_packed_row_bytes(m->layout, m->n_in);
    for (int64_t r = 0; r < n_rows; r++) {
        const int8_t *q = (const int8_t *)rows + (size_t)r * row_bytes;
        const float *scale = (const float *)(const void *)(q + m->n_in);
        for (int64_t o = 0; o < m->n_out; o++) {
            double sum = 0, size = 0;
            for (int64_t k = 0; k < m->n_in; k++) {
                double x = (double)q[k] * scale[k / m->layout.span];
                sum += x * m->values[o * m->n_in + k];
                size += fabs(x);
            }
            double bound = ((double)m->n_in / 16 + 8) * 0x1p-23 * size * m->largest[o] + 1e-36;
            assert_true(fabs(y[r * ldy + o] - sum) <= bound);
        }
    }
}

enum { GAP = 5 }; /* between rows of y */

/* All of y, and nothing beside it, is written. */
static fenced product(const sxt_kernels *level, const matrix *m, const fenced *rows, int64_t n_rows) {
    int64_t ldy = m->n_out + GAP, n = (n_rows - 1) * ldy + m->n_out;
    fenced y = fenced_new(sizeof(float) * (size_t)n), scratch = fenced_new(SXT_PACKED_SCRATCH);
    memset(y.data, 0xa5, sizeof(float) * (size_t)n);
    level->packed_gemm(m->kind, m->groups.data, rows->data, y.data, ldy, n_rows, m->n_out, m->n_in,
                       scratch.data);
    const uint8_t *bytes = y.data;
    for (int64_t r = 0; r + 1 < n_rows; r++)
        for (size_t i = 0; i < GAP * sizeof(float); i++)
            assert_int_equal(bytes[sizeof(float) * (size_t)(r * ldy + m->n_out) + i], 0xa5);
    assert_true(fenced_whole(&y) && fenced_whole(&scratch));
    fenced_free(&scratch);
    return y;
}

/* Every row alone, and every way to cut the first rows off. */
static void assert_same_alone(const sxt_kernels *level, const matrix *m, const fenced *rows, int64_t n_rows,
                              const float *y) {
    size_t row_bytes = sxt_packed_row_bytes(m->layout, m->n_in);
    static const int64_t steps[] = {1, 3, 5};
    for (int i = 0; i < 3; i++) {
        for (int64_t r = 0; r < n_rows; r += steps[i]) {
            int64_t n = sxt_min_i64(steps[i], n_rows - r), ldy = m->n_out + GAP;
            fenced part = {.data = (uint8_t *)rows->data + (size_t)r * row_bytes};
            fenced again = product(level, m, &part, n);
            for (int64_t j = 0; j < n; j++)
                assert_memory_equal((const float *)again.data + j * ldy, y + (r + j) * ldy,
                                    sizeof(float) * (size_t)m->n_out);
            fenced_free(&again);
        }
    }
}

static void check_x(const matrix *m, const float *x, int64_t n_rows) {
    const sxt_kernels *found[MAX_LEVELS];
    int n_levels = levels(found), ldy = (int)(m->n_out + GAP);
    fenced first_rows = {0}, first_fused = {0};
    size_t rows_bytes = (size_t)n_rows * sxt_packed_row_bytes(m->layout, m->n_in);
    size_t used = sxt_packed_sums_at(m->layout, m->n_in) + (size_t)(m->n_in / m->layout.sub * 4);
    for (int i = 0; i < n_levels; i++) {
        fenced rows = quantize(found[i], m, x, n_rows);
        fenced y = product(found[i], m, &rows, n_rows);
        assert_close(m, rows.data, n_rows, y.data, ldy);
        if (n_rows > 1) assert_same_alone(found[i], m, &rows, n_rows, y.data);
        if (!first_rows.data) {
            first_rows = rows;
        } else {
            for (size_t r = 0; r < rows_bytes; r += rows_bytes / (size_t)n_rows)
                assert_memory_equal((uint8_t *)rows.data + r, (uint8_t *)first_rows.data + r, used);
            fenced_free(&rows);
        }
        if (strcmp(found[i]->name, "scalar") != 0 && first_fused.data) {
            for (int64_t r = 0; r < n_rows; r++)
                assert_memory_equal((float *)y.data + r * ldy, (float *)first_fused.data + r * ldy,
                                    sizeof(float) * (size_t)m->n_out);
        }
        if (strcmp(found[i]->name, "scalar") != 0 && !first_fused.data)
            first_fused = y;
        else
            fenced_free(&y);
    }
    if (first_fused.data) fenced_free(&first_fused);
    fenced_free(&first_rows);
}

static void check(uint32_t type, filling kind, int64_t n_rows, int64_t n_out, int64_t n_in) {
    sxt_rng rng = sxt_rng_make(type * 31 + (uint32_t)kind);
    matrix m = matrix_new(type, kind, &rng, n_out, n_in);
    fenced x = fenced_new(sizeof(float) * (size_t)(n_rows * n_in));
    fill_values(&rng, x.data, n_rows * n_in);
    check_x(&m, x.data, n_rows);
    fenced_free(&x);
    matrix_free(&m);
}

/* Groups that are not full, rows that fill no tile, columns that fill no record or no panel. */
static void test_every_type(void **state) {
    (void)state;
    for (int i = 0; i < N_TYPES; i++) {
        int64_t block = sxt_type_find(types[i])->block;
        check(types[i], RANDOM, 1, 1, block);
        check(types[i], RANDOM, 5, 33, 3 * block);
        check(types[i], RANDOM, 14, 70, 768);
        check(types[i], RANDOM, 3, 49, 1280);
        check(types[i], RANDOM, 9, 16, 5 * block);
    }
}

static void test_blocks_that_fill_no_record(void **state) {
    (void)state;
    for (int i = 0; i < N_TYPES; i++)
        for (int64_t n_in = 32; sxt_type_find(types[i])->block == 32 && n_in < 700; n_in += 96)
            check(types[i], RANDOM, 6, 17, n_in);
}

static void test_hostile_blocks(void **state) {
    (void)state;
    for (int i = 0; i < N_TYPES; i++)
        for (int kind = ALL_ZERO_BITS; kind < N_FILLINGS; kind++) check(types[i], (filling)kind, 6, 20, 512);
}

static void test_hostile_rows(void **state) {
    (void)state;
    for (int i = 0; i < N_TYPES; i++) {
        sxt_rng rng = sxt_rng_make(7);
        matrix m = matrix_new(types[i], ALL_ONE_BITS, &rng, 18, 512);
        float x[6 * 512];
        static const float all[6] = {1, -1, 0, 1e-38f, 3e37f, -1e-30f};
        for (int k = 0; k < 6 * 512; k++) x[k] = k % 2 ? all[k / 512] : all[k / 512] * (k / 512 > 2 ? -1 : 1);
        for (int64_t o = 0; o < 18; o++) assert_true(isfinite(m.largest[o]));
        check_x(&m, x, 4);
        check_x(&m, x + 5 * 512, 1);
        matrix_free(&m);
    }
}

/* What is not a number stays so, in its row alone. */
static void test_faults_in_x(void **state) {
    (void)state;
    const sxt_kernels *found[MAX_LEVELS];
    int n_levels = levels(found);
    static const float faults[] = {NAN, INFINITY, -INFINITY};
    for (int i = 0; i < N_TYPES * n_levels; i++) {
        const sxt_kernels *level = found[i / N_TYPES];
        sxt_rng rng = sxt_rng_make(9);
        matrix m = matrix_new(types[i % N_TYPES], RANDOM, &rng, 20, 512);
        size_t bytes = 6 * sxt_packed_row_bytes(m.layout, 512);
        float x[6 * 512], y[2][6 * 20];
        fill_values(&rng, x, 6 * 512);
        uint8_t *rows = sxt_alloc(bytes, 1), *scratch = sxt_alloc_pages(SXT_PACKED_SCRATCH);
        assert_true(rows && scratch);
        for (int with = 0; with < 2; with++) {
            for (int f = 0; with && f < 3; f++) x[(2 * f) * 512 + 100 + f] = faults[f];
            level->packed_quantize(m.kind, x, 6, 512, rows);
            level->packed_gemm(m.kind, m.groups.data, rows, y[with], 20, 6, 20, 512, scratch);
        }
        for (int o = 0; o < 6 * 20; o++) {
            if (o / 20 % 2 == 0)
                assert_true(isnan(y[1][o]));
            else
                assert_memory_equal(&y[0][o], &y[1][o], sizeof(float));
        }
        sxt_free(rows);
        sxt_free_pages(scratch, SXT_PACKED_SCRATCH);
        matrix_free(&m);
    }
}

/* The most rows that a product takes. */
static void test_many_rows(void **state) {
    (void)state;
    check(SXT_TYPE_Q4_0, RANDOM, SXT_PACKED_MAX_ROWS, 64, 64);
    check(SXT_TYPE_Q4_K, RANDOM, SXT_PACKED_MAX_ROWS - 1, 50, 256);
}

static void test_what_is_not_packed(void **state) {
    (void)state;
    sxt_tensor w = {.traits = sxt_type_find(SXT_TYPE_F16), .n_dims = 2, .dims = {64, 64}};
    assert_int_equal(sxt_packed_kind_of(&w), SXT_PACKED_NONE);
    w.traits = sxt_type_find(SXT_TYPE_Q4_0);
    assert_int_equal(sxt_packed_kind_of(&w), SXT_PACKED_Q4_0);
    w.dims[1] = 65;
    assert_int_equal(sxt_packed_kind_of(&w), SXT_PACKED_NONE);
    w.n_dims = 1;
    assert_int_equal(sxt_packed_kind_of(&w), SXT_PACKED_NONE);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_type),         cmocka_unit_test(test_blocks_that_fill_no_record),
        cmocka_unit_test(test_hostile_blocks),     cmocka_unit_test(test_hostile_rows),
        cmocka_unit_test(test_faults_in_x),        cmocka_unit_test(test_many_rows),
        cmocka_unit_test(test_what_is_not_packed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
