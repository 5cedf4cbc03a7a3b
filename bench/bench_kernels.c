/* Speed of the kernels on this machine: GFLOP/s of products with many rows, GB/s of products with one row,
 * next to the multiply-add peak measured in the same run. Usage: bench_kernels [threads] [level] */
#include "base/memory.h"
#include "base/rng.h"
#include "base/threads.h"
#include "kernel/kernel.h"
#include "op/linear.h"
#include "op/linear_float.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { REPEATS = 7, N_OUT = 2048 };

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* ---- Peak ------------------------------------------------------------------------------------------------ */

typedef int64_t (*peak_fn)(int64_t n_rounds);

typedef struct peak_work {
    peak_fn peak;
    double rate[64];
} peak_work;

/* Rounds until a few milliseconds have passed; the first ones wake the vector units. */
static void peak_task(void *arg, int64_t i_task, int i_thread) {
    (void)i_thread;
    peak_work *work = arg;
    int64_t operations = 0;
    double start = now(), seconds = 0;
    while (seconds < 0.004) {
        int64_t done = work->peak(2000);
        if (done == 0) break;
        operations += done;
        seconds = now() - start;
    }
    work->rate[i_task] = seconds > 0 ? (double)operations / seconds * 1e-9 : 0;
}

/* G operations/s of all threads together; 0 where the level has no such instruction. */
static double peak_of(sxt_pool *pool, peak_fn peak) {
    peak_work work = {.peak = peak};
    int n = sxt_pool_n_threads(pool);
    double sum = 0;
    sxt_pool_run(pool, n, peak_task, &work);
    for (int i = 0; i < n; i++) sum += work.rate[i];
    return sum;
}

/* ---- Products --------------------------------------------------------------------------------- */

typedef struct bench {
    sxt_pool *pool;
    uint8_t *scratch;
    size_t scratch_bytes;
    void *rows;       /* x as integers */
    double peak;      /* GFLOP/s: best seen since it was set to 0 */
    uint8_t *weights; /* big enough for every case, larger than the caches */
    size_t weights_bytes;
    float *x, *y;
} bench;

static const uint32_t types[] = {SXT_TYPE_F32,  SXT_TYPE_F16,  SXT_TYPE_BF16, SXT_TYPE_Q8_0,
                                 SXT_TYPE_Q4_0, SXT_TYPE_Q4_K, SXT_TYPE_Q5_K, SXT_TYPE_Q6_K};

/* Products of stored floats in 16-bit integers, or any weights in f32. */
static void product(bench *b, const sxt_tensor *w, int64_t n_rows, bool int16) {
    const sxt_product one = {w, b->y};
    if (int16)
        sxt_linear_float_many(b->pool, &one, 1, b->x, n_rows, b->scratch, b->scratch_bytes, b->rows);
    else
        sxt_linear(b->pool, w, b->x, n_rows, b->y, b->scratch, b->scratch_bytes);
}

/* Best seconds of one product() over weights of n_out rows. The clock of a shared machine drifts, so the
 * peak is measured between the repeats. */
static double time_linear(bench *b, const sxt_type_traits *traits, int64_t n_rows, int64_t n_in, int64_t n_out,
                          bool int16) {
    peak_fn measure = int16 ? sxt_kernels_get()->peak_int16 : sxt_kernels_get()->peak_f32;
    sxt_tensor w = {.traits = traits, .n_dims = 2, .dims = {n_out, n_in}, .data = b->weights};
    double best = 1e9;
    for (int i = 0; i < REPEATS; i++) {
        double peak = peak_of(b->pool, measure);
        if (peak > b->peak) b->peak = peak;
        double start = now();
        product(b, &w, n_rows, int16);
        double seconds = now() - start;
        if (seconds < best) best = seconds;
    }
    return best;
}

static bool has_int16(const sxt_type_traits *traits) {
    const sxt_tensor w = {.traits = traits};
    return sxt_linear_float_pays(&w);
}

static void many_rows(bench *b, const sxt_type_traits *traits, int64_t n_rows, int64_t n_in, bool int16) {
    b->peak = 0;
    double seconds = time_linear(b, traits, n_rows, n_in, N_OUT, int16);
    double rate = 2.0 * (double)n_rows * N_OUT * (double)n_in / seconds * 1e-9;
    printf("  %-5s %-5s %7.1f G/s", traits->name, int16 ? "int16" : "f32", rate);
    if (b->peak > 0) printf("  %5.1f %% of the multiply-add peak, %.1f", 100 * rate / b->peak, b->peak);
    printf("\n");
}

static void bench_many_rows(bench *b, int64_t n_rows, int64_t n_in) {
    printf("\n%lld rows x (%d, %lld)\n", (long long)n_rows, N_OUT, (long long)n_in);
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        const sxt_type_traits *traits = sxt_type_find(types[i]);
        many_rows(b, traits, n_rows, n_in, false);
        if (has_int16(traits)) many_rows(b, traits, n_rows, n_in, true);
    }
}

