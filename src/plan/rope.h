/* Rotary frequencies and their cos/sin table. Angles are computed in double: with f32 angles scores are
 * off by up to 1e-2 at 32K tokens. */
#ifndef SXT_PLAN_ROPE_H
#define SXT_PLAN_ROPE_H

#include "base/error.h"

typedef enum sxt_rope_scaling {
    SXT_ROPE_NONE,
    SXT_ROPE_LINEAR,
    SXT_ROPE_YARN,
    SXT_ROPE_LLAMA3,
    SXT_ROPE_DYNAMIC,   /* the base grows with the length */
    SXT_ROPE_NTK_MIXED, /* Su's: each pair slower than the one before by its own factor */
    SXT_ROPE_LONGROPE,  /* a list of divisors up to the original context, another one past it */
    SXT_ROPE_STILL      /* every frequency is 0: a model without rotary positions */
} sxt_rope_scaling;

/* What the model file, or a plan in its place, asks for. */
typedef struct sxt_rope_params {
    int32_t n_rot;    /* rotated dimensions r of a head, even; r/2 pairs */
    double theta;     /* base: theta_p = base^(-2p/r) */
    bool interleaved; /* pair p is (2p, 2p+1) instead of (p, p + r/2) */
    sxt_rope_scaling scaling;
    double factor;
    double original_context;                  /* yarn, llama3, dynamic, longrope */
    double length;                            /* dynamic, longrope: tokens of the context; 0: they fit it */
    double beta_fast, beta_slow;              /* yarn: 32, 1 */
    bool exact_ramp;                          /* yarn: the ramp may begin and end between two pairs */
    double low_freq_factor, high_freq_factor; /* llama3: 1, 4 */
    double power;                             /* ntk-mixed: 0.75 */
    /* On cos and sin. 0: 0.1 ln(factor) + 1 under yarn, sqrt(1 + ln(factor) / ln(original_context)) under
     * longrope (both 1 for a factor up to 1), else 1. */
    double attention_factor;
    /* Divisors of theta_p, (n_rot / 2) each, read by sxt_rope_new() alone and owned by the caller:
     * freq_factors (or NULL) after any scaling, the other two under longrope. */
    const float *freq_factors, *short_factors, *long_factors;
} sxt_rope_params;

typedef struct sxt_rope sxt_rope;

/* Checks the parameters (SXT_E_FORMAT names the bad one) and computes the frequencies. */
sxt_status sxt_rope_new(const sxt_rope_params *params, sxt_rope **rope, sxt_error *error);
void sxt_rope_free(sxt_rope *rope);

int32_t sxt_rope_n_rot(const sxt_rope *rope);
bool sxt_rope_interleaved(const sxt_rope *rope);
/* theta_p (n_rot / 2) after scaling, and the factor on cos and sin. */
const double *sxt_rope_frequencies(const sxt_rope *rope);
double sxt_rope_mscale(const sxt_rope *rope);
/* Equal frequencies, pairing and scale: a table of the one serves for the other. */
bool sxt_rope_same(const sxt_rope *a, const sxt_rope *b);

/* Makes rows for positions [0, n_positions) ready; only grows. Not while another thread reads. */
sxt_status sxt_rope_reserve(sxt_rope *rope, int64_t n_positions, sxt_error *error);
/* The same for multiples of `unit`: row r stands for position r * unit. One unit besides 1 at a time. */
sxt_status sxt_rope_reserve_unit(sxt_rope *rope, double unit, int64_t n_rows, sxt_error *error);
/* Bytes of one row, and of n. */
uint64_t sxt_rope_row_bytes(int32_t n_rot);
uint64_t sxt_rope_bytes(const sxt_rope *rope, int64_t n_positions);

/* Row of a position: cos (n_rot / 2) then sin (n_rot / 2), mscale included. Integral positions inside the
 * reserved range come from the table; any other is computed into `spare` (n_rot). */
const float *sxt_rope_row(const sxt_rope *rope, double position, float *spare);

/* Computes such a row (n_rot), and the same as pairs of int16, cos low and sin high (n_rot / 2), without
 * mscale; 2^14 stands for 1. Either may be NULL. */
void sxt_rope_fill(const sxt_rope *rope, double position, float *row, uint32_t *pairs);

/* The reserved rows of a unit themselves, none of one that was not reserved: (n_rows, n_rot) and
 * (n_rows, n_rot / 2), 64-byte aligned, readable for a row more. */
typedef struct sxt_rope_table {
    int64_t n_rows;
    const float *rows;
    const uint32_t *pairs;
} sxt_rope_table;
sxt_rope_table sxt_rope_rows(const sxt_rope *rope, double unit);

#endif
