#include "model/forward.h"

#include "base/memory.h"
#include "base/num.h"
#include "kernel/kernel.h"
#include "op/linear.h"

#include <math.h>
#include <string.h>

enum { ROWS_PER_TASK = 8 };

struct sxt_forward {
    const sxt_model *model;
    sxt_pool *pool;
    int32_t chunk;
    float *x;         /* (chunk, d_model) the residual stream */
    float *normed;    /* (chunk, d_model) */
    float *q;         /* (chunk, n_heads * head_dim); also what attention gives */
    float *k, *v;     /* (chunk, n_kv_heads * head_dim) */
    float *attended;  /* (chunk, n_heads * head_dim) */
    float *gate, *up; /* (chunk, n_ff) */
    void *scratch;    /* (n_threads, scratch_bytes) */
    size_t scratch_bytes;
    void *memory; /* all of the above */
    size_t memory_bytes;
};

/* Sizes in one place: with memory == NULL only the total is computed. */
static size_t lay_out(sxt_forward *f, const sxt_hparams *h, int n_threads, char *memory) {
    size_t chunk = (size_t)f->chunk, n_q = (size_t)h->n_heads * (size_t)h->head_dim;
    size_t n_kv = (size_t)h->n_kv_heads * (size_t)h->head_dim, d = (size_t)h->d_model, ff = (size_t)h->n_ff;
    const struct {
        float **at;
        size_t columns;
    } parts[] = {{&f->x, d},    {&f->normed, d},     {&f->q, n_q},   {&f->k, n_kv},
                 {&f->v, n_kv}, {&f->attended, n_q}, {&f->gate, ff}, {&f->up, ff}};
    size_t total = 0;
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        if (memory) *parts[i].at = (float *)(void *)(memory + total);
        total += sxt_round_up(chunk * parts[i].columns * sizeof(float), 64);
    }
    int64_t widest = sxt_max_i64(h->n_ff, sxt_max_i64(h->d_model, (int64_t)n_q));
    size_t linear = sxt_linear_scratch_bytes(widest);
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

sxt_status sxt_forward_new(const sxt_model *model, sxt_pool *pool, int32_t chunk, sxt_forward **out,
                           sxt_error *error) {
    sxt_forward *f = sxt_alloc(1, sizeof *f);
    if (!f) return sxt_fail_memory(error, "the forward pass", sizeof *f);
    f->model = model;
    f->pool = pool;
    f->chunk = chunk;
    int n_threads = sxt_pool_n_threads(pool);
    f->memory_bytes = lay_out(f, &model->hparams, n_threads, NULL);
    f->memory = sxt_alloc_pages(f->memory_bytes);
    if (!f->memory) {
        sxt_status status = sxt_fail_memory(error, "activations", f->memory_bytes);
        sxt_free(f);
        return status;
    }
    lay_out(f, &model->hparams, n_threads, f->memory);
    *out = f;
    return SXT_OK;
}

void sxt_forward_free(sxt_forward *forward) {
    if (!forward) return;
    sxt_free_pages(forward->memory, forward->memory_bytes);
    sxt_free(forward);
}

/* Row-wise work, shared by the threads a few rows at a time. */
typedef struct row_work {
    const sxt_kernels *kernels;
    const float *x, *weight;
    float *y;
    int64_t n_rows, n_columns;
    float eps;
} row_work;

static int64_t n_row_tasks(int64_t n_rows) { return (n_rows + ROWS_PER_TASK - 1) / ROWS_PER_TASK; }

static void norm_rows(void *arg, int64_t i_task, int i_thread) {
    (void)i_thread;
    const row_work *w = arg;
    int64_t end = sxt_min_i64(w->n_rows, (i_task + 1) * ROWS_PER_TASK);
    for (int64_t r = i_task * ROWS_PER_TASK; r < end; r++)
        w->kernels->rms_norm(w->x + r * w->n_columns, w->weight, w->y + r * w->n_columns, w->n_columns, w->eps);
}

static void swiglu_rows(void *arg, int64_t i_task, int i_thread) {
    (void)i_thread;
    const row_work *w = arg;
    int64_t first = i_task * ROWS_PER_TASK * w->n_columns;
    int64_t end = sxt_min_i64(w->n_rows, (i_task + 1) * ROWS_PER_TASK) * w->n_columns;
    w->kernels->swiglu(w->y + first, w->x + first, w->y + first, end - first);
}

