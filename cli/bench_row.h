/* One line of `bench`: a depth, a plan and a type of cache, and what was measured of them. */
#ifndef SEXTANT_CLI_BENCH_ROW_H
#define SEXTANT_CLI_BENCH_ROW_H

#include "bench_bound.h"
#include "json_document.h"
#include "options.h"

/* Speeds of one kind, a run after the other. */
typedef struct bench_speeds {
    double *values; /* (n) */
    int64_t n;
} bench_speeds;

typedef struct bench_row {
    int64_t depth;
    const char *kv;
    sxt_session_params params; /* of its sessions, but for their progress */
    sxt_plan_info plan;        /* at its full length */
    double kv_bytes_per_token;
    bench_speeds prompt, decode; /* tokens per second */
    int64_t peak_bytes;
    double prompt_bound, decode_bound; /* tokens per second; 0: not known */
} bench_row;

/* What all rows share. */
typedef struct bench_setting {
    const sxt_model *model;
    int32_t n_vocab, n_threads;
    int64_t prompt_tokens, decode_tokens; /* either may be 0: not measured */
    sxt_precision precision;
} bench_setting;

/* Counts tokens as they are done; false stops. */
typedef bool (*bench_count_fn)(void *user, int64_t n_tokens);

/* The context that a row needs, in tokens. */
int64_t bench_row_length(const bench_setting *setting, int64_t depth);

/* Measures once, in a fresh session, and adds the speeds when it came to its end. Returns an exit code, after
 * a message unless it is EXIT_CODE_INTERRUPTED. */
int bench_row_run(const bench_setting *setting, bench_row *row, bench_count_fn count, void *user);

double bench_median(const bench_speeds *speeds);
double bench_slowest(const bench_speeds *speeds);
double bench_fastest(const bench_speeds *speeds);

/* Prints the rows as a table, or gives them as a JSON array. `ceilings` may be NULL. */
void bench_table(const bench_setting *setting, const bench_row *rows, int64_t n_rows,
                 const sxt_ceilings *ceilings);
json_document *bench_document(const bench_setting *setting, const bench_row *rows, int64_t n_rows,
                              const sxt_ceilings *ceilings);
void bench_print_ceilings(const sxt_ceilings *ceilings);
json_document *bench_ceilings_document(const sxt_ceilings *ceilings);

#endif
