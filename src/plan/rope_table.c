/* cos and sin of every position in use, from double angles. */
#include "base/memory.h"
#include "base/num.h"
#include "plan/rope_frequencies.h"

#include <math.h>

struct sxt_rope {
    int32_t n_rot;
    bool interleaved;
    double mscale;
    int64_t n_rows;
    float *rows;    /* (n_rows, n_rot): cos (n_rot / 2), then sin (n_rot / 2) */
    double theta[]; /* (n_rot / 2) */
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

void sxt_rope_free(sxt_rope *rope) {
    if (!rope) return;
    sxt_free(rope->rows);
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

uint64_t sxt_rope_bytes(const sxt_rope *rope, int64_t n_positions) {
    uint64_t bytes;
    if (n_positions <= 0) return 0;
    return sxt_mul_ok((uint64_t)n_positions, (uint64_t)rope->n_rot * sizeof(float), &bytes) ? bytes
                                                                                            : UINT64_MAX;
}

sxt_status sxt_rope_reserve(sxt_rope *rope, int64_t n_positions, sxt_error *error) {
    if (n_positions <= rope->n_rows) return SXT_OK;
    float *rows = sxt_resize(rope->rows, (size_t)n_positions, (size_t)rope->n_rot * sizeof(float));
    if (!rows)
        return sxt_fail_memory(error, "the table of rotary positions", sxt_rope_bytes(rope, n_positions));
    rope->rows = rows;
    for (int64_t i = rope->n_rows; i < n_positions; i++) fill_row(rope, (double)i, rows + i * rope->n_rot);
    rope->n_rows = n_positions;
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

const float *sxt_rope_rows(const sxt_rope *rope, int64_t *n_rows) {
    *n_rows = rope->n_rows;
    return rope->rows;
}
