#include "model/forward.h"

#include "base/memory.h"
#include "base/num.h"
#include "kernel/kernel.h"
#include "op/linear.h"
#include "op/linear_float.h"
#include "op/linear_packed.h"

#include <math.h>
#include <string.h>

enum { ROWS_PER_TASK = 16 };

struct sxt_forward {
    const sxt_model *model;
    sxt_pool *pool;
    int32_t chunk;
    float *x;      /* (chunk, d_model) the residual stream */
    float *normed; /* (chunk, d_model) the stream as the next product reads it; in between, what to add to it */
    float *q;      /* (chunk, n_heads * head_dim) */
    float *k, *v;  /* (chunk, n_kv_heads * head_dim) */
    float *attended;  /* (chunk, n_heads * head_dim) */
    float *gate, *up; /* (chunk, n_ff) */
    void *rows;       /* what a product's input becomes in fast precision: (chunk) rows of small integers */
    void *scratch;    /* (n_threads, scratch_bytes) */
    size_t scratch_bytes;
    sxt_precision precision;
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
    size_t linear_float = sxt_linear_float_scratch_bytes();
    if (linear < SXT_PACKED_SCRATCH) linear = SXT_PACKED_SCRATCH;
    if (linear < linear_float) linear = linear_float;
    size_t packed_rows = sxt_linear_packed_rows_bytes(f->chunk, widest);
    size_t float_rows = sxt_linear_float_rows_bytes(f->chunk, widest);
    if (memory) f->rows = memory + total;
    total += sxt_round_up(packed_rows > float_rows ? packed_rows : float_rows, 64);
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
    *out = f;
    return SXT_OK;
}

void sxt_forward_free(sxt_forward *forward) {
    if (!forward) return;
    sxt_free_pages(forward->memory, forward->memory_bytes);
    sxt_free(forward);
}

/* ---- Rows: what happens between two matrix products ------------------------------------------- */

/* Row-wise work, shared by the threads a few rows at a time. */
typedef struct row_work {
    const sxt_kernels *kernels;
    const sxt_forward *f;
    const sxt_layer_weights *layer;
    const float *norm;     /* (d_model) that follows */
    const float *bias;     /* (d_model) of the product before, or NULL */
    const int32_t *tokens; /* (n) */
    const sxt_kv_view *kv;
    int64_t first;       /* index of the chunk's first token */
    int64_t first_query; /* row */
    int64_t begin, end;  /* rows of the chunk */
    void (*rows)(const struct row_work *w, int64_t begin, int64_t end);
} row_work;

static void row_task(void *arg, int64_t i_task, int i_thread) {
    (void)i_thread;
    const row_work *w = arg;
    int64_t start = (w->first + w->begin) / ROWS_PER_TASK * ROWS_PER_TASK - w->first + i_task * ROWS_PER_TASK;
    w->rows(w, sxt_max_i64(w->begin, start), sxt_min_i64(w->end, start + ROWS_PER_TASK));
}

/* Tasks begin at tokens whose index is a multiple of ROWS_PER_TASK: so do pieces of the cache. */
static void run_rows(row_work *w) {
    int64_t before = (w->first + w->begin) / ROWS_PER_TASK, last = (w->first + w->end - 1) / ROWS_PER_TASK;
    w->kernels = sxt_kernels_get();
    if (w->begin < w->end) sxt_pool_run(w->f->pool, last - before + 1, row_task, w);
}

/* x = embedding; normed = norm(x) */
static void embed_rows(const row_work *w, int64_t begin, int64_t end) {
    const sxt_forward *f = w->f;
    const sxt_hparams *h = &f->model->hparams;
    for (int64_t r = begin; r < end; r++) {
        float *x = f->x + r * h->d_model;
        sxt_tensor_row(&f->model->weights.embed, w->tokens[r], x);
        w->kernels->rms_norm(x, w->norm, f->normed + r * h->d_model, h->d_model, h->norm_eps);
    }
}

/* x += normed, which holds what a part of the layer gives; normed = norm(x) */
static void add_rows(const row_work *w, int64_t begin, int64_t end) {
    const sxt_forward *f = w->f;
    const sxt_hparams *h = &f->model->hparams;
    for (int64_t r = begin; r < end; r++) {
        float *x = f->x + r * h->d_model, *y = f->normed + r * h->d_model;
        if (w->bias) w->kernels->add(w->bias, y, h->d_model);
        w->kernels->add(y, x, h->d_model);
        w->kernels->rms_norm(x, w->norm, y, h->d_model, h->norm_eps);
    }
}

