/* Attention in 16-bit integers in plain C, with the numbers of the fast kernels: for levels that have none,
 * where attention goes through f32 instead, and for tests to hold the fast ones against. */
#ifndef SXT_KERNEL_ATTEND_INT16_PLAIN_H
#define SXT_KERNEL_ATTEND_INT16_PLAIN_H

#include "kernel/attend_int16.h"
#include "kernel/half.h"

enum { ATTENDS_INT16 = false };

/* No shorter way than level_strip.h has. */
static bool int16_read_common_keys(const sxt_strip *s, const sxt_turn *turn, float *scales, float *inverses) {
    (void)s, (void)turn, (void)scales, (void)inverses;
    return false;
}
static bool int16_read_common_values(const sxt_strip *s, float *logs, float *inverses) {
    (void)s, (void)logs, (void)inverses;
    return false;
}

/* ---- Numbers to integers ----------------------------------------------------------------------------- */

/* Rounded to nearest even, NaN to 0; |x| < 32768. */
static int32_t int16_of(float x) { return isnan(x) ? 0 : (int32_t)(x + 0x1.8p23f - 0x1.8p23f); }

static uint32_t int16_pair(float low, float high) {
    return ((uint32_t)int16_of(low) & 0xffffu) | (uint32_t)int16_of(high) << 16;
}

static int32_t int16_product(uint32_t a, uint32_t b) {
    return (int16_t)(a & 0xffff) * (int16_t)(b & 0xffff) + (int16_t)(a >> 16) * (int16_t)(b >> 16);
}

/* The scale that brings a row to ATTEND_INT16_LENGTH; *back undoes it, NaN for a row that is not finite. */
static float scale_of_row(const float *x, int64_t head_dim, float *back) {
    float squares = 0;
    for (int64_t d = 0; d < head_dim; d++) squares += x[d] * x[d];
    float length = sqrtf(squares);
    bool finite = length <= FLT_MAX, usable = finite && length >= FLT_MIN;
    *back = !finite ? NAN : usable ? length / ATTEND_INT16_LENGTH : 0;
    return usable ? ATTEND_INT16_LENGTH / length : 0;
}

static void int16_queries(const float *x, int64_t ldx, float factor, uint32_t *pairs, int64_t ld_pairs,
                          float *scales, int64_t n_rows, int64_t head_dim) {
    for (int64_t i = 0; i < n_rows; i++) {
        const float *row = x + i * ldx;
        float back, scale = scale_of_row(row, head_dim, &back);
        scales[i] = back * factor;
        for (int64_t t = 0; t < head_dim / 2; t++)
            pairs[i * ld_pairs + t] = int16_pair(row[t] * scale, row[head_dim / 2 + t] * scale);
    }
}

/* After level_strip.h has read the rows. */
static void int16_scale_keys(const sxt_strip *s, float *scales, float *inverses) {
    for (int64_t j = 0; j < SXT_TILE_STRIP; j++) {
        scales[j] = inverses[j] = 0;
        if (j < s->n) inverses[j] = scale_of_row(s->f32 + j * s->ld, s->head_dim, scales + j);
    }
}

static void int16_keys(const sxt_strip *s, const sxt_turn *turn, const float *inverses, uint32_t *tile) {
    (void)turn;
    int64_t half = s->head_dim / 2;
    for (int64_t j = 0; j < SXT_TILE_STRIP; j++) {
        const float *row = s->f32 + j * s->ld;
        for (int64_t t = 0; t < half; t++)
            tile[t * SXT_TILE_KEYS + j] =
                j < s->n ? int16_pair(row[t] * inverses[j], row[half + t] * inverses[j]) : 0;
    }
}

/* The largest |x| as a float of three bits after the leading one, rounded up, as bits; NaN is larger than all.
 */
static uint32_t value_scale_bits(const float *x, int64_t head_dim) {
    uint32_t largest = ATTEND_INT16_SMALLEST;
    for (int64_t d = 0; d < head_dim; d++) {
        uint32_t bits = sxt_f32_bits(x[d]) & 0x7fffffffu;
        if (bits > largest) largest = bits;
    }
    return (largest + 0xfffffu) & ~0xfffffu;
}

