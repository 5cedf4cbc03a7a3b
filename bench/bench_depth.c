/* Speed at a depth: reads a chunk and decodes with the cache filled up to it, plans in turn.
 * usage: bench_depth MODEL DEPTH [N_READ [N_DECODE [REPEATS [THREADS]]]] PLAN... */
#include "sextant.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

enum { MAX_PLANS = 8, MAX_REPEATS = 64 };

static void check(sxt_status status, const sxt_error *error) {
    if (status == SXT_OK) return;
    fprintf(stderr, "bench_depth: %s\n", error->text);
    exit(1);
}

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int by_value(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(const double *values, int n) {
    double sorted[MAX_REPEATS];
    memcpy(sorted, values, (size_t)n * sizeof *values);
    qsort(sorted, (size_t)n, sizeof *sorted, by_value);
    return n % 2 ? sorted[n / 2] : 0.5 * (sorted[n / 2 - 1] + sorted[n / 2]);
}

/* Seconds to read n_read tokens at `depth`, then seconds for n_decode single tokens. */
static void measure(sxt_session *session, int64_t depth, int64_t n_read, int64_t n_decode, double *read,
                    double *decode) {
    sxt_error error;
    int64_t n = depth + n_read;
    int32_t *tokens = calloc((size_t)n, sizeof *tokens); /* fill() pretends to have read zeros */
    if (!tokens) exit(1);
    for (int64_t i = depth; i < n; i++) tokens[i] = (int32_t)(1 + i % 1000);
    if (depth > 0) {
        check(sxt_session_fill(session, depth, &error), &error);
    } else {
        check(sxt_session_rollback(session, 0, &error), &error);
    }
    double start = now();
    check(sxt_session_sync(session, tokens, n, n_decode, &error), &error);
    *read = now() - start;
    int32_t token;
    check(sxt_session_next(session, &token, &error), &error); /* uses the logits that are there */
    start = now();
    for (int64_t i = 0; i < n_decode; i++) check(sxt_session_next(session, &token, &error), &error);
    *decode = now() - start;
    free(tokens);
}

int main(int argc, char **argv) {
    if (argc < 3) {
        fprintf(stderr, "usage: bench_depth MODEL DEPTH [N_READ [N_DECODE [REPEATS [THREADS]]]] PLAN...\n");
        return 2;
    }
    long long numbers[4] = {512, 32, 5, 2};
    int i = 3;
    for (int k = 0; k < 4 && i < argc && argv[i][0] >= '0' && argv[i][0] <= '9'; k++)
        numbers[k] = atoll(argv[i++]);
    int64_t depth = atoll(argv[2]), n_read = numbers[0], n_decode = numbers[1];
    int repeats = numbers[2] < MAX_REPEATS ? (int)numbers[2] : MAX_REPEATS, n_plans = argc - i;
    if (n_plans < 1 || n_plans > MAX_PLANS) return 2;
    sxt_error error;
    sxt_model *model;
    check(sxt_model_open(argv[1], NULL, &model, &error), &error);
    sxt_session *sessions[MAX_PLANS];
    for (int p = 0; p < n_plans; p++) {
        sxt_session_params params = sxt_session_params_default();
        params.n_ctx = depth + n_read + n_decode + 1;
        params.n_threads = (int32_t)numbers[3];
        params.plan = argv[i + p];
        check(sxt_session_new(model, &params, &sessions[p], &error), &error);
    }
    static double read[MAX_PLANS][MAX_REPEATS], decode[MAX_PLANS][MAX_REPEATS], ratio[MAX_REPEATS];
    double ignored;
    for (int p = 0; p < n_plans; p++) measure(sessions[p], depth, n_read, 1, &ignored, &ignored);
    for (int r = 0; r < repeats; r++)
        for (int p = 0; p < n_plans; p++)
            measure(sessions[p], depth, n_read, n_decode, &read[p][r], &decode[p][r]);
    printf("%-34s %12s %12s %10s %10s\n", "plan", "read tok/s", "decode tok/s", "read x", "decode x");
    for (int p = 0; p < n_plans; p++) {
        printf("%-34s %12.2f %12.2f", argv[i + p], (double)n_read / median(read[p], repeats),
               (double)n_decode / median(decode[p], repeats));
        for (int r = 0; r < repeats; r++) ratio[r] = read[p][r] / read[0][r];
        printf(" %10.3f", median(ratio, repeats));
        for (int r = 0; r < repeats; r++) ratio[r] = decode[p][r] / decode[0][r];
        printf(" %10.3f\n", median(ratio, repeats));
    }
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    printf("kernel %s, peak memory %.0f MiB\n", sxt_kernel_name(), (double)usage.ru_maxrss / 1024);
    for (int p = 0; p < n_plans; p++) sxt_session_free(sessions[p]);
    sxt_model_close(model);
    return 0;
}
