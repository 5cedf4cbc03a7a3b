#include "tensor/block_fit.h"

#include "kernel/half.h"

#include <math.h>
#include <string.h>

enum { N = SXT_BLOCK_ELEMENTS };

/* One block's search, in the block's unit. */
typedef struct search {
    const sxt_fit_range *range;
    float unit, x[N];
    float d, m, error, q[N]; /* the best so far; d and m as f16 holds them */
} search;

static void try_stored(search *s, float d, float m) {
    float q[N], stored_d = sxt_fit_stored(d, s->unit), stored_m = sxt_fit_stored(m, s->unit);
    sxt_fit_round(s->x, N, stored_d, stored_m, s->range, q);
    float error = sxt_fit_error(s->x, q, N, stored_d, stored_m);
    if (!(error < s->error)) return;
    s->error = error, s->d = stored_d, s->m = stored_m;
    memcpy(s->q, q, sizeof q);
}

/* f16 has eleven bits, so the best stored d is rarely further than one step from the best d; an offset rounded
 * away is made up for by a d beside. */
static void search_stored(search *s, float d, float m, bool has_minimum) {
    for (int i = -2; i <= 2; i++) {
        float beside = d * (1 + (float)i * 0x1p-12f);
        try_stored(s, beside, m);
        if (!has_minimum) continue;
        float offset = sxt_fit_offset(s->x, N, sxt_fit_stored(beside, s->unit), m, s->range);
        for (int k = -1; k <= 1; k++) try_stored(s, beside, offset * (1 + (float)k * 0x1p-11f));
    }
}

static void search_block(search *s, bool has_minimum) {
    float d, m = 0;
    if (has_minimum)
        sxt_fit_line(s->x, N, s->range, false, &d, &m);
    else
        d = sxt_fit_scale(s->x, N, s->range);
    search_stored(s, d, m, has_minimum);
}

void sxt_block_fit(const float *x, const sxt_fit_range *range, bool has_minimum, sxt_block *block) {
    search s = {.range = range, .error = INFINITY};
    memset(block, 0, sizeof *block);
    s.unit = sxt_fit_normalize(x, N, s.x);
    if (s.unit == 0) return;
    if (s.unit > 0) search_block(&s, has_minimum);
    block->d = sxt_f16_bits(s.error < INFINITY ? s.d * s.unit : NAN);
    block->m = sxt_f16_bits(s.m * s.unit);
    for (int i = 0; i < N; i++) block->q[i] = (int)s.q[i];
}
