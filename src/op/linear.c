/* y = x . W^T. The outputs are cut into tasks; a task takes its rows of W panel by panel, either straight
 * from storage (few rows of x) or unpacked once for all rows. Both ways give the same bits. */
#include "op/linear.h"

#include "base/num.h"
#include "kernel/kernel.h"

#include <string.h>

enum {
    NARROW_PANEL = 16,     /* rows of W unpacked at a time: with few rows of x they stay in L2 */
    WIDE_PANEL = 64,       /* with many, x is what has to be read less often */
    MANY_ROWS = 24,        /* ... rows of x from here on are many */
    FEW_ROWS = 2,          /* up to here, unpacking inside the dot product is cheaper */
    ROW_BLOCK = 512,       /* rows of x of a task: they stay in the last-level cache */
    TASKS_PER_THREAD = 32, /* at most */
    TASK_WORK =
        1 << 17 /* multiply-adds that a task should have at least: waking a thread costs about as much */
};

/* Floats between unpacked rows: 1 KiB past a multiple of 4 KiB, so that the rows of a panel spread over the
 * sets of the first-level cache. */
static int64_t unpacked_stride(int64_t n_in) { return (n_in + 1023) / 1024 * 1024 + 256; }

size_t sxt_linear_scratch_bytes(int64_t n_in) {
    return WIDE_PANEL * (size_t)unpacked_stride(n_in) * sizeof(float);
}

typedef void (*gemv_fn)(const void *w, size_t row_bytes, const float *x, float *y, int64_t n_out, int64_t n_k);

typedef struct linear_work {
    const sxt_kernels *kernels;
    const sxt_tensor *w;
    int64_t n_in, n_out, n_rows;
    size_t row_bytes;
    const float *x; /* (n_rows, n_in) */
    float *y;       /* (n_rows, n_out) */
    int64_t panel, task_out, n_out_tasks;
    uint8_t *scratch;
    size_t scratch_bytes;
} linear_work;

static size_t row_bytes(const sxt_tensor *w, int64_t n_in) {
    return (size_t)(n_in / w->traits->block) * w->traits->block_bytes;
}

/* NULL where a type has no dot product with its stored form. */
static gemv_fn stored_product(const sxt_kernels *kernels, sxt_type type) {
    switch (type) {
    case SXT_TYPE_F16: return kernels->gemv_f16;
    case SXT_TYPE_BF16: return kernels->gemv_bf16;
    case SXT_TYPE_Q8_0: return kernels->gemv_q8_0;
    case SXT_TYPE_Q4_0: return kernels->gemv_q4_0;
    default: return NULL;
    }
}

/* Outputs [first, first + n) for rows [row, row + rows), unpacked panel by panel. */
static void unpacked_part(const linear_work *work, int64_t first, int64_t n, int64_t row, int64_t rows,
                          float *panel) {
    int64_t stride = unpacked_stride(work->n_in);
    for (int64_t o = first; o < first + n; o += work->panel) {
        int64_t n_panel = sxt_min_i64(work->panel, first + n - o);
        for (int64_t i = 0; i < n_panel; i++) {
            const uint8_t *stored = work->w->data + (size_t)(o + i) * work->row_bytes;
            work->w->traits->unpack(stored, panel + i * stride, work->n_in);
        }
        work->kernels->gemm_f32(work->x + row * work->n_in, work->n_in, panel, stride,
                                work->y + row * work->n_out + o, work->n_out, rows, n_panel, work->n_in);
    }
}

/* The same for few rows, from storage; false when the type has no such path. */
static bool stored_part(const linear_work *work, int64_t first, int64_t n, int64_t row, int64_t rows) {
    const uint8_t *stored = work->w->data + (size_t)first * work->row_bytes;
    const float *x = work->x + row * work->n_in;
    float *y = work->y + row * work->n_out + first;
    if (work->w->traits->type == SXT_TYPE_F32) {
        work->kernels->gemm_f32(x, work->n_in, (const float *)(const void *)stored, work->n_in, y, work->n_out,
                                rows, n, work->n_in);
        return true;
    }
    gemv_fn gemv = stored_product(work->kernels, work->w->traits->type);
    if (!gemv) return false;
    for (int64_t r = 0; r < rows; r++)
        gemv(stored, work->row_bytes, x + r * work->n_in, y + r * work->n_out, n, work->n_in);
    return true;
}

static void linear_task(void *arg, int64_t i_task, int i_thread) {
    const linear_work *work = arg;
    int64_t first = i_task % work->n_out_tasks * work->task_out;
    int64_t row = i_task / work->n_out_tasks * ROW_BLOCK;
    int64_t n = sxt_min_i64(work->task_out, work->n_out - first);
    int64_t rows = sxt_min_i64(ROW_BLOCK, work->n_rows - row);
    if (rows <= FEW_ROWS && stored_part(work, first, n, row, rows)) return;
    unpacked_part(work, first, n, row, rows, (float *)(work->scratch + (size_t)i_thread * work->scratch_bytes));
}

/* Tasks are whole panels, several for each thread where there is enough to do. */
static void cut_outputs(linear_work *work, int64_t n_threads) {
    bool wide = work->n_rows > MANY_ROWS && work->n_out >= 4 * n_threads * WIDE_PANEL;
    work->panel = wide ? WIDE_PANEL : NARROW_PANEL;
    int64_t n_panels = (work->n_out + work->panel - 1) / work->panel, most = n_threads * TASKS_PER_THREAD;
    int64_t panel_work = work->panel * work->n_in * sxt_min_i64(work->n_rows, ROW_BLOCK);
    int64_t task_panels = sxt_max_i64((n_panels + most - 1) / most, (TASK_WORK + panel_work - 1) / panel_work);
    work->task_out = task_panels * work->panel;
    work->n_out_tasks = (work->n_out + work->task_out - 1) / work->task_out;
}

void sxt_linear(sxt_pool *pool, const sxt_tensor *w, const float *x, int64_t n_rows, float *y, void *scratch,
                size_t scratch_bytes) {
    linear_work work = {.kernels = sxt_kernels_get(), .w = w, .n_rows = n_rows, .x = x, .y = y};
    work.n_in = w->dims[w->n_dims - 1];
    work.n_out = sxt_tensor_elements(w) / work.n_in;
    work.row_bytes = row_bytes(w, work.n_in);
    work.scratch = scratch;
    work.scratch_bytes = scratch_bytes;
    if (n_rows < 1) return;
    cut_outputs(&work, sxt_pool_n_threads(pool));
    sxt_pool_run(pool, work.n_out_tasks * ((n_rows + ROW_BLOCK - 1) / ROW_BLOCK), linear_task, &work);
}

void sxt_tensor_row(const sxt_tensor *w, int64_t i_row, float *y) {
    int64_t n_in = w->dims[w->n_dims - 1];
    w->traits->unpack(w->data + (size_t)i_row * row_bytes(w, n_in), y, n_in);
}