static void rms_norm(const sxt_forward *f, const float *x, const float *weight, float *y, int64_t n_rows) {
    const sxt_hparams *h = &f->model->hparams;
    row_work work = {sxt_kernels_get(), x, weight, y, n_rows, h->d_model, h->norm_eps};
    sxt_pool_run(f->pool, n_row_tasks(n_rows), norm_rows, &work);
}

static void swiglu(const sxt_forward *f, int64_t n_rows) {
    row_work work = {sxt_kernels_get(), f->up, NULL, f->gate, n_rows, f->model->hparams.n_ff, 0};
    sxt_pool_run(f->pool, n_row_tasks(n_rows), swiglu_rows, &work);
}

static void linear(const sxt_forward *f, const sxt_tensor *w, const float *bias, const float *x, int64_t n_rows,
                   float *y) {
    sxt_linear(f->pool, w, x, n_rows, y, f->scratch, f->scratch_bytes);
    if (!bias) return;
    for (int64_t r = 0; r < n_rows; r++) sxt_kernels_get()->add(bias, y + r * w->dims[0], w->dims[0]);
}

/* x += o(attention(norm(x))) */
static void attention_part(sxt_forward *f, const sxt_layer_weights *w, int64_t n, sxt_attention *a) {
    rms_norm(f, f->x, w->attn_norm, f->normed, n);
    linear(f, &w->q, w->q_bias, f->normed, n, f->q);
    linear(f, &w->k, w->k_bias, f->normed, n, f->k);
    linear(f, &w->v, w->v_bias, f->normed, n, f->v);
    sxt_kv_store(&a->kv, a->first, n, f->k, f->v);
    sxt_attend(f->pool, a, f->scratch, f->scratch_bytes);
    linear(f, &w->o, w->o_bias, f->attended, n, f->normed);
    sxt_kernels_get()->add(f->normed, f->x, n * f->model->hparams.d_model);
}

/* x += down(silu(gate(norm(x))) * up(norm(x))) */
static void feed_forward_part(sxt_forward *f, const sxt_layer_weights *w, int64_t n) {
    rms_norm(f, f->x, w->ffn_norm, f->normed, n);
    linear(f, &w->gate, NULL, f->normed, n, f->gate);
    linear(f, &w->up, NULL, f->normed, n, f->up);
    swiglu(f, n);
    linear(f, &w->down, NULL, f->gate, n, f->normed);
    sxt_kernels_get()->add(f->normed, f->x, n * f->model->hparams.d_model);
}

bool sxt_forward_read(sxt_forward *f, const int32_t *tokens, int64_t first, int64_t n, const sxt_plan *plan,
                      const sxt_rope *rope, const sxt_kv_view *layers, const atomic_bool *cancel) {
    const sxt_hparams *h = &f->model->hparams;
    const sxt_weights *weights = &f->model->weights;
    for (int64_t i = 0; i < n; i++) sxt_tensor_row(&weights->embed, tokens[i], f->x + i * h->d_model);
    sxt_attention a = {
        .plan = plan,
        .rope = rope,
        .sliding_window = h->sliding_window,
        .first = first,
        .n_queries = n,
        .n_heads = h->n_heads,
        .n_kv_heads = h->n_kv_heads,
        .head_dim = h->head_dim,
        .scale = (float)(1.0 / sqrt((double)h->head_dim)),
        .q = f->q,
        .out = f->attended,
    };
    for (int32_t i_layer = 0; i_layer < h->n_layers; i_layer++) {
        if (atomic_load_explicit(cancel, memory_order_relaxed)) return false;
        a.kv = layers[i_layer];
        attention_part(f, &weights->layers[i_layer], n, &a);
        feed_forward_part(f, &weights->layers[i_layer], n);
    }
    return true;
}

void sxt_forward_logits(sxt_forward *f, int64_t i_row, int64_t n_rows, float *logits) {
    const sxt_weights *weights = &f->model->weights;
    rms_norm(f, f->x + i_row * f->model->hparams.d_model, weights->output_norm, f->normed, n_rows);
    linear(f, &weights->output, NULL, f->normed, n_rows, logits);
}
