#include "bench_row.h"

#include "exit_code.h"
#include "interrupt.h"
#include "message.h"
#include "model_session.h"
#include "text_buffer.h"

#include <stdlib.h>
#include <string.h>

typedef struct bench_run {
    const bench_setting *setting;
    const bench_row *row;
    sxt_session *session;
    int32_t *tokens;  /* (length): what sxt_session_fill() pretends to have read, then the prompt */
    int64_t n_before; /* tokens counted before the sync that runs */
    bench_count_fn count;
    void *user;
    sxt_error error;
} bench_run;

/* Where nothing is read, generating still begins with one token. */
int64_t bench_row_length(const bench_setting *setting, int64_t depth) {
    int64_t n_prompt = setting->prompt_tokens > 0 ? setting->prompt_tokens : 1;
    return depth + n_prompt + setting->decode_tokens;
}

static bool report(void *user, int64_t n_read, int64_t n_total) {
    bench_run *run = user;
    (void)n_total;
    return run->count(run->user, run->n_before + n_read - run->row->depth);
}

/* Reads the tokens up to n_tokens. `auto` hears of the whole length in either case, so that reading and
 * generating run the same plan. */
static sxt_status read_up_to(bench_run *run, int64_t n_tokens) {
    int64_t rest = bench_row_length(run->setting, run->row->depth) - n_tokens;
    return sxt_session_sync(run->session, run->tokens, n_tokens, rest, &run->error);
}

static sxt_status measure_prompt(bench_run *run, double *speed) {
    int64_t n = run->setting->prompt_tokens;
    double start = clock_seconds();
    sxt_status status = read_up_to(run, run->row->depth + n);
    *speed = (double)n / (clock_seconds() - start);
    return status;
}

/* Each step chooses a token and reads it, which gives the logits for the next. */
static sxt_status measure_decode(bench_run *run, double *speed) {
    int64_t n = run->setting->decode_tokens, n_before = run->setting->prompt_tokens;
    const float *logits;
    int32_t token;
    sxt_status status = sxt_session_rollback(run->session, run->row->depth, &run->error);
    run->n_before = n_before - 1; /* the first token is not measured */
    if (status == SXT_OK) status = read_up_to(run, run->row->depth + 1);
    double start = clock_seconds();
    for (int64_t i = 0; i < n && status == SXT_OK; i++) {
        status = sxt_session_next(run->session, &token, &run->error);
        if (status == SXT_OK) status = sxt_session_logits(run->session, &logits, &run->error);
        if (status == SXT_OK && !run->count(run->user, n_before + i + 1)) status = SXT_E_CANCELLED;
    }
    *speed = (double)n / (clock_seconds() - start);
    return status;
}

static sxt_status measure(bench_run *run, double *prompt, double *decode) {
    sxt_status status = SXT_OK;
    if (run->row->depth > 0) status = sxt_session_fill(run->session, run->row->depth, &run->error);
    if (status == SXT_OK && run->setting->prompt_tokens > 0) status = measure_prompt(run, prompt);
    if (status == SXT_OK && run->setting->decode_tokens > 0) status = measure_decode(run, decode);
    return status;
}

static void add_speed(bench_speeds *speeds, double value) {
    speeds->values = must_reallocate(speeds->values, (size_t)(speeds->n + 1) * sizeof *speeds->values);
    speeds->values[speeds->n++] = value;
}

/* Filled tokens are zeros; the prompt has many different ones. */
static int32_t *make_tokens(const bench_setting *setting, int64_t depth) {
    int64_t length = bench_row_length(setting, depth);
    int32_t *tokens = must_allocate((size_t)length * sizeof *tokens);
    for (int64_t i = 0; i < length; i++)
        tokens[i] = i < depth ? 0 : (int32_t)((i - depth) * 7919 % setting->n_vocab);
    return tokens;
}

int bench_row_run(const bench_setting *setting, bench_row *row, bench_count_fn count, void *user) {
    bench_run run = {.setting = setting, .row = row, .count = count, .user = user};
    double prompt = 0, decode = 0;
    sxt_session_params params = row->params;
    params.progress = report;
    params.progress_user = &run;
    int code = session_open(setting->model, &params, NULL, &run.session);
    if (code != EXIT_CODE_OK) return code;
    run.tokens = make_tokens(setting, row->depth);
    interrupt_watch(run.session);
    sxt_status status = interrupted() ? SXT_E_CANCELLED : measure(&run, &prompt, &decode);
    interrupt_watch(NULL);
    if (status == SXT_E_CANCELLED)
        code = EXIT_CODE_INTERRUPTED;
    else if (status != SXT_OK)
        code = message_library_error(&run.error);
    else {
        sxt_session_plan(run.session, &row->plan);
        if (setting->prompt_tokens > 0) add_speed(&row->prompt, prompt);
        if (setting->decode_tokens > 0) add_speed(&row->decode, decode);
    }
    sxt_session_free(run.session);
    free(run.tokens);
    return code;
}

static int by_value(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The speed in the middle; of an even number, the mean of the two. */
double bench_median(const bench_speeds *speeds) {
    if (speeds->n == 0) return 0;
    size_t n = (size_t)speeds->n, size = n * sizeof *speeds->values;
    double *sorted = must_allocate(size);
    memcpy(sorted, speeds->values, size);
    qsort(sorted, n, sizeof *sorted, by_value);
    double median = n % 2 == 1 ? sorted[n / 2] : 0.5 * (sorted[n / 2 - 1] + sorted[n / 2]);
    free(sorted);
    return median;
}

double bench_slowest(const bench_speeds *speeds) {
    double least = speeds->n > 0 ? speeds->values[0] : 0;
    for (int64_t i = 1; i < speeds->n; i++)
        if (speeds->values[i] < least) least = speeds->values[i];
    return least;
}

double bench_fastest(const bench_speeds *speeds) {
    double most = 0;
    for (int64_t i = 0; i < speeds->n; i++)
        if (speeds->values[i] > most) most = speeds->values[i];
    return most;
}