static void one_row(bench *b, const sxt_type_traits *traits, int64_t n_in, bool int16) {
    uint64_t row_bytes;
    if (!sxt_type_bytes(traits, 1, (uint64_t)n_in, &row_bytes)) return;
    int64_t n_out = (int64_t)(b->weights_bytes / row_bytes) / 2;
    double seconds = time_linear(b, traits, 1, n_in, n_out, int16);
    printf("  %-5s %-5s %7.2f GB/s  %6.2f G elements/s\n", traits->name, int16 ? "int16" : "f32",
           (double)row_bytes * (double)n_out / seconds * 1e-9, (double)n_in * (double)n_out / seconds * 1e-9);
}

/* One row against weights that do not fit in the caches of most machines. */
static void bench_one_row(bench *b, int64_t n_in) {
    printf("\n1 row, %lld columns, weights from memory\n", (long long)n_in);
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        const sxt_type_traits *traits = sxt_type_find(types[i]);
        one_row(b, traits, n_in, false);
        if (has_int16(traits)) one_row(b, traits, n_in, true);
    }
}

/* ---- Attention -------------------------------------------------------------------------------- */

static void bench_attention(const bench *b, const sxt_kernels *kernels, int64_t n_rows, int64_t head_dim) {
    enum { KEYS = 128, TIMES = 200 };
    float *q = b->x, *kt = b->x + n_rows * head_dim, *scores = b->y;
    double start = now();
    for (int i = 0; i < TIMES; i++)
        kernels->attend_scores(q, head_dim, kt, KEYS, scores, KEYS, n_rows, KEYS, head_dim);
    double middle = now();
    for (int i = 0; i < TIMES; i++)
        for (int64_t r = 0; r < n_rows; r++) kernels->exp_sum(scores + r * KEYS, 8, KEYS);
    double last = now();
    for (int i = 0; i < TIMES; i++)
        kernels->attend_values(scores, KEYS, kt, head_dim, q, head_dim, n_rows, KEYS, head_dim);
    double end = now(), flop = 2.0 * TIMES * (double)(n_rows * KEYS * head_dim);
    printf("  %4lld rows, head %3lld: scores %6.1f GFLOP/s, values %6.1f GFLOP/s, exp %5.2f G/s\n",
           (long long)n_rows, (long long)head_dim, flop / (middle - start) * 1e-9, flop / (end - last) * 1e-9,
           TIMES * (double)(n_rows * KEYS) / (last - middle) * 1e-9);
}

static bool bench_new(bench *b, int n_threads) {
    enum { MAX_ROWS = 512, MAX_IN = 5632 };
    size_t values = (size_t)MAX_ROWS * MAX_IN;
    b->weights_bytes = (size_t)192 << 20;
    b->scratch_bytes = sxt_linear_scratch_bytes(MAX_IN);
    if (b->scratch_bytes < sxt_linear_float_scratch_bytes())
        b->scratch_bytes = sxt_linear_float_scratch_bytes();
    b->scratch_bytes = (b->scratch_bytes + 63) / 64 * 64;
    if (sxt_pool_new(n_threads, &b->pool, NULL) != SXT_OK) return false;
    b->scratch = sxt_alloc_pages(b->scratch_bytes * (size_t)n_threads);
    b->weights = sxt_alloc_pages(b->weights_bytes);
    b->x = sxt_alloc_pages(values * sizeof(float));
    b->y = sxt_alloc_pages(values * sizeof(float));
    b->rows = sxt_alloc_pages(sxt_linear_float_rows_bytes(MAX_ROWS, MAX_IN));
    if (!b->rows || !b->scratch || !b->weights || !b->x || !b->y) return false;
    sxt_rng rng = sxt_rng_make(1);
    for (size_t i = 0; i < values; i++) b->x[i] = (float)sxt_rng_unit(&rng) - 0.5f;
    /* A byte pattern that is a finite number in every type. */
    for (size_t i = 0; i < b->weights_bytes; i++) b->weights[i] = (uint8_t)(0x10 + (sxt_rng_u32(&rng) & 0x1f));
    return true;
}

int main(int argc, char **argv) {
    int n_threads = argc > 1 ? atoi(argv[1]) : 1;
    if (n_threads < 1 || n_threads > 64) return 2;
    if (argc > 2) setenv("SEXTANT_KERNEL", argv[2], 1);
    bench b;
    if (!bench_new(&b, n_threads)) {
        fprintf(stderr, "bench_kernels: not enough memory\n");
        return 1;
    }
    const sxt_kernels *kernels = sxt_kernels_get();
    printf("level %s, %d threads\n", kernels->name, n_threads);
    bench_many_rows(&b, 512, 2048);
    bench_many_rows(&b, 512, 5632);
    bench_many_rows(&b, 4, 2048);
    bench_one_row(&b, 2048);
    bench_one_row(&b, 5632);
    printf("\nattention over 128 keys, 1 thread; multiply-add peak of all threads %.1f GFLOP/s\n",
           peak_of(b.pool, kernels->peak_f32));
    static const int64_t rows[] = {1, 4, 8, 512};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        bench_attention(&b, kernels, rows[i], 64);
        bench_attention(&b, kernels, rows[i], 128);
    }
    return 0;
}
