/* What a longer window costs: attention of one layer at a depth, plain against SelfExtend, paired.
 *     bench_attention [DEPTH [QUERIES [THREADS [REPEATS]]]] */
#include "base/memory.h"
#include "base/rng.h"
#include "kernel/kernel.h"
#include "op/attention.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { N_HEADS = 32, N_KV_HEADS = 4, HEAD_DIM = 64, MAX_REPEATS = 101 };

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int by_size(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *times, int n) {
    qsort(times, (size_t)n, sizeof *times, by_size);
    return times[n / 2];
}

static void fill(sxt_rng *rng, float *x, int64_t n) {
    for (int64_t i = 0; i < n; i++) x[i] = (float)(2 * sxt_rng_unit(rng) - 1);
}

static void need(sxt_status status, const sxt_error *error) {
    if (status == SXT_OK) return;
    fprintf(stderr, "bench_attention: %s\n", error->text);
    exit(1);
}

static void *pages(size_t bytes) {
    void *memory = sxt_alloc_pages(bytes);
    if (!memory) exit(1);
    return memory;
}

/* A cache of random keys and values; rows are stored one by one so that little memory is needed. */
static sxt_kv_view make_cache(int64_t n_keys) {
    sxt_kv_view kv = {.type = SXT_TYPE_F16, .n_kv_heads = N_KV_HEADS, .head_dim = HEAD_DIM};
    uint64_t bytes = sxt_kv_bytes(kv.type, N_KV_HEADS, HEAD_DIM, n_keys);
    float k[N_KV_HEADS * HEAD_DIM], v[N_KV_HEADS * HEAD_DIM];
    sxt_rng rng = sxt_rng_make(1);
    kv.k = pages(bytes);
    kv.v = pages(bytes);
    for (int64_t i = 0; i < n_keys; i++) {
        fill(&rng, k, N_KV_HEADS * HEAD_DIM);
        fill(&rng, v, N_KV_HEADS * HEAD_DIM);
        sxt_kv_store(&kv, i, 1, k, v);
    }
    return kv;
}

static int64_t argument(int argc, char **argv, int i, int64_t otherwise) {
    return argc > i ? strtoll(argv[i], NULL, 10) : otherwise;
}

int main(int argc, char **argv) {
    int64_t depth = argument(argc, argv, 1, 8192), n_queries = argument(argc, argv, 2, 512);
    int n_threads = (int)argument(argc, argv, 3, sxt_cpu_count());
    int repeats = (int)argument(argc, argv, 4, n_queries > 1 ? 5 : 51);
    sxt_error error = {0};
    sxt_pool *pool = NULL;
    sxt_rope *rope = NULL;
    sxt_rope_params params = {.n_rot = HEAD_DIM, .theta = 10000, .interleaved = true};
    sxt_plan_model model = {.n_ctx_train = 4096, .rotary = true};
    sxt_plan_request plans[2];
    double times[2][MAX_REPEATS];
    if (repeats < 1 || repeats > MAX_REPEATS) repeats = MAX_REPEATS;

    need(sxt_plan_parse("none", &model, &plans[0], &error), &error);
    need(sxt_plan_parse("self-extend:group=8,window=1024", &model, &plans[1], &error), &error);
    need(sxt_pool_new(n_threads, &pool, &error), &error);
    need(sxt_rope_new(&params, &rope, &error), &error);
    need(sxt_rope_reserve(rope, depth + n_queries, &error), &error);
    size_t scratch_bytes = sxt_attention_scratch_bytes(N_HEADS, N_KV_HEADS, HEAD_DIM, n_queries);
    void *scratch = pages(scratch_bytes * (size_t)n_threads);
    size_t n_q = (size_t)n_queries * N_HEADS * HEAD_DIM;
    float *q = pages(n_q * sizeof *q), *out = pages(n_q * sizeof *out);
    sxt_rng rng = sxt_rng_make(2);
    fill(&rng, q, (int64_t)n_q);
    sxt_attention a = {.rope = rope,
                       .first = depth,
                       .n_queries = n_queries,
                       .n_heads = N_HEADS,
                       .n_kv_heads = N_KV_HEADS,
                       .head_dim = HEAD_DIM,
                       .scale = 0.125f,
                       .q = q,
                       .kv = make_cache(depth + n_queries),
                       .out = out};
    for (int r = -1; r < repeats; r++)
        for (int p = 0; p < 2; p++) {
            double start = now();
            a.plan = &plans[p].fixed;
            sxt_attend(pool, &a, scratch, scratch_bytes);
            if (r >= 0) times[p][r] = now() - start;
        }
    double plain = median(times[0], repeats), extended = median(times[1], repeats);
    double flops = 4.0 * (double)n_queries * ((double)depth + (double)(n_queries + 1) / 2) * N_HEADS * HEAD_DIM;
    printf("%s, %d threads, %lld queries at depth %lld, scratch %.1f MiB a thread\n", sxt_kernels_get()->name,
           n_threads, (long long)n_queries, (long long)depth, (double)scratch_bytes / (1 << 20));
    printf("plain %.3f ms %.1f GFLOP/s; self-extend %.3f ms %.1f GFLOP/s; ratio %.3f\n", 1e3 * plain,
           1e-9 * flops / plain, 1e3 * extended, 1e-9 * flops / extended, extended / plain);
    return 0;
}
