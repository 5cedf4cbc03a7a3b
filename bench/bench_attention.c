/* What a longer window costs: attention of one layer at a depth, plain against a plan, paired.
 *     bench_attention [DEPTH [QUERIES [THREADS [REPEATS [fast|f32 [KV-TYPE [HEAD-DIM [PLAN]]]]]]]]
 * Several layers' caches are read in turn, so that one query finds none of them in the CPU's own cache. */
#include "base/memory.h"
#include "base/rng.h"
#include "kernel/kernel.h"
#include "op/attention.h"
#include "tensor/type.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

enum { N_HEADS = 32, N_KV_HEADS = 4, MAX_REPEATS = 101, MAX_LAYERS = 24, MAX_HEAD_DIM = 256 };

static const uint64_t all_layers_bytes = (uint64_t)1 << 30; /* more than any CPU caches */

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
static sxt_kv_view make_cache(sxt_type type, int32_t head_dim, int64_t n_keys) {
    sxt_kv_view kv = {.type = type, .n_kv_heads = N_KV_HEADS, .head_dim = head_dim};
    uint64_t bytes = sxt_kv_bytes(kv.type, N_KV_HEADS, head_dim, n_keys);
    float k[N_KV_HEADS * MAX_HEAD_DIM], v[N_KV_HEADS * MAX_HEAD_DIM];
    sxt_rng rng = sxt_rng_make(1);
    kv.k = pages(bytes);
    kv.v = pages(bytes);
    for (int64_t i = 0; i < n_keys; i++) {
        fill(&rng, k, N_KV_HEADS * head_dim);
        fill(&rng, v, N_KV_HEADS * head_dim);
        sxt_kv_store(&kv, i, 1, k, v);
    }
    return kv;
}

/* The same keys and values at another place. */
static sxt_kv_view copy_cache(const sxt_kv_view *kv, int64_t n_keys) {
    sxt_kv_view copy = *kv;
    uint64_t bytes = sxt_kv_bytes(kv->type, kv->n_kv_heads, kv->head_dim, n_keys);
    copy.k = pages(bytes);
    copy.v = pages(bytes);
    memcpy(copy.k, kv->k, bytes);
    memcpy(copy.v, kv->v, bytes);
    return copy;
}

static sxt_type type_named(const char *name) {
    static const sxt_type types[] = {SXT_TYPE_F32, SXT_TYPE_F16, SXT_TYPE_BF16, SXT_TYPE_Q8_0, SXT_TYPE_Q4_0};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (strcasecmp(name, sxt_type_find(types[i])->name) == 0) return types[i];
    fprintf(stderr, "bench_attention: no type %s\n", name);
    exit(1);
}

static int64_t argument(int argc, char **argv, int i, int64_t otherwise) {
    return argc > i ? strtoll(argv[i], NULL, 10) : otherwise;
}

int main(int argc, char **argv) {
    int64_t depth = argument(argc, argv, 1, 8192), n_queries = argument(argc, argv, 2, 512);
    int n_threads = (int)argument(argc, argv, 3, sxt_cpu_count());
    int repeats = (int)argument(argc, argv, 4, n_queries > 1 ? 5 : 51);
    const char *precision = argc > 5 ? argv[5] : "fast";
    sxt_type type = type_named(argc > 6 ? argv[6] : "f16");
    int32_t head_dim = (int32_t)argument(argc, argv, 7, 64);
    sxt_error error = {0};
    sxt_pool *pool = NULL;
    sxt_rope *rope = NULL;
    sxt_rope_params params = {.n_rot = head_dim, .theta = 10000, .interleaved = true};
    sxt_plan_model model = {.n_ctx_train = 4096, .rotary = true};
    sxt_plan_request plans[2];
    double times[2][MAX_REPEATS];
    if (repeats < 1 || repeats > MAX_REPEATS) repeats = MAX_REPEATS;

    need(sxt_plan_parse("none", &model, &plans[0], &error), &error);
    need(sxt_plan_parse(argc > 8 ? argv[8] : "self-extend:group=8,window=1024", &model, &plans[1], &error),
         &error);
    need(sxt_pool_new(n_threads, &pool, &error), &error);
    need(sxt_rope_new(&params, &rope, &error), &error);
    for (int i = 0; i < 2; i++)
        need(sxt_plan_reserve_rows(&plans[i].fixed, rope, depth + n_queries, &error), &error);
    size_t scratch_bytes = sxt_attention_scratch_bytes(N_HEADS, N_KV_HEADS, head_dim, n_queries);
    void *scratch = pages(scratch_bytes * (size_t)n_threads);
    size_t n_q = (size_t)n_queries * N_HEADS * (size_t)head_dim;
    float *q = pages(n_q * sizeof *q), *out = pages(n_q * sizeof *out);
    sxt_rng rng = sxt_rng_make(2);
    fill(&rng, q, (int64_t)n_q);
    sxt_kv_view layers[MAX_LAYERS] = {make_cache(type, head_dim, depth + n_queries)};
    uint64_t layer_bytes = 2 * sxt_kv_bytes(type, N_KV_HEADS, head_dim, depth + n_queries);
    int n_layers = n_queries > 4 ? 1 : (int)(all_layers_bytes / layer_bytes) + 1;
    if (n_layers > MAX_LAYERS) n_layers = MAX_LAYERS;
    for (int i = 1; i < n_layers; i++) layers[i] = copy_cache(&layers[0], depth + n_queries);
    sxt_attention a = {.rope = rope,
                       .precision = strcmp(precision, "f32") == 0 ? SXT_PRECISION_F32 : SXT_PRECISION_FAST,
                       .first = depth,
                       .n_queries = n_queries,
                       .n_heads = N_HEADS,
                       .n_kv_heads = N_KV_HEADS,
                       .head_dim = head_dim,
                       .scale = (float)(1 / sqrt(head_dim)),
                       .q = q,
                       .out = out};
    for (int r = -1; r < repeats; r++)
        for (int p = 0; p < 2; p++) {
            double start = now();
            a.plan = &plans[p].fixed;
            a.kv = layers[(r + 1) % n_layers];
            sxt_attend(pool, &a, scratch, scratch_bytes);
            if (r >= 0) times[p][r] = now() - start;
        }
    char name[96];
    sxt_plan_print(&plans[1].fixed, name, sizeof name);
    double plain = median(times[0], repeats), extended = median(times[1], repeats);
    double flops = 4.0 * (double)n_queries * ((double)depth + (double)(n_queries + 1) / 2) * N_HEADS * head_dim;
    printf("%s %s, %s keys, head size %d, %d threads, %lld queries at depth %lld, scratch %.1f MiB a thread\n",
           sxt_kernels_get()->name, precision, sxt_type_find(type)->name, (int)head_dim, n_threads,
           (long long)n_queries, (long long)depth, (double)scratch_bytes / (1 << 20));
    printf("plain %.3f ms %.1f GFLOP/s %.1f GB/s; %s %.3f ms %.1f GFLOP/s; ratio %.3f\n", 1e3 * plain,
           1e-9 * flops / plain, 1e-9 * (double)layer_bytes / plain, name, 1e3 * extended,
           1e-9 * flops / extended, extended / plain);
    return 0;
}
