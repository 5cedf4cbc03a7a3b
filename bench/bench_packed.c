/* Speed of products with packed weights: Gop/s with many rows beside the int8 peak measured between the
 * repeats, GB/s of packed bytes with one row. Usage: bench_packed [threads] [level] */
#include "base/memory.h"
#include "base/rng.h"
#include "kernel/kernel.h"
#include "op/linear_packed.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { REPEATS = 7, N_IN = 2048, N_OUT = 2048, MAX_ROWS = 512, PEAK_ROUNDS = 100000 };
#define WEIGHT_BYTES ((size_t)1 << 30)

static const uint32_t types[] = {SXT_TYPE_Q8_0, SXT_TYPE_Q4_0, SXT_TYPE_Q4_1,   SXT_TYPE_Q5_0,
                                 SXT_TYPE_Q5_1, SXT_TYPE_Q2_K, SXT_TYPE_Q3_K,   SXT_TYPE_Q4_K,
                                 SXT_TYPE_Q5_K, SXT_TYPE_Q6_K, SXT_TYPE_IQ4_NL, SXT_TYPE_IQ4_XS};

typedef struct bench {
    sxt_pool *pool;
    void *scratch, *rows;
    uint8_t *groups; /* (WEIGHT_BYTES), larger than the caches */
    float *x, *y;
    double peak; /* Gop/s of all threads: best seen since it was set to 0 */
} bench;

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void peak_task(void *arg, int64_t i_task, int i_thread) {
    (void)i_thread;
    ((int64_t *)arg)[i_task] = sxt_kernels_get()->peak_int8(PEAK_ROUNDS);
}

static void measure_peak(bench *b) {
    int64_t operations[64], sum = 0;
    int n = sxt_pool_n_threads(b->pool);
    double start = now();
    sxt_pool_run(b->pool, n, peak_task, operations);
    double seconds = now() - start;
    for (int i = 0; i < n; i++) sum += operations[i];
    if ((double)sum / seconds * 1e-9 > b->peak) b->peak = (double)sum / seconds * 1e-9;
}

/* Best seconds of one product. */
static double time_product(bench *b, const sxt_type_traits *traits, int64_t n_rows, int64_t n_out) {
    sxt_tensor w = {.traits = traits, .n_dims = 2, .dims = {n_out, N_IN}};
    sxt_packed packed = {sxt_packed_kind_of(&w), b->groups};
    w.packed = &packed;
    double best = 1e9;
    for (int i = 0; i < REPEATS; i++) {
        measure_peak(b);
        double start = now();
        sxt_linear_packed(b->pool, &w, b->x, n_rows, b->y, b->scratch, SXT_PACKED_SCRATCH, b->rows);
        double seconds = now() - start;
        if (seconds < best) best = seconds;
    }
    return best;
}

static void bench_type(bench *b, uint32_t type) {
    static const int64_t rows[] = {512, 64, 16, 8};
    const sxt_type_traits *traits = sxt_type_find(type);
    sxt_tensor w = {.traits = traits, .n_dims = 2, .dims = {SXT_PACKED_ROWS, N_IN}};
    size_t group_bytes = sxt_packed_tensor_group_bytes(&w);
    int64_t n_groups = (int64_t)(WEIGHT_BYTES / group_bytes);
    b->peak = 0;
    printf("%-6s", traits->name);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        double seconds = time_product(b, traits, rows[i], N_OUT);
        printf(" %7.0f", 2.0 * (double)rows[i] * N_OUT * N_IN / seconds * 1e-9);
    }
    double seconds = time_product(b, traits, 1, n_groups * SXT_PACKED_ROWS);
    printf(" %8.0f %9.1f\n", b->peak, (double)group_bytes * (double)n_groups / seconds * 1e-9);
}

static bool bench_new(bench *b, int n_threads) {
    size_t values = (size_t)MAX_ROWS * N_IN;
    if (sxt_pool_new(n_threads, &b->pool, NULL) != SXT_OK) return false;
    b->scratch = sxt_alloc_pages((size_t)n_threads * SXT_PACKED_SCRATCH);
    b->rows = sxt_alloc_pages(sxt_linear_packed_rows_bytes(MAX_ROWS, N_IN));
    b->groups = sxt_alloc_pages(WEIGHT_BYTES);
    b->x = sxt_alloc_pages(values * sizeof(float));
    b->y = sxt_alloc_pages((size_t)4 * values * sizeof(float));
    if (!b->scratch || !b->rows || !b->groups || !b->x || !b->y) return false;
    sxt_rng rng = sxt_rng_make(1);
    for (size_t i = 0; i < values; i++) b->x[i] = (float)sxt_rng_unit(&rng) - 0.5f;
    /* A byte pattern that is a finite number in every type. */
    for (size_t i = 0; i < WEIGHT_BYTES; i++) b->groups[i] = (uint8_t)(0x10 + (i * 7 & 0x1f));
    return true;
}

int main(int argc, char **argv) {
    int n_threads = argc > 1 ? atoi(argv[1]) : 1;
    if (n_threads < 1 || n_threads > 64) return 2;
    if (argc > 2) setenv("SEXTANT_KERNEL", argv[2], 1);
    bench b = {0};
    if (!bench_new(&b, n_threads)) {
        fprintf(stderr, "bench_packed: not enough memory\n");
        return 1;
    }
    printf("level %s, %d threads, %d x %d weights; Gop/s for rows of x, their integers included\n",
           sxt_kernels_get()->name, n_threads, N_OUT, N_IN);
    printf("type      512      64      16       8     peak  1: GB/s\n");
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) bench_type(&b, types[i]);
    return 0;
}
