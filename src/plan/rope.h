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
    SXT_ROPE_STILL /* every frequency is 0: a model without rotary positions */
} sxt_rope_scaling;

/* What the model file asks for. */
typedef struct sxt_rope_params {
    int32_t n_rot;    /* rotated dimensions r of a head, even; r/2 pairs */
    double theta;     /* base: theta_p = base^(-2p/r) */
    bool interleaved; /* pair p is (2p, 2p+1) instead of (p, p + r/2) */
    sxt_rope_scaling scaling;
    double factor;
    double original_context;                  /* yarn, llama3 */
    double beta_fast, beta_slow;              /* yarn: 32, 1 */
    double attention_factor;                  /* yarn: <= 0 means 0.1 ln(factor) + 1 */
    double low_freq_factor, high_freq_factor; /* llama3: 1, 4 */
    const float *freq_factors;                /* (n_rot / 2) divisors of theta_p, or NULL; outlives the table */
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

/* Makes rows for positions [0, n_positions) ready; only grows. Not while another thread reads. */
sxt_status sxt_rope_reserve(sxt_rope *rope, int64_t n_positions, sxt_error *error);
uint64_t sxt_rope_bytes(const sxt_rope *rope, int64_t n_positions);

/* Row of a position: cos (n_rot / 2) then sin (n_rot / 2), mscale included. Integral positions inside the
 * reserved range come from the table; any other is computed into `spare` (n_rot). */
const float *sxt_rope_row(const sxt_rope *rope, double position, float *spare);

/* The same as pairs of int16, cos low and sin high (n_rot / 2), without mscale; 2^14 stands for 1. */
void sxt_rope_pairs(const sxt_rope *rope, double position, uint32_t *row);

/* The reserved rows themselves: (n_rows, n_rot) and (n_rows, n_rot / 2), readable for a row more. */
typedef struct sxt_rope_table {
    int64_t n_rows;
    const float *rows;
    const uint32_t *pairs;
} sxt_rope_table;
sxt_rope_table sxt_rope_rows(const sxt_rope *rope);

#endif