static void bias_rows(const row_work *w, const float *bias, float *y, int64_t begin, int64_t end, int64_t n) {
    for (int64_t r = begin; bias && r < end; r++) w->kernels->add(bias, y + r * n, n);
}

/* Biases of what was projected; keys and values into the cache. */
static void store_rows(const row_work *w, int64_t begin, int64_t end) {
    const sxt_forward *f = w->f;
    const sxt_hparams *h = &f->model->hparams;
    int64_t n_q = (int64_t)h->n_heads * h->head_dim, n_kv = (int64_t)h->n_kv_heads * h->head_dim;
    bias_rows(w, w->layer->q_bias, f->q, sxt_max_i64(begin, w->first_query), end, n_q);
    bias_rows(w, w->layer->k_bias, f->k, begin, end, n_kv);
    bias_rows(w, w->layer->v_bias, f->v, begin, end, n_kv);
    sxt_kv_store(w->kv, w->first + begin, end - begin, f->k + begin * n_kv, f->v + begin * n_kv);
}

static void swiglu_rows(const row_work *w, int64_t begin, int64_t end) {
    int64_t n_ff = w->f->model->hparams.n_ff;
    float *gate = w->f->gate + begin * n_ff;
    w->kernels->swiglu(gate, w->f->up + begin * n_ff, gate, (end - begin) * n_ff);
}

/* ---- Layers ------------------------------------------------------------------------------------ */

/* A chunk: rows [0, n) are tokens first, first + 1, ...; rows [wanted, n) leave hidden states. */
typedef struct chunk {
    const int32_t *tokens;
    int64_t first, n, wanted;
} chunk;

static row_work make_rows(const sxt_forward *f, const chunk *c, int64_t begin) {
    return (row_work){.f = f, .tokens = c->tokens, .first = c->first, .begin = begin, .end = c->n};
}

/* How the products of fast precision take a matrix; otherwise they are in f32. */
typedef enum product_way { IN_F32, PACKED, AS_FLOATS } product_way;

static product_way way_of(const sxt_forward *f, const sxt_tensor *w) {
    if (f->precision != SXT_PRECISION_FAST) return IN_F32;
    return w->packed ? PACKED : sxt_linear_float_pays(w) ? AS_FLOATS : IN_F32;
}

/* Products of one way: all that read the same x in one round, where the way has that. */
static void products_of(const sxt_forward *f, product_way how, int n_products, const sxt_product *products,
                        const float *x, int64_t n_rows) {
    if (how == PACKED)
        sxt_linear_packed_many(f->pool, products, n_products, x, n_rows, f->scratch, f->scratch_bytes, f->rows);
    else if (how == AS_FLOATS)
        sxt_linear_float_many(f->pool, products, n_products, x, n_rows, f->scratch, f->scratch_bytes, f->rows);
    else
        for (int i = 0; i < n_products; i++)
            sxt_linear(f->pool, products[i].w, x, n_rows, products[i].y, f->scratch, f->scratch_bytes);
}

/* Rows [begin, n) of products that read the same x: y = x . w^T. */
static void linear(const sxt_forward *f, int n_products, const sxt_product *products, const float *x,
                   int64_t begin, int64_t n) {
    sxt_product rows[SXT_LINEAR_MOST];
    for (int i = 0; i < n_products; i++)
        rows[i] = (sxt_product){products[i].w, products[i].y + begin * products[i].w->dims[0]};
    x += begin * products[0].w->dims[1];
    for (int i = 0, end; i < n_products; i = end) {
        product_way how = way_of(f, rows[i].w);
        for (end = i + 1; end < n_products && way_of(f, rows[end].w) == how; end++) continue;
        products_of(f, how, end - i, rows + i, x, n - begin);
    }
}

/* normed += the part's bias; x += normed; normed = norm(x) */
static void add_to_stream(const sxt_forward *f, const chunk *c, int64_t begin, const float *bias,
                          const float *norm) {
    row_work w = make_rows(f, c, begin);
    w.bias = bias;
    w.norm = norm;
    w.rows = add_rows;
    run_rows(&w);
}

