#include "op/linear_float.h"

#include "base/num.h"
#include "kernel/kernel.h"

enum {
    FILL_ROWS = 8,          /* of x, while they become integers */
    SERIAL_ROWS = 4,        /* so few are not worth waking a thread */
    CHUNK_ROWS = 512,       /* of x at a time: a block of their columns stays in the L2 cache */
    FEWEST_ROWS = 120,      /* below this, rows are not cut further: weights would be converted too often */
    TASKS_PER_THREAD = 8,   /* at least, where there is enough to do */
    SMALLEST_TASK = 1 << 17 /* multiply-adds: waking a thread costs about as much */
};

typedef void (*panel_fn)(const void *w, size_t row_bytes, int64_t n_out, int64_t n_k, int16_t *panel,
                         float *scales);
typedef void (*gemv_fn)(const void *w, size_t row_bytes, const int16_t *x, const float *x_scales, float *y,
                        int64_t n_out, int64_t n_k);

/* How a type is read. */
typedef struct stored {
    panel_fn panel;
    gemv_fn gemv;
    size_t element; /* bytes */
} stored;

/* What a thread works in: a block of columns of SXT_MATMUL16_OUT rows of weights, and the sums so far. These
 * are not in y, whose rows often lie a power of two apart and would evict each other. */
typedef struct panel {
    float sums[CHUNK_ROWS * SXT_MATMUL16_OUT];
    int16_t q[SXT_MATMUL16_COLUMNS * SXT_MATMUL16_OUT];
    float scales[SXT_MATMUL16_OUT];
} panel;

/* One of the products of a round, and how it is cut. */
typedef struct part {
    stored from;
    const uint8_t *w;
    int64_t n_out;
    float *y; /* (n_rows, n_out) */
    int64_t task_out, task_rows, n_out_tasks;
    int64_t end_task; /* its tasks follow those of the part before */
} part;

typedef struct float_work {
    const sxt_kernels *kernels;
    int64_t n_in, n_rows, n_blocks;
    const float *x; /* (n_rows, n_in) */
    int16_t *q;     /* (n_blocks, n_rows, SXT_MATMUL16_COLUMNS) */
    float *scales;  /* (n_blocks, n_rows, SXT_MATMUL16_SUBS) */
    part parts[SXT_LINEAR_MOST];
    uint8_t *scratch;
    size_t scratch_bytes;
} float_work;

static stored stored_as(const sxt_kernels *kernels, sxt_type type) {
    switch (type) {
    case SXT_TYPE_F16: return (stored){kernels->matmul16_panel_f16, kernels->matmul16_gemv_f16, 2};
    case SXT_TYPE_BF16: return (stored){kernels->matmul16_panel_bf16, kernels->matmul16_gemv_bf16, 2};
    case SXT_TYPE_F32: return (stored){kernels->matmul16_panel_f32, kernels->matmul16_gemv_f32, 4};
    default: return (stored){NULL, NULL, 0};
    }
}

bool sxt_linear_float_pays(const sxt_tensor *w) {
    const sxt_kernels *kernels = sxt_kernels_get();
    return kernels->multiplies_int16 && stored_as(kernels, w->traits->type).panel;
}

static int64_t n_blocks(int64_t n_in) { return (n_in + SXT_MATMUL16_COLUMNS - 1) / SXT_MATMUL16_COLUMNS; }

static size_t q_bytes(int64_t n_rows, int64_t n_in) {
    return (size_t)n_blocks(n_in) * (size_t)n_rows * SXT_MATMUL16_COLUMNS * sizeof(int16_t);
}

size_t sxt_linear_float_rows_bytes(int64_t n_rows, int64_t n_in) {
    return q_bytes(n_rows, n_in) + (size_t)n_blocks(n_in) * (size_t)n_rows * SXT_MATMUL16_SUBS * sizeof(float);
}

size_t sxt_linear_float_scratch_bytes(void) { return sxt_round_up(sizeof(panel), 64); }

static void fill_rows(const float_work *work, int64_t first, int64_t n) {
    for (int64_t r = first; r < first + n; r++)
        work->kernels->matmul16_row(work->x + r * work->n_in, work->n_in, work->n_rows * SXT_MATMUL16_COLUMNS,
                                    work->q + r * SXT_MATMUL16_COLUMNS, work->n_rows * SXT_MATMUL16_SUBS,
                                    work->scales + r * SXT_MATMUL16_SUBS);
}

static void fill_task(void *arg, int64_t i_task, int i_thread) {
    (void)i_thread;
    const float_work *work = arg;
    fill_rows(work, i_task * FILL_ROWS, sxt_min_i64(FILL_ROWS, work->n_rows - i_task * FILL_ROWS));
}

