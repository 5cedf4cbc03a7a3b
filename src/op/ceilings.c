#include "op/ceilings.h"

#include "base/memory.h"
#include "base/num.h"
#include "kernel/kernel.h"

#include <string.h>
#include <time.h>
#include <unistd.h>

/* Each kind is timed for a while so often, and the best counts: what disturbs a measurement only makes it
 * slower. Short tasks, several for each thread, so that a thread that starts late does not hold up the rest. */
enum { RUNS = 10, READ_RUNS = 5, TASKS_PER_THREAD = 8 };
static const double run_seconds = 0.006;

/* More than nearly any last-level cache of today, and four times the one that is here. */
static const uint64_t usual_bytes = (uint64_t)1 << 30, least_bytes = (uint64_t)64 << 20;
enum { READ_BYTES = 4 << 20 }; /* of one task */

typedef int64_t (*peak_fn)(int64_t n_rounds);

typedef struct arithmetic_job {
    peak_fn peak;
    int64_t n_rounds; /* of a task */
} arithmetic_job;

typedef struct reading_job {
    uint8_t *buffer; /* (READ_BYTES * number of tasks) */
    float *sums;     /* (number of tasks) */
} reading_job;

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void run_peak(void *arg, int64_t i_task, int i_thread) {
    const arithmetic_job *job = arg;
    (void)i_task;
    (void)i_thread;
    job->peak(job->n_rounds);
}

/* Operations per second of all threads together. */
static double measure_arithmetic(sxt_pool *pool, peak_fn peak) {
    const int64_t n_tasks = (int64_t)TASKS_PER_THREAD * sxt_pool_n_threads(pool);
    const int64_t operations = peak(1);
    if (operations == 0) return 0;
    arithmetic_job job = {peak, 1000};
    double best = 0, seconds = 0;
    /* Twice the work until it takes long enough: this also wakes the threads and the CPU's clock. */
    for (;; job.n_rounds *= 2) {
        double start = now();
        sxt_pool_run(pool, n_tasks, run_peak, &job);
        seconds = now() - start;
        if (seconds >= run_seconds) break;
    }
    for (int i = 0; i < RUNS; i++) {
        double start = now();
        sxt_pool_run(pool, n_tasks, run_peak, &job);
        seconds = now() - start;
        double rate = (double)operations * (double)job.n_rounds * (double)n_tasks / seconds;
        if (rate > best) best = rate;
    }
    return best;
}

/* Pages that were never written would all be the same one. As floats the bytes are small normal numbers. */
static void write_part(void *arg, int64_t i_task, int i_thread) {
    const reading_job *job = arg;
    (void)i_thread;
    memset(job->buffer + i_task * READ_BYTES, 0x01, READ_BYTES);
}

static void read_part(void *arg, int64_t i_task, int i_thread) {
    const reading_job *job = arg;
    (void)i_thread;
    job->sums[i_task] = sxt_kernels_get()->peak_read(job->buffer + i_task * READ_BYTES, READ_BYTES);
}

/* A quarter of the memory that is free at most, so that measuring hurts nobody; but never so little that it
 * would be a cache that is measured. */
static uint64_t choose_bytes(void) {
    uint64_t bytes = usual_bytes, available = sxt_memory_available();
#ifdef _SC_LEVEL3_CACHE_SIZE
    long cache = sysconf(_SC_LEVEL3_CACHE_SIZE);
    if (cache > 0 && (uint64_t)cache * 4 > bytes) bytes = (uint64_t)cache * 4;
#endif
    if (available > 0 && bytes > available / 4) bytes = available / 4;
    if (bytes < least_bytes) bytes = least_bytes;
    return bytes - bytes % READ_BYTES;
}

static sxt_status measure_reading(sxt_pool *pool, sxt_ceilings *ceilings, sxt_error *error) {
    const uint64_t n_bytes = choose_bytes();
    const int64_t n_tasks = (int64_t)(n_bytes / READ_BYTES);
    reading_job job = {sxt_alloc_pages((size_t)n_bytes), sxt_alloc((size_t)n_tasks, sizeof(float))};
    sxt_status status = SXT_OK;
    double best = 0;
    if (!job.buffer || !job.sums) {
        status = sxt_fail_memory(error, "measuring the bandwidth of memory", n_bytes);
        goto done;
    }
    sxt_pool_run(pool, n_tasks, write_part, &job);
    for (int i = 0; i < READ_RUNS; i++) {
        double start = now();
        sxt_pool_run(pool, n_tasks, read_part, &job);
        double rate = (double)n_bytes / (now() - start);
        if (rate > best) best = rate;
    }
    ceilings->read_bytes = best;
    ceilings->buffer_bytes = n_bytes;
done:
    sxt_free_pages(job.buffer, (size_t)n_bytes);
    sxt_free(job.sums);
    return status;
}

sxt_status sxt_ceilings_measure(sxt_pool *pool, sxt_ceilings *ceilings, sxt_error *error) {
    const sxt_kernels *kernels = sxt_kernels_get();
    sxt_ceilings measured = {.n_threads = sxt_pool_n_threads(pool)};
    SXT_TRY(measure_reading(pool, &measured, error));
    measured.f32_ops = measure_arithmetic(pool, kernels->peak_f32);
    measured.bf16_ops = measure_arithmetic(pool, kernels->peak_bf16);
    measured.int16_ops = measure_arithmetic(pool, kernels->peak_int16);
    measured.int8_ops = measure_arithmetic(pool, kernels->peak_int8);
    measured.exps = measure_arithmetic(pool, kernels->peak_exp);
    *ceilings = measured;
    return SXT_OK;
}