/* Keys and values of all rows into the cache, queries of rows from `begin` on. */
static void project_part(const sxt_forward *f, const sxt_layer_weights *layer, const chunk *c, int64_t begin,
                         const sxt_kv_view *kv) {
    const sxt_product products[] = {{&layer->q, f->q}, {&layer->k, f->k}, {&layer->v, f->v}};
    if (begin == 0) {
        linear(f, 3, products, f->normed, 0, c->n);
    } else {
        linear(f, 2, products + 1, f->normed, 0, c->n);
        if (begin < c->n) linear(f, 1, products, f->normed, begin, c->n);
    }
    row_work w = make_rows(f, c, 0);
    w.first_query = begin;
    w.layer = layer;
    w.kv = kv;
    w.rows = store_rows;
    run_rows(&w);
}

/* x += o(attention) for rows from `begin` on */
static void attention_part(const sxt_forward *f, const sxt_layer_weights *layer, const chunk *c, int64_t begin,
                           sxt_attention *a) {
    const sxt_product output = {&layer->o, f->normed};
    int64_t n_q = (int64_t)a->n_heads * a->head_dim;
    a->first = c->first + begin;
    a->n_queries = c->n - begin;
    a->q = f->q + begin * n_q;
    a->out = f->attended + begin * n_q;
    sxt_attend(f->pool, a, f->scratch, f->scratch_bytes);
    linear(f, 1, &output, f->attended, begin, c->n);
    add_to_stream(f, c, begin, layer->o_bias, layer->ffn_norm);
}

/* x += down(silu(gate(normed)) * up(normed)) for rows from `begin` on */
static void feed_forward_part(const sxt_forward *f, const sxt_layer_weights *layer, const chunk *c,
                              int64_t begin, const float *next_norm) {
    const sxt_product inner[] = {{&layer->gate, f->gate}, {&layer->up, f->up}};
    const sxt_product output = {&layer->down, f->normed};
    linear(f, 2, inner, f->normed, begin, c->n);
    row_work w = make_rows(f, c, begin);
    w.rows = swiglu_rows;
    run_rows(&w);
    linear(f, 1, &output, f->gate, begin, c->n);
    add_to_stream(f, c, begin, NULL, next_norm);
}

/* The last layer is read to its keys and values only where no hidden state is wanted. */
static bool run_layers(const sxt_forward *f, const chunk *c, sxt_attention *a, const sxt_kv_view *kv,
                       const atomic_bool *cancel) {
    const sxt_weights *weights = &f->model->weights;
    int32_t n_layers = f->model->hparams.n_layers;
    for (int32_t i = 0; i < n_layers; i++) {
        const sxt_layer_weights *layer = &weights->layers[i];
        bool is_last = i + 1 == n_layers;
        int64_t begin = is_last ? c->wanted : 0;
        if (atomic_load_explicit(cancel, memory_order_relaxed)) return false;
        a->kv = kv[i];
        project_part(f, layer, c, begin, &kv[i]);
        if (begin == c->n) continue;
        attention_part(f, layer, c, begin, a);
        feed_forward_part(f, layer, c, begin, is_last ? weights->output_norm : layer[1].attn_norm);
    }
    return true;
}

bool sxt_forward_read(sxt_forward *f, const int32_t *tokens, int64_t first, int64_t n, int64_t n_wanted,
                      const sxt_plan *plan, const sxt_rope *rope, const sxt_kv_view *layers,
                      const atomic_bool *cancel) {
    const sxt_hparams *h = &f->model->hparams;
    const chunk c = {tokens, first, n, n - sxt_min_i64(n, n_wanted)};
    row_work w = make_rows(f, &c, 0);
    w.norm = f->model->weights.layers[0].attn_norm;
    w.rows = embed_rows;
    run_rows(&w);
    sxt_attention a = {
        .plan = plan,
        .rope = rope,
        .precision = f->precision,
        .sliding_window = h->sliding_window,
        .n_heads = h->n_heads,
        .n_kv_heads = h->n_kv_heads,
        .head_dim = h->head_dim,
        .scale = (float)(1.0 / sqrt((double)h->head_dim)),
    };
    return run_layers(f, &c, &a, layers, cancel);
}

void sxt_forward_logits(sxt_forward *f, int64_t i_row, int64_t n_rows, float *logits) {
    const sxt_tensor *output = &f->model->weights.output;
    const sxt_product product = {output, logits};
    linear(f, 1, &product, f->normed + i_row * f->model->hparams.d_model, 0, n_rows);
}
