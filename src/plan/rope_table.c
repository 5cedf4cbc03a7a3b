/* cos and sin of every position in use, from double angles. */
#include "base/memory.h"
#include "base/num.h"
#include "plan/rope_frequencies.h"

#include <math.h>
#include <string.h>

/* Row r stands for position r * unit. */
typedef struct row_table {
    double unit;
    int64_t n_rows;
    float *rows;     /* (n_rows, n_rot): cos (n_rot / 2), then sin (n_rot / 2) */
    uint32_t *pairs; /* (n_rows, n_rot / 2), in the same pages */
} row_table;

struct sxt_rope {
    int32_t n_rot;
    bool interleaved;
    double mscale;
    row_table whole, other; /* of unit 1, of another */
    double theta[];         /* (n_rot / 2) */
};

sxt_status sxt_rope_new(const sxt_rope_params *params, sxt_rope **rope, sxt_error *error) {
    SXT_TRY(sxt_rope_check(params, error));
    size_t bytes = sizeof(sxt_rope) + (size_t)(params->n_rot / 2) * sizeof(double);
    sxt_rope *made = sxt_alloc(1, bytes);
    if (!made) return sxt_fail_memory(error, "rotary frequencies", bytes);
    made->n_rot = params->n_rot;
    made->interleaved = params->interleaved;
    made->whole.unit = made->other.unit = 1;
    sxt_rope_fill_frequencies(params, made->theta, &made->mscale);
    *rope = made;
    return SXT_OK;
}

static void free_table(const sxt_rope *rope, row_table *table) {
    if (table->rows) sxt_free_pages(table->rows, (size_t)sxt_rope_bytes(rope, table->n_rows));
    table->rows = NULL;
    table->n_rows = 0;
}

void sxt_rope_free(sxt_rope *rope) {
    if (!rope) return;
    free_table(rope, &rope->whole);
    free_table(rope, &rope->other);
    sxt_free(rope);
}

int32_t sxt_rope_n_rot(const sxt_rope *rope) { return rope->n_rot; }

bool sxt_rope_interleaved(const sxt_rope *rope) { return rope->interleaved; }

const double *sxt_rope_frequencies(const sxt_rope *rope) { return rope->theta; }

double sxt_rope_mscale(const sxt_rope *rope) { return rope->mscale; }

bool sxt_rope_same(const sxt_rope *a, const sxt_rope *b) {
    return a->n_rot == b->n_rot && a->interleaved == b->interleaved && a->mscale == b->mscale &&
           memcmp(a->theta, b->theta, (size_t)(a->n_rot / 2) * sizeof *a->theta) == 0;
}

/* The angle must be a double: position * theta in float is off by 1e-3 and more at 32K tokens. */
void sxt_rope_fill(const sxt_rope *rope, double position, float *row, uint32_t *pairs) {
    const double one = 1 << 14;
    int32_t half = rope->n_rot / 2;
    for (int32_t p = 0; p < half; p++) {
        double angle = position * rope->theta[p], c = cos(angle), s = sin(angle);
        if (row) row[p] = (float)(c * rope->mscale);
        if (row) row[half + p] = (float)(s * rope->mscale);
        if (pairs) pairs[p] = ((uint32_t)lrint(c * one) & 0xffffu) | (uint32_t)lrint(s * one) << 16;
    }
}

/* A row of floats and one of pairs. */
uint64_t sxt_rope_row_bytes(int32_t n_rot) {
    return (uint64_t)n_rot * sizeof(float) + (uint64_t)(n_rot / 2) * sizeof(uint32_t);
}

uint64_t sxt_rope_bytes(const sxt_rope *rope, int64_t n_positions) {
    uint64_t bytes;
    if (n_positions <= 0) return 0;
    return sxt_mul_ok((uint64_t)n_positions + 1, sxt_rope_row_bytes(rope->n_rot), &bytes) ? bytes : UINT64_MAX;
}

static sxt_status grow_table(const sxt_rope *rope, row_table *table, int64_t n_rows, sxt_error *error) {
    int64_t n_old = table->n_rows, n_rot = rope->n_rot, half = n_rot / 2;
    if (n_rows <= n_old) return SXT_OK;
    uint64_t bytes = sxt_rope_bytes(rope, n_rows);
    float *rows = bytes <= SIZE_MAX ? sxt_alloc_pages((size_t)bytes) : NULL;
    if (!rows) return sxt_fail_memory(error, "the table of rotary positions", bytes);
    uint32_t *pairs = (uint32_t *)(void *)(rows + n_rows * n_rot);
    if (n_old > 0) {
        memcpy(rows, table->rows, (size_t)(n_old * n_rot) * sizeof *rows);
        memcpy(pairs, table->pairs, (size_t)(n_old * half) * sizeof *pairs);
    }
    free_table(rope, table);
    table->rows = rows;
    table->pairs = pairs;
    table->n_rows = n_rows;
    for (int64_t i = n_old; i < n_rows; i++)
        sxt_rope_fill(rope, (double)i * table->unit, rows + i * n_rot, pairs + i * half);
    return SXT_OK;
}

sxt_status sxt_rope_reserve(sxt_rope *rope, int64_t n_positions, sxt_error *error) {
    return grow_table(rope, &rope->whole, n_positions, error);
}

sxt_status sxt_rope_reserve_unit(sxt_rope *rope, double unit, int64_t n_rows, sxt_error *error) {
    if (unit == 1) return sxt_rope_reserve(rope, n_rows, error);
    if (rope->other.unit != unit) free_table(rope, &rope->other);
    rope->other.unit = unit;
    return grow_table(rope, &rope->other, n_rows, error);
}

const float *sxt_rope_row(const sxt_rope *rope, double position, float *spare) {
    if (position >= 0 && position < (double)rope->whole.n_rows) {
        int64_t i = (int64_t)position;
        if ((double)i == position) return rope->whole.rows + i * rope->n_rot;
    }
    sxt_rope_fill(rope, position, spare, NULL);
    return spare;
}

sxt_rope_table sxt_rope_rows(const sxt_rope *rope, double unit) {
    const row_table *table = unit == 1 ? &rope->whole : &rope->other;
    if (table->unit != unit) return (sxt_rope_table){0};
    return (sxt_rope_table){table->n_rows, table->rows, table->pairs};
}
