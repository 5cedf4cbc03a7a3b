#include "op/linear_packed.h"

#include "base/num.h"
#include "kernel/kernel.h"

#include <assert.h>

enum {
    ROWS_PER_TASK = 8,      /* of x, while they become integers */
    SERIAL_ROWS = 4,        /* so few are not worth waking a thread */
    PANEL_GROUPS = 6,       /* tasks are multiples of it: whole panels at every level */
    TASKS_PER_THREAD = 8,   /* at least, where tasks stay long enough */
    LARGEST_TASK = 8 << 20, /* multiply-adds */
    SMALLEST_TASK = 1 << 17 /* likewise: waking a thread costs about as much */
};

/* One of the products of a round, and how it is cut. */
typedef struct part {
    sxt_packed packed;
    int64_t n_out;
    float *y; /* (n_rows, n_out) */
    size_t group_bytes;
    int64_t task_groups, task_rows, n_out_tasks;
    int64_t end_task; /* its tasks follow those of the part before */
} part;

typedef struct packed_work {
    const sxt_kernels *kernels;
    sxt_packed_kind kind;
    int64_t n_in, n_rows;
    const float *x; /* (n_rows, n_in) */
    uint8_t *rows;
    size_t row_bytes;
    part parts[SXT_LINEAR_MOST];
    int n_parts;
    uint8_t *scratch;
    size_t scratch_bytes;
} packed_work;

size_t sxt_linear_packed_rows_bytes(int64_t n_rows, int64_t n_in) {
    size_t most = 0;
    for (int kind = SXT_PACKED_NONE + 1; kind < SXT_PACKED_KINDS; kind++) {
        size_t bytes = sxt_packed_row_bytes(sxt_packed_layout_of((sxt_packed_kind)kind), n_in);
        if (bytes > most) most = bytes;
    }
    return (size_t)n_rows * most;
}

static void quantize_task(void *arg, int64_t i_task, int i_thread) {
    (void)i_thread;
    const packed_work *work = arg;
    int64_t first = i_task * ROWS_PER_TASK, n = sxt_min_i64(ROWS_PER_TASK, work->n_rows - first);
    work->kernels->packed_quantize(work->kind, work->x + first * work->n_in, n, work->n_in,
                                   work->rows + (size_t)first * work->row_bytes);
}

static void product_task(void *arg, int64_t i_task, int i_thread) {
    const packed_work *work = arg;
    const part *p = work->parts;
    while (i_task >= p->end_task) p++;
    if (p != work->parts) i_task -= p[-1].end_task;
    int64_t group = i_task % p->n_out_tasks * p->task_groups, out = group * SXT_PACKED_ROWS;
    int64_t row = i_task / p->n_out_tasks * p->task_rows;
    work->kernels->packed_gemm(work->kind, p->packed.groups + (size_t)group * p->group_bytes,
                               work->rows + (size_t)row * work->row_bytes, p->y + row * p->n_out + out,
                               p->n_out, sxt_min_i64(p->task_rows, work->n_rows - row),
                               sxt_min_i64(p->task_groups * SXT_PACKED_ROWS, p->n_out - out), work->n_in,
                               work->scratch + (size_t)i_thread * work->scratch_bytes);
}

/* Several tasks for every thread, but none so short that handing it out costs; with few outputs, the rows of x
 * are cut too. */
static void cut_product(const packed_work *work, part *p, int64_t n_threads) {
    int64_t n_groups = (p->n_out + SXT_PACKED_ROWS - 1) / SXT_PACKED_ROWS;
    int64_t n_panels = (n_groups + PANEL_GROUPS - 1) / PANEL_GROUPS, n_tasks = n_threads * TASKS_PER_THREAD;
    p->task_rows = sxt_min_i64(work->n_rows, SXT_PACKED_MAX_ROWS);
    while (p->task_rows >= 128 && n_panels * ((work->n_rows - 1) / p->task_rows + 1) < n_tasks)
        p->task_rows = (p->task_rows / 2 + 3) / 4 * 4;
    int64_t panel_work = PANEL_GROUPS * SXT_PACKED_ROWS * work->n_in * p->task_rows;
    int64_t panels = sxt_max_i64(1, sxt_min_i64(n_panels / n_tasks, LARGEST_TASK / panel_work));
    panels = sxt_max_i64(panels, (SMALLEST_TASK + panel_work - 1) / panel_work);
    p->task_groups = panels * PANEL_GROUPS;
    p->n_out_tasks = (n_groups + p->task_groups - 1) / p->task_groups;
}

static void add_part(packed_work *work, const sxt_product *product, int64_t n_threads) {
    part *p = &work->parts[work->n_parts];
    p->packed = *product->w->packed;
    p->n_out = product->w->dims[0];
    p->y = product->y;
    p->group_bytes = sxt_packed_tensor_group_bytes(product->w);
    cut_product(work, p, n_threads);
    assert(p->task_rows > 0);
    p->end_task = work->n_parts ? p[-1].end_task : 0;
    p->end_task += p->n_out_tasks * ((work->n_rows + p->task_rows - 1) / p->task_rows);
    work->n_parts++;
}

/* Products with weights of one kind: they read the same small integers. */
static void run_kind(sxt_pool *pool, packed_work *work, const sxt_product *products, int n_products) {
    work->kind = products[0].w->packed->kind;
    work->row_bytes = sxt_packed_row_bytes(sxt_packed_layout_of(work->kind), work->n_in);
    work->n_parts = 0;
    for (int i = 0; i < n_products; i++) add_part(work, &products[i], sxt_pool_n_threads(pool));
    if (work->n_rows <= SERIAL_ROWS)
        work->kernels->packed_quantize(work->kind, work->x, work->n_rows, work->n_in, work->rows);
    else
        sxt_pool_run(pool, (work->n_rows + ROWS_PER_TASK - 1) / ROWS_PER_TASK, quantize_task, work);
    sxt_pool_run(pool, work->parts[n_products - 1].end_task, product_task, work);
}

void sxt_linear_packed_many(sxt_pool *pool, const sxt_product *products, int n_products, const float *x,
                            int64_t n_rows, void *scratch, size_t scratch_bytes, void *rows) {
    packed_work work = {.kernels = sxt_kernels_get(), .n_rows = n_rows, .x = x, .rows = rows};
    work.n_in = products[0].w->dims[1];
    work.scratch = scratch;
    work.scratch_bytes = scratch_bytes;
    if (n_rows < 1) return;
    for (int i = 0, end; i < n_products; i = end) {
        sxt_packed_kind kind = products[i].w->packed->kind;
        for (end = i + 1; end < n_products && products[end].w->packed->kind == kind; end++) continue;
        run_kind(pool, &work, products + i, end - i);
    }
}

void sxt_linear_packed(sxt_pool *pool, const sxt_tensor *w, const float *x, int64_t n_rows, float *y,
                       void *scratch, size_t scratch_bytes, void *rows) {
    const sxt_product product = {w, y};
    sxt_linear_packed_many(pool, &product, 1, x, n_rows, scratch, scratch_bytes, rows);
}
