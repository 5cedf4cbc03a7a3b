/* The memory of a forward pass: what a chunk of tokens passes through. */
#include "model/forward_rows.h"

#include "base/memory.h"
#include "base/num.h"
#include "op/linear.h"
#include "op/linear_float.h"
#include "op/linear_packed.h"

#include <math.h>

/* Sizes in one place: with memory == NULL only the total is computed. */
static size_t lay_out(sxt_forward *f, const sxt_hparams *h, int n_threads, char *memory) {
    size_t chunk = (size_t)f->chunk, n_q = (size_t)h->n_heads * (size_t)h->head_dim;
    size_t n_kv = (size_t)h->n_kv_heads * (size_t)h->head_dim, d = (size_t)h->d_model, ff = (size_t)h->n_ff;
    const struct {
        float **at;
        size_t columns;
    } parts[] = {{&f->x, d},     {&f->normed, d}, {&f->q, n_q},
                 {&f->k, n_kv},  {&f->v, n_kv},   {&f->attended, n_q},
                 {&f->gate, ff}, {&f->up, ff},    {&f->beside, h->traits.parallel ? d : 0}};
    size_t total = 0;
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        if (memory) *parts[i].at = (float *)(void *)(memory + total);
        total += sxt_round_up(chunk * parts[i].columns * sizeof(float), 64);
    }
    int64_t widest = sxt_max_i64(h->n_ff, sxt_max_i64(h->d_model, (int64_t)n_q));
    size_t linear = sxt_linear_scratch_bytes(widest);
    size_t linear_float = sxt_linear_float_scratch_bytes();
    if (linear < SXT_PACKED_SCRATCH) linear = SXT_PACKED_SCRATCH;
    if (linear < linear_float) linear = linear_float;
    size_t packed_rows = sxt_linear_packed_rows_bytes(f->chunk, widest);
    size_t float_rows = sxt_linear_float_rows_bytes(f->chunk, widest);
    if (memory) f->rows = memory + total;
    total += sxt_round_up(packed_rows > float_rows ? packed_rows : float_rows, 64);
    if (memory && h->traits.alibi > 0) f->slopes = (float *)(void *)(memory + total);
    if (h->traits.alibi > 0) total += sxt_round_up((size_t)h->n_heads * sizeof(float), 64);
    size_t attention = sxt_attention_scratch_bytes(h->n_heads, h->n_kv_heads, h->head_dim, f->chunk);
    f->scratch_bytes = sxt_round_up(linear > attention ? linear : attention, 4096);
    total = sxt_round_up(total, 4096);
    if (memory) f->scratch = memory + total;
    return total + f->scratch_bytes * (size_t)n_threads;
}

uint64_t sxt_forward_bytes(const sxt_model *model, int n_threads, int32_t chunk) {
    sxt_forward f = {.chunk = chunk};
    return lay_out(&f, &model->hparams, n_threads, NULL);
}

/* ALiBi (Press et al., arXiv 2108.12409): powers of two in even steps down to 2^-most; where the heads are no
 * power of two, the steps of the next smaller one, then every other one of the next larger. */
static void fill_slopes(const sxt_hparams *h, float *slopes) {
    int32_t whole = 1;
    while (2 * whole <= h->n_heads) whole *= 2;
    double most = (double)h->traits.alibi;
    for (int32_t i = 0; i < h->n_heads; i++)
        slopes[i] =
            (float)exp2(i < whole ? -most * (i + 1) / whole : -most * (2 * (i - whole) + 1) / (2 * whole));
}

sxt_status sxt_forward_new(const sxt_model *model, sxt_pool *pool, int32_t chunk, sxt_precision precision,
                           sxt_forward **out, sxt_error *error) {
    sxt_forward *f = sxt_alloc(1, sizeof *f);
    if (!f) return sxt_fail_memory(error, "the forward pass", sizeof *f);
    f->model = model;
    f->pool = pool;
    f->chunk = chunk;
    f->precision = precision;
    int n_threads = sxt_pool_n_threads(pool);
    f->memory_bytes = lay_out(f, &model->hparams, n_threads, NULL);
    f->memory = sxt_alloc_pages(f->memory_bytes);
    if (!f->memory) {
        sxt_status status = sxt_fail_memory(error, "activations", f->memory_bytes);
        sxt_free(f);
        return status;
    }
    lay_out(f, &model->hparams, n_threads, f->memory);
    if (f->slopes) fill_slopes(&model->hparams, f->slopes);
    *out = f;
    return SXT_OK;
}

void sxt_forward_free(sxt_forward *forward) {
    if (!forward) return;
    sxt_free_pages(forward->memory, forward->memory_bytes);
    sxt_free(forward);
}