/* All columns of the SXT_MATMUL16_OUT outputs or fewer from `out` on, for n rows. */
static void panel_part(const float_work *work, const part *p, int64_t row, int64_t n, int64_t out, panel *at) {
    const size_t row_bytes = (size_t)work->n_in * p->from.element;
    int64_t n_out = sxt_min_i64(SXT_MATMUL16_OUT, p->n_out - out);
    for (int64_t b = 0; b < work->n_blocks; b++) {
        int64_t k = b * SXT_MATMUL16_COLUMNS, n_k = sxt_min_i64(SXT_MATMUL16_COLUMNS, work->n_in - k);
        const uint8_t *w = p->w + (size_t)out * row_bytes + (size_t)k * p->from.element;
        const int64_t x_row = b * work->n_rows + row;
        bool last = b + 1 == work->n_blocks;
        p->from.panel(w, row_bytes, n_out, n_k, at->q, at->scales);
        work->kernels->matmul16_gemm(work->q + x_row * SXT_MATMUL16_COLUMNS,
                                     work->scales + x_row * SXT_MATMUL16_SUBS, at->q, at->scales,
                                     b == 0 ? NULL : at->sums, last ? p->y + row * p->n_out + out : at->sums,
                                     last ? p->n_out : SXT_MATMUL16_OUT, n, n_out, n_k);
    }
}

static void product_task(void *arg, int64_t i_task, int i_thread) {
    const float_work *work = arg;
    const part *p = work->parts;
    while (i_task >= p->end_task) p++;
    if (p != work->parts) i_task -= p[-1].end_task;
    int64_t out = i_task % p->n_out_tasks * p->task_out, end = sxt_min_i64(out + p->task_out, p->n_out);
    int64_t row = i_task / p->n_out_tasks * p->task_rows, n = sxt_min_i64(p->task_rows, work->n_rows - row);
    if (work->n_rows == 1) { /* from memory as it is: its blocks of x are one after the other */
        size_t row_bytes = (size_t)work->n_in * p->from.element;
        p->from.gemv(p->w + (size_t)out * row_bytes, row_bytes, work->q, work->scales, p->y + out, end - out,
                     work->n_in);
        return;
    }
    panel *at = (panel *)(void *)(work->scratch + (size_t)i_thread * work->scratch_bytes);
    for (; out < end; out += SXT_MATMUL16_OUT) panel_part(work, p, row, n, out, at);
}

/* Several tasks for every thread, but none so short that handing it out costs; with few outputs, the rows of x
 * are cut too. */
static void cut_product(const float_work *work, part *p, int64_t n_threads) {
    int64_t n_panels = (p->n_out + SXT_MATMUL16_OUT - 1) / SXT_MATMUL16_OUT;
    int64_t n_tasks = n_threads * TASKS_PER_THREAD;
    p->task_rows = sxt_min_i64(work->n_rows, CHUNK_ROWS);
    while (p->task_rows >= 2 * FEWEST_ROWS && n_panels * ((work->n_rows - 1) / p->task_rows + 1) < n_threads)
        p->task_rows = (p->task_rows / 2 + 5) / 6 * 6;
    int64_t panel_work = SXT_MATMUL16_OUT * work->n_in * p->task_rows;
    int64_t panels = sxt_max_i64(n_panels / n_tasks, (SMALLEST_TASK + panel_work - 1) / panel_work);
    p->task_out = sxt_max_i64(1, panels) * SXT_MATMUL16_OUT;
    p->n_out_tasks = (p->n_out + p->task_out - 1) / p->task_out;
}

/* Its tasks begin at first_task; returns where they end. */
static int64_t make_part(const float_work *work, part *p, const sxt_product *product, int64_t first_task,
                         int64_t n_threads) {
    p->from = stored_as(work->kernels, product->w->traits->type);
    p->w = product->w->data;
    p->n_out = sxt_tensor_elements(product->w) / work->n_in;
    p->y = product->y;
    cut_product(work, p, n_threads);
    p->end_task = first_task + p->n_out_tasks * ((work->n_rows + p->task_rows - 1) / p->task_rows);
    return p->end_task;
}

void sxt_linear_float_many(sxt_pool *pool, const sxt_product *products, int n_products, const float *x,
                           int64_t n_rows, void *scratch, size_t scratch_bytes, void *rows) {
    float_work work = {.kernels = sxt_kernels_get(), .n_rows = n_rows, .x = x, .q = rows};
    work.n_in = products[0].w->dims[products[0].w->n_dims - 1];
    work.n_blocks = n_blocks(work.n_in);
    work.scales = (float *)(void *)((char *)rows + q_bytes(n_rows, work.n_in));
    work.scratch = scratch;
    work.scratch_bytes = scratch_bytes;
    int64_t n_tasks = 0;
    if (n_rows < 1) return;
    for (int i = 0; i < n_products; i++)
        n_tasks = make_part(&work, &work.parts[i], &products[i], n_tasks, sxt_pool_n_threads(pool));
    if (n_rows <= SERIAL_ROWS)
        fill_rows(&work, 0, n_rows);
    else
        sxt_pool_run(pool, (n_rows + FILL_ROWS - 1) / FILL_ROWS, fill_task, &work);
    sxt_pool_run(pool, n_tasks, product_task, &work);
}