static void int16_scale_values(const sxt_strip *s, float *logs, float *inverses) {
    static const float steps[8] = {ATTEND_INT16_LOG2_STEPS};
    for (int64_t j = 0; j < SXT_TILE_STRIP; j++) {
        uint32_t bits = j < s->n ? value_scale_bits(s->f32 + j * s->ld, s->head_dim) : 0;
        bool usable = j < s->n && bits <= ATTEND_INT16_LARGEST;
        inverses[j] = usable ? ATTEND_INT16_VALUE / sxt_f32_from_bits(bits) : 0;
        logs[j] = usable ? (float)((int32_t)(bits >> 23) - 127) + steps[bits >> 20 & 7] : j < s->n ? NAN : 0;
    }
}

/* Pairs lie in the order of the keys. */
static void int16_values(const sxt_strip *s, const float *inverses, uint32_t *tile, int64_t ld_tile,
                         int64_t first) {
    for (int64_t j = 0; j < SXT_TILE_STRIP; j += 2)
        for (int64_t d = 0; d < ld_tile; d++) {
            const float *row = s->f32 + j * s->ld + d;
            float low = j < s->n && d < s->head_dim ? *row * inverses[j] : 0;
            float high = j + 1 < s->n && d < s->head_dim ? row[s->ld] * inverses[j + 1] : 0;
            tile[(first + j) / 2 * ld_tile + d] = int16_pair(low, high);
        }
}

/* ---- Products and softmax ------------------------------------------------------------------------------ */

static void int16_scores(const sxt_int16_scores *s) {
    for (int64_t r = 0; r < s->n_rows; r++)
        for (int64_t j = 0; j < s->n_keys; j++) {
            int64_t sum = 0;
            for (int64_t t = 0; t < s->n_pairs; t++)
                sum += int16_product(s->q[r * s->ldq + t], s->tile[t * SXT_TILE_KEYS + j]);
            s->scores[r * SXT_TILE_KEYS + j] = (float)sum * s->k_scales[j] * s->q_scales[r] + s->v_logs[j];
        }
}

static void int16_sums(const sxt_int16_sums *s) {
    for (int64_t r = 0; r < s->n_rows; r++)
        for (int64_t d = 0; d < s->head_dim; d++) {
            int64_t sum = 0;
            for (int64_t t = 0; t < s->n_pairs; t++)
                sum += int16_product(s->p[r * SXT_TILE_PAIRS + t], s->tile[t * s->ld_tile + d]);
            s->out[r * s->ldo + d] = s->out[r * s->ldo + d] * s->keep[r] + (float)sum * s->add[r];
        }
}

static void int16_soften_row(const sxt_int16_soften *s, int64_t row) {
    const float *scores = s->scores + row * SXT_TILE_KEYS;
    float top = -INFINITY, sum = 0;
    for (int64_t j = 0; j < s->n_keys; j++) top = scores[j] > top ? scores[j] : top;
    float from = top > -INFINITY ? top : 0;
    for (int64_t j = 0; j < s->n_keys; j += 2) {
        float a = exp2f(scores[j] - from) * ATTEND_INT16_WEIGHT;
        float b = exp2f(scores[j + 1] - from) * ATTEND_INT16_WEIGHT;
        sum += a * s->inverses[j] + b * s->inverses[j + 1];
        s->p[row * SXT_TILE_PAIRS + j / 2] = int16_pair(a, b);
    }
    float old = s->max[row], next = old > top ? old : top;
    s->keep[row] = next > -INFINITY ? exp2f(old - next) : 0;
    s->add[row] = next > -INFINITY ? exp2f(top - next) : 0;
    s->sum[row] = s->sum[row] * s->keep[row] + sum * (next > -INFINITY ? s->add[row] : 1); /* NaN stays */
    s->max[row] = next;
}

static void int16_soften(const sxt_int16_soften *s) {
    for (int64_t row = 0; row < s->n_rows; row++) int16_soften_row(s, row);
}

#endif
