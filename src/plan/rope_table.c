/* cos and sin of every position in use, from double angles. */
#include "base/memory.h"
#include "base/num.h"
#include "plan/rope_frequencies.h"

#include <math.h>
#include <string.h>

struct sxt_rope {
    int32_t n_rot;
    bool interleaved;
    double mscale;
    int64_t n_rows;
    float *rows;     /* (n_rows, n_rot): cos (n_rot / 2), then sin (n_rot / 2) */
    uint32_t *pairs; /* (n_rows, n_rot / 2), in the same pages */
    double theta[];  /* (n_rot / 2) */
};

sxt_status sxt_rope_new(const sxt_rope_params *params, sxt_rope **rope, sxt_error *error) {
    SXT_TRY(sxt_rope_check(params, error));
    size_t bytes = sizeof(sxt_rope) + (size_t)(params->n_rot / 2) * sizeof(double);
    sxt_rope *made = sxt_alloc(1, bytes);
    if (!made) return sxt_fail_memory(error, "rotary frequencies", bytes);
    made->n_rot = params->n_rot;
    made->interleaved = params->interleaved;
    sxt_rope_fill_frequencies(params, made->theta, &made->mscale);
    *rope = made;
    return SXT_OK;
}

static void free_table(sxt_rope *rope) {
    if (rope->rows) sxt_free_pages(rope->rows, (size_t)sxt_rope_bytes(rope, rope->n_rows));
}

void sxt_rope_free(sxt_rope *rope) {
    if (!rope) return;
    free_table(rope);
    sxt_free(rope);
}

int32_t sxt_rope_n_rot(const sxt_rope *rope) { return rope->n_rot; }

bool sxt_rope_interleaved(const sxt_rope *rope) { return rope->interleaved; }

const double *sxt_rope_frequencies(const sxt_rope *rope) { return rope->theta; }

double sxt_rope_mscale(const sxt_rope *rope) { return rope->mscale; }

/* The angle must be a double: position * theta in float is off by 1e-3 and more at 32K tokens. */
static void fill_row(const sxt_rope *rope, double position, float *row) {
    int32_t half = rope->n_rot / 2;
    for (int32_t p = 0; p < half; p++) {
        double angle = position * rope->theta[p];
        row[p] = (float)(cos(angle) * rope->mscale);
        row[half + p] = (float)(sin(angle) * rope->mscale);
    }
}

void sxt_rope_pairs(const sxt_rope *rope, double position, uint32_t *row) {
    const double one = 1 << 14;
    for (int32_t p = 0; p < rope->n_rot / 2; p++) {
        double angle = position * rope->theta[p];
        row[p] = ((uint32_t)lrint(cos(angle) * one) & 0xffffu) | (uint32_t)lrint(sin(angle) * one) << 16;
    }
}

/* A row of floats and one of pairs. */
static size_t row_bytes(const sxt_rope *rope) {
    return (size_t)rope->n_rot * sizeof(float) + (size_t)(rope->n_rot / 2) * sizeof(uint32_t);
}

uint64_t sxt_rope_bytes(const sxt_rope *rope, int64_t n_positions) {
    uint64_t bytes;
    if (n_positions <= 0) return 0;
    return sxt_mul_ok((uint64_t)n_positions + 1, row_bytes(rope), &bytes) ? bytes : UINT64_MAX;
}

sxt_status sxt_rope_reserve(sxt_rope *rope, int64_t n_positions, sxt_error *error) {
    int64_t n_old = rope->n_rows, n_rot = rope->n_rot, half = n_rot / 2;
    if (n_positions <= n_old) return SXT_OK;
    uint64_t bytes = sxt_rope_bytes(rope, n_positions);
    float *rows = bytes <= SIZE_MAX ? sxt_alloc_pages((size_t)bytes) : NULL;
    if (!rows) return sxt_fail_memory(error, "the table of rotary positions", bytes);
    uint32_t *pairs = (uint32_t *)(void *)(rows + n_positions * n_rot);
    if (n_old > 0) {
        memcpy(rows, rope->rows, (size_t)(n_old * n_rot) * sizeof *rows);
        memcpy(pairs, rope->pairs, (size_t)(n_old * half) * sizeof *pairs);
    }
    free_table(rope);
    rope->rows = rows;
    rope->pairs = pairs;
    rope->n_rows = n_positions;
    for (int64_t i = n_old; i < n_positions; i++) {
        fill_row(rope, (double)i, rows + i * n_rot);
        sxt_rope_pairs(rope, (double)i, pairs + i * half);
    }
    return SXT_OK;
}

const float *sxt_rope_row(const sxt_rope *rope, double position, float *spare) {
    if (position >= 0 && position < (double)rope->n_rows) {
        int64_t i = (int64_t)position;
        if ((double)i == position) return rope->rows + i * rope->n_rot;
    }
    fill_row(rope, position, spare);
    return spare;
}

sxt_rope_table sxt_rope_rows(const sxt_rope *rope) {
    return (sxt_rope_table){rope->n_rows, rope->rows, rope->pairs};
}
