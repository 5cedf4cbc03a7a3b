#include "model/forward_rows.h"

#include "base/num.h"
#include "op/linear.h"

#include <math.h>

enum { ROWS_PER_TASK = 16 };

static void row_task(void *arg, int64_t i_task, int i_thread) {
    (void)i_thread;
    const sxt_row_work *w = arg;
    int64_t start = (w->first + w->begin) / ROWS_PER_TASK * ROWS_PER_TASK - w->first + i_task * ROWS_PER_TASK;
    w->rows(w, sxt_max_i64(w->begin, start), sxt_min_i64(w->end, start + ROWS_PER_TASK));
}

/* Tasks begin at tokens whose index is a multiple of ROWS_PER_TASK: so do pieces of the cache. */
void sxt_rows_run(sxt_row_work *w) {
    int64_t before = (w->first + w->begin) / ROWS_PER_TASK, last = (w->first + w->end - 1) / ROWS_PER_TASK;
    w->kernels = sxt_kernels_get();
    if (w->begin < w->end) sxt_pool_run(w->f->pool, last - before + 1, row_task, w);
}

/* ---- The stream ---- */

/* y = norm(x), one row; y stays as it is where there is no norm. */
static void apply_norm(const sxt_row_work *w, const sxt_norm *norm, const float *x, float *y) {
    const sxt_hparams *h = &w->f->model->hparams;
    if (!norm->weight) return;
    if (h->traits.norm == SXT_NORM_RMS)
        w->kernels->rms_norm(x, norm->weight, y, h->d_model, h->norm_eps);
    else
        w->kernels->layer_norm(x, norm->weight, norm->bias, y, h->d_model, h->norm_eps);
}

/* What the next products read of row r of the stream. */
static void apply_next(const sxt_row_work *w, int64_t r) {
    const sxt_forward *f = w->f;
    int64_t d = f->model->hparams.d_model;
    apply_norm(w, &w->next, f->x + r * d, f->normed + r * d);
    apply_norm(w, &w->next_beside, f->x + r * d, f->beside + r * d);
}

void sxt_rows_embed(const sxt_row_work *w, int64_t begin, int64_t end) {
    const sxt_forward *f = w->f;
    const sxt_hparams *h = &f->model->hparams;
    for (int64_t r = begin; r < end; r++) {
        float *x = f->x + r * h->d_model;
        sxt_tensor_row(&f->model->weights.embed, w->tokens[r], x);
        if (h->traits.scaled_embedding) w->kernels->scale(x, sqrtf((float)h->d_model), h->d_model);
        apply_next(w, r);
    }
}

void sxt_rows_add(const sxt_row_work *w, int64_t begin, int64_t end) {
    const sxt_forward *f = w->f;
    const sxt_hparams *h = &f->model->hparams;
    int64_t d = h->d_model;
    for (int64_t r = begin; r < end; r++) {
        float *x = f->x + r * d, *y = f->normed + r * d;
        if (w->bias) w->kernels->add(w->bias, y, d);
        if (w->post) w->kernels->rms_norm(y, w->post, y, d, h->norm_eps);
        w->kernels->add(y, x, d);
        if (w->adds_beside) w->kernels->add(f->beside + r * d, x, d);
        if (w->beside_bias) w->kernels->add(w->beside_bias, x, d);
        apply_next(w, r);
    }
}

/* ---- Queries, keys and values ---- */

static void bias_rows(const sxt_row_work *w, const float *bias, float *y, int64_t begin, int64_t end,
                      int64_t n) {
    for (int64_t r = begin; bias && r < end; r++) w->kernels->add(bias, y + r * n, n);
}

/* Within +-c; NaN stays. */
static void clip(float c, float *x, int64_t n) {
    for (int64_t i = 0; i < n; i++) x[i] = x[i] > c ? c : x[i] < -c ? -c : x[i];
}

/* Each head of rows [begin, end) by itself. */
static void norm_heads(const sxt_row_work *w, const float *weight, float *x, int64_t begin, int64_t end,
                       int64_t n) {
    const sxt_hparams *h = &w->f->model->hparams;
    for (int64_t at = begin * n; weight && at < end * n; at += h->head_dim)
        if (h->traits.own_head_norms)
            w->kernels->layer_norm(x + at, weight + at % n, NULL, x + at, h->head_dim, h->norm_eps);
        else
            w->kernels->rms_norm(x + at, weight, x + at, h->head_dim, h->norm_eps);
}

void sxt_rows_store(const sxt_row_work *w, int64_t begin, int64_t end) {
    const sxt_forward *f = w->f;
    const sxt_hparams *h = &f->model->hparams;
    const sxt_layer_weights *layer = w->layer;
    const float c = h->traits.qkv_clip;
    int64_t n_q = (int64_t)h->n_heads * h->head_dim, n_kv = (int64_t)h->n_kv_heads * h->head_dim;
    int64_t query = sxt_max_i64(begin, w->first_query);
    bias_rows(w, layer->q_bias, f->q, query, end, n_q);
    bias_rows(w, layer->k_bias, f->k, begin, end, n_kv);
    bias_rows(w, layer->v_bias, f->v, begin, end, n_kv);
    if (c > 0) {
        clip(c, f->q + query * n_q, (end - query) * n_q);
        clip(c, f->k + begin * n_kv, (end - begin) * n_kv);
        clip(c, f->v + begin * n_kv, (end - begin) * n_kv);
    }
    norm_heads(w, layer->q_norm, f->q, query, end, n_q);
    norm_heads(w, layer->k_norm, f->k, begin, end, n_kv);
    sxt_kv_store(w->kv, w->first + begin, end - begin, f->k + begin * n_kv, f->v + begin * n_kv);
}

/* ---- The feed-forward part ---- */

void sxt_rows_activate(const sxt_row_work *w, int64_t begin, int64_t end) {
    const sxt_traits *traits = &w->f->model->hparams.traits;
    int64_t n_ff = w->f->model->hparams.n_ff, n = (end - begin) * n_ff;
    float *gate = w->f->gate + begin * n_ff, *up = w->f->up + begin * n_ff;
    bias_rows(w, w->layer->up_bias, w->f->up, begin, end, n_ff);
    if (traits->activation == SXT_SILU)
        w->kernels->swiglu(gate, up, gate, n);
    else
        w->kernels->gelu(traits->gated ? gate : up, traits->gated ? up : NULL, gate, n,
                         traits->activation == SXT_GELU_TANH);
}
