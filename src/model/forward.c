#include "model/forward_rows.h"

#include "base/num.h"
#include "op/linear.h"
#include "op/linear_float.h"
#include "op/linear_packed.h"
#include "plan/registry.h"

#include <math.h>

/* ---- Layers ------------------------------------------------------------------------------------ */

/* A chunk: rows [0, n) are tokens first, first + 1, ...; rows [wanted, n) leave hidden states. */
typedef struct chunk {
    const int32_t *tokens;
    int64_t first, n, wanted;
} chunk;

static sxt_row_work make_rows(const sxt_forward *f, const chunk *c, int64_t begin) {
    return (sxt_row_work){.f = f, .tokens = c->tokens, .first = c->first, .begin = begin, .end = c->n};
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

/* The norms whose results the products of layer i read: its attention part's, and in parallel layers that have
 * one the feed-forward part's. Past the last layer: the output's. */
static void set_next(const sxt_forward *f, int32_t i, sxt_row_work *w) {
    const sxt_weights *weights = &f->model->weights;
    const sxt_hparams *h = &f->model->hparams;
    if (i == h->n_layers) {
        w->next = (sxt_norm){weights->output_norm, weights->output_norm_bias};
        return;
    }
    const sxt_layer_weights *layer = &weights->layers[i];
    w->next = (sxt_norm){layer->attn_norm, layer->attn_norm_bias};
    if (h->traits.parallel) w->next_beside = (sxt_norm){layer->ffn_norm, layer->ffn_norm_bias};
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
    sxt_row_work w = make_rows(f, c, 0);
    w.first_query = begin;
    w.layer = layer;
    w.kv = kv;
    w.rows = sxt_rows_store;
    sxt_rows_run(&w);
}

/* attended = attention for rows from `begin` on */
static void attend_part(const sxt_forward *f, const chunk *c, int64_t begin, sxt_attention *a) {
    int64_t n_q = (int64_t)a->n_heads * a->head_dim;
    a->first = c->first + begin;
    a->n_queries = c->n - begin;
    a->q = f->q + begin * n_q;
    a->out = f->attended + begin * n_q;
    sxt_attend(f->pool, a, f->scratch, f->scratch_bytes);
}

/* gate = activation(gate(x)) * up(x), or activation(up(x)), for rows from `begin` on */
static void inner_part(const sxt_forward *f, const sxt_layer_weights *layer, const chunk *c, int64_t begin,
                       const float *x) {
    const sxt_product inner[] = {{&layer->gate, f->gate}, {&layer->up, f->up}};
    if (f->model->hparams.traits.gated)
        linear(f, 2, inner, x, begin, c->n);
    else
        linear(f, 1, inner + 1, x, begin, c->n);
    sxt_row_work w = make_rows(f, c, begin);
    w.layer = layer;
    w.rows = sxt_rows_activate;
    sxt_rows_run(&w);
}

/* x += o(attended); normed = ffn_norm(x); x += down(inner(normed)); normed = the next layer's norm of x */
static void sequential_layer(const sxt_forward *f, int32_t i, const chunk *c, int64_t begin) {
    const sxt_layer_weights *layer = &f->model->weights.layers[i];
    const sxt_product output = {&layer->o, f->normed}, down = {&layer->down, f->normed};
    sxt_row_work w = make_rows(f, c, begin);
    w.rows = sxt_rows_add;
    linear(f, 1, &output, f->attended, begin, c->n);
    w.bias = layer->o_bias;
    w.post = layer->post_attn_norm;
    w.next = (sxt_norm){layer->ffn_norm, layer->ffn_norm_bias};
    sxt_rows_run(&w);
    inner_part(f, layer, c, begin, f->normed);
    linear(f, 1, &down, f->gate, begin, c->n);
    w.bias = layer->down_bias;
    w.post = layer->post_ffn_norm;
    set_next(f, i + 1, &w);
    sxt_rows_run(&w);
}

/* x += o(attended) + down(inner(the layer's norm of x)): both parts read the stream as the layer found it */
static void parallel_layer(const sxt_forward *f, int32_t i, const chunk *c, int64_t begin) {
    const sxt_layer_weights *layer = &f->model->weights.layers[i];
    const sxt_product output = {&layer->o, f->normed}, down = {&layer->down, f->beside};
    inner_part(f, layer, c, begin, layer->ffn_norm ? f->beside : f->normed);
    linear(f, 1, &down, f->gate, begin, c->n);
    linear(f, 1, &output, f->attended, begin, c->n);
    sxt_row_work w = make_rows(f, c, begin);
    w.rows = sxt_rows_add;
    w.bias = layer->o_bias;
    w.adds_beside = true;
    w.beside_bias = layer->down_bias;
    set_next(f, i + 1, &w);
    sxt_rows_run(&w);
}

/* What the layers of a chunk attend by: those that slide beside others that do not may have a plan and a table
 * of their own. */
typedef struct positions {
    const sxt_plan *plan, *local_plan;
    const sxt_rope *rope, *local_rope;
} positions;

static void set_positions(const sxt_hparams *h, int32_t i, const positions *p, sxt_attention *a) {
    bool is_local = h->slides[i];
    a->sliding_window = is_local && !p->plan->window_off ? h->sliding_window : 0;
    a->plan = is_local ? p->local_plan : p->plan;
    a->rope = is_local ? p->local_rope : p->rope;
}

/* The last layer is read to its keys and values only where no hidden state is wanted. */
static bool run_layers(const sxt_forward *f, const chunk *c, const positions *p, sxt_attention *a,
                       const sxt_kv_view *kv, const atomic_bool *cancel) {
    const sxt_hparams *h = &f->model->hparams;
    for (int32_t i = 0; i < h->n_layers; i++) {
        int64_t begin = i + 1 == h->n_layers ? c->wanted : 0;
        if (atomic_load_explicit(cancel, memory_order_relaxed)) return false;
        a->kv = kv[i];
        set_positions(h, i, p, a);
        project_part(f, &f->model->weights.layers[i], c, begin, &kv[i]);
        if (begin == c->n) continue;
        attend_part(f, c, begin, a);
        if (h->traits.parallel)
            parallel_layer(f, i, c, begin);
        else
            sequential_layer(f, i, c, begin);
    }
    return true;
}

bool sxt_forward_read(sxt_forward *f, const int32_t *tokens, int64_t first, int64_t n, int64_t n_wanted,
                      const sxt_plan *plan, const sxt_rope *rope, const sxt_rope *local_rope,
                      const sxt_kv_view *layers, const atomic_bool *cancel) {
    const sxt_hparams *h = &f->model->hparams;
    const chunk c = {tokens, first, n, n - sxt_min_i64(n, n_wanted)};
    const sxt_plan as_trained = {.method = &sxt_plan_none, .group_size = 1, .n_ctx_train = h->n_ctx_train};
    bool alone = sxt_hparams_local_alone(h) && !plan->window_off;
    const positions p = {plan, alone ? &as_trained : plan, rope,
                         alone || h->has_local_rope ? local_rope : rope};
    double scale = h->traits.score_scale > 0 ? (double)h->traits.score_scale : 1.0 / sqrt((double)h->head_dim);
    sxt_row_work w = make_rows(f, &c, 0);
    set_next(f, 0, &w);
    w.rows = sxt_rows_embed;
    sxt_rows_run(&w);
    sxt_attention a = {
        .precision = f->precision,
        .n_heads = h->n_heads,
        .n_kv_heads = h->n_kv_heads,
        .head_dim = h->head_dim,
        .scale = (float)scale,
        .cap = h->traits.score_cap,
        .slopes = f->slopes,
    };
    return run_layers(f, &c, &p, &a, layers, cancel);
}

/* ---- Logits ------------------------------------------------------------------------------------ */

typedef struct logit_work {
    const sxt_forward *f;
    float *logits; /* (n_rows, n_vocab) */
} logit_work;

/* One row: the output's bias, then the soft cap. */
static void finish_logits(void *arg, int64_t r, int i_thread) {
    const logit_work *work = arg;
    const sxt_model *model = work->f->model;
    int64_t n = model->hparams.n_vocab;
    float *row = work->logits + r * n;
    (void)i_thread;
    if (model->weights.output_bias) sxt_kernels_get()->add(model->weights.output_bias, row, n);
    const sxt_score_step cap = {
        .scores = row, .n_rows = 1, .n_keys = n, .cap = model->hparams.traits.logit_cap};
    if (cap.cap > 0) sxt_kernels_get()->attend_adjust(&cap);
}

void sxt_forward_logits(sxt_forward *f, int64_t i_row, int64_t n_rows, float *logits) {
    const sxt_model *model = f->model;
    const sxt_product product = {&model->weights.output, logits};
    linear(f, 1, &product, f->normed + i_row * model->hparams.d_model, 0, n_rows);
    if (!model->weights.output_bias && model->hparams.traits.logit_cap <= 0) return;
    logit_work work = {f, logits};
    sxt_pool_run(f->pool, n_rows, finish_logits, &work);
}
