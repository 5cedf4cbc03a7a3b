#include "command.h"

#include "bench_row.h"
#include "exit_code.h"
#include "interrupt.h"
#include "message.h"
#include "model_session.h"
#include "peak_memory.h"
#include "preset.h"
#include "text_buffer.h"

#include <stdlib.h>
#include <string.h>

/* What is measured, and how far it is. */
typedef struct bench_job {
    const option_values *options;
    bench_setting setting;
    bench_work work;
    bench_row *rows; /* (n_rows): depths, in each of them plans, in each of them types of cache */
    int64_t n_rows;
    sxt_ceilings *ceilings; /* (n_ceilings): one for each repeat, with --ceilings */
    int64_t n_ceilings;
    progress line;
    int64_t n_done, n_total; /* tokens */
} bench_job;

static int32_t thread_count(const option_values *options) {
    return options->threads > 0 ? (int32_t)options->threads : sxt_default_threads();
}

/* ---- The rows ---- */

static int n_kvs(const option_values *options) { return options->kvs.n > 0 ? options->kvs.n : 1; }
static const char *kv_at(const option_values *options, int i) {
    return options->kvs.n > 0 ? options->kvs.values[i] : "f16";
}
static const char *bench_plan_at(const option_values *options, int i) {
    return options->n_plans > 0 ? options->plans[i] : "auto";
}

/* Everything that can be refused is refused before the first run; as session_new, but it names the row. What
 * fast products have packed, which the first session does, is what f32 does not have. */
static int check_memory(const bench_job *job, bench_row *row) {
    sxt_memory_plan memory, in_f32;
    sxt_session_params f32_params = row->params;
    sxt_error error;
    f32_params.precision = SXT_PRECISION_F32;
    if (sxt_memory_needed(job->setting.model, &f32_params, &in_f32, &error) != SXT_OK ||
        sxt_memory_needed(job->setting.model, &row->params, &memory, &error) != SXT_OK)
        return message_library_error(&error);
    uint64_t needed = memory.kv_bytes + memory.scratch_bytes + memory.private_bytes - in_f32.private_bytes;
    row->kv_bytes_per_token = (double)memory.kv_bytes / (double)row->params.n_ctx;
    if (memory.available_bytes == 0 || needed <= memory.available_bytes) return EXIT_CODE_OK;
    return message_error(
        EXIT_CODE_FAILURE,
        "depth %lld with --kv %s needs %.0f MiB, %.0f MiB are available; leave that depth out, or "
        "choose a smaller type of cache",
        (long long)row->depth, row->kv, (double)needed / 1048576, (double)memory.available_bytes / 1048576);
}

static int make_row(bench_job *job, int64_t depth, const char *plan, const char *kv) {
    bench_row *row = &job->rows[job->n_rows];
    int64_t length = bench_row_length(&job->setting, depth);
    option_values options = *job->options;
    sxt_error error;
    options.kv = kv;
    *row = (bench_row){.depth = depth, .kv = kv, .params = session_params(&options, plan, length)};
    row->params.n_threads = job->setting.n_threads;
    if (options.ctx > 0 && options.ctx < length)
        return message_error(EXIT_CODE_USAGE,
                             "depth %lld needs a context of %lld tokens and -c is %lld; leave -c out",
                             (long long)depth, (long long)length, (long long)options.ctx);
    if (sxt_plan_resolve(job->setting.model, plan, length, &row->plan, &error) != SXT_OK)
        return message_library_error(&error);
    job->n_rows++;
    return check_memory(job, row);
}

static int make_rows(bench_job *job) {
    const option_values *options = job->options;
    const int n_plans = options->n_plans > 0 ? options->n_plans : 1;
    const int64_t n_depths = options->fill_depths.n;
    int64_t n = n_depths * n_plans * n_kvs(options), longest;
    sxt_plan_info plan;
    int code = EXIT_CODE_OK;
    longest = bench_row_length(&job->setting, number_greatest(&options->fill_depths));
    for (int i = 0; i < n_plans && code == EXIT_CODE_OK; i++)
        code = plan_announce(job->setting.model, bench_plan_at(options, i), longest, &plan);
    job->rows = must_allocate((size_t)n * sizeof *job->rows);
    for (int64_t i = 0; i < n && code == EXIT_CODE_OK; i++) {
        const int64_t i_plan = i / n_kvs(options) % n_plans, i_depth = i / n_kvs(options) / n_plans;
        code = make_row(job, options->fill_depths.values[i_depth], bench_plan_at(options, (int)i_plan),
                        kv_at(options, (int)(i % n_kvs(options))));
    }
    return code;
}

/* ---- Measuring ---- */

static bool count_tokens(void *user, int64_t n_tokens) {
    bench_job *job = user;
    return progress_report(&job->line, job->n_done + n_tokens, job->n_total);
}

static bool count_nothing(void *user, int64_t n_tokens) {
    (void)user;
    (void)n_tokens;
    return !interrupted();
}

/* The first run of all finds the weights on disk and the CPU asleep: a short one, which is thrown away. */
static int warm_up(bench_job *job) {
    enum { FEW = 32 };
    bench_setting setting = job->setting;
    bench_row row = job->rows[0];
    if (setting.prompt_tokens > FEW) setting.prompt_tokens = FEW;
    if (setting.decode_tokens > 1) setting.decode_tokens = 1;
    int code = bench_row_run(&setting, &row, count_nothing, NULL);
    free(row.prompt.values);
    free(row.decode.values);
    return code;
}

static int measure_row(bench_job *job, bench_row *row, bool is_first) {
    if (is_first) peak_memory_restart();
    int code = bench_row_run(&job->setting, row, count_tokens, job);
    if (is_first) row->peak_bytes = peak_memory_bytes();
    job->n_done += job->setting.prompt_tokens + job->setting.decode_tokens;
    return code;
}

static int measure_ceilings(bench_job *job) {
    sxt_error error;
    if (sxt_measure_ceilings(job->setting.n_threads, &job->ceilings[job->n_ceilings], &error) != SXT_OK)
        return message_library_error(&error);
    job->n_ceilings++;
    return EXIT_CODE_OK;
}

/* All rows in turn, again and again: what disturbs the machine disturbs them alike. */
static int measure_all(bench_job *job) {
    int code = warm_up(job);
    for (int64_t k = 0; k < job->options->repeats && code == EXIT_CODE_OK; k++) {
        for (int64_t i = 0; i < job->n_rows && code == EXIT_CODE_OK; i++)
            code = measure_row(job, &job->rows[i], k == 0);
        if (code == EXIT_CODE_OK && job->ceilings != NULL) code = measure_ceilings(job);
    }
    return code;
}

/* ---- Telling ---- */

static double *speed_in(sxt_ceilings *ceilings, int i) {
    double *const fields[] = {&ceilings->f32_ops,  &ceilings->bf16_ops, &ceilings->int16_ops,
                              &ceilings->int8_ops, &ceilings->exps,     &ceilings->read_bytes};
    return fields[i];
}

/* The medians of what the repeats found. */
static sxt_ceilings middle(const bench_job *job) {
    enum { N_SPEEDS = 6 };
    sxt_ceilings result = job->ceilings[0];
    double *values = must_allocate((size_t)job->n_ceilings * sizeof *values);
    bench_speeds speeds = {values, job->n_ceilings};
    for (int i = 0; i < N_SPEEDS; i++) {
        for (int64_t k = 0; k < job->n_ceilings; k++) values[k] = *speed_in(&job->ceilings[k], i);
        *speed_in(&result, i) = bench_median(&speeds);
    }
    free(values);
    return result;
}

static void set_bounds(const bench_job *job, const sxt_ceilings *ceilings, bench_row *row) {
    const bench_setting *s = &job->setting;
    if (s->prompt_tokens > 0)
        row->prompt_bound = (double)s->prompt_tokens / bench_prompt_seconds(&job->work, ceilings, s->precision,
                                                                            row->depth, s->prompt_tokens);
    if (s->decode_tokens > 0)
        row->decode_bound =
            (double)s->decode_tokens / bench_decode_seconds(&job->work, ceilings, row->kv_bytes_per_token,
                                                            row->depth + 1, s->decode_tokens);
}

/* The rows that were measured at least once. */
static void tell(bench_job *job) {
    const sxt_ceilings *ceilings = NULL;
    sxt_ceilings measured;
    int64_t n = 0;
    while (n < job->n_rows && job->rows[n].prompt.n + job->rows[n].decode.n > 0) n++;
    if (job->n_ceilings > 0) {
        measured = middle(job);
        ceilings = &measured;
        for (int64_t i = 0; i < n; i++) set_bounds(job, ceilings, &job->rows[i]);
    }
    if (job->options->json)
        document_print(bench_document(&job->setting, job->rows, n, ceilings));
    else if (n > 0)
        bench_table(&job->setting, job->rows, n, ceilings);
}

/* ---- All of it ---- */

static int ceilings_alone(const option_values *options) {
    sxt_ceilings ceilings;
    sxt_error error;
    if (sxt_measure_ceilings(thread_count(options), &ceilings, &error) != SXT_OK)
        return message_library_error(&error);
    if (options->json)
        document_print(bench_ceilings_document(&ceilings));
    else
        bench_print_ceilings(&ceilings);
    return EXIT_CODE_OK;
}

static int bench_model(bench_job *job) {
    const option_values *options = job->options;
    int code = make_rows(job);
    if (code != EXIT_CODE_OK) return code;
    job->n_total = job->n_rows * options->repeats * (options->prompt_tokens + options->decode_tokens);
    if (options->ceilings) job->ceilings = must_allocate((size_t)options->repeats * sizeof *job->ceilings);
    job->work = bench_work_of(job->setting.model);
    job->line = progress_start("measuring", "tokens");
    interrupt_watch(NULL);
    code = measure_all(job);
    interrupt_release();
    progress_end(&job->line);
    if (code == EXIT_CODE_OK || code == EXIT_CODE_INTERRUPTED) tell(job);
    return code;
}

int command_bench(const option_values *options) {
    sxt_model *model = NULL;
    sxt_model_info info;
    if (options->model == NULL && options->ceilings) return ceilings_alone(options);
    if (options->prompt_tokens == 0 && options->decode_tokens == 0)
        return message_error(EXIT_CODE_USAGE, "-p 0 and -n 0 leave nothing to measure; give one of them");
    int code = model_open(options->model, false, &model);
    if (code != EXIT_CODE_OK) return code;
    sxt_model_describe(model, &info);
    bench_job job = {.options = options,
                     .setting = {.model = model,
                                 .n_vocab = info.n_vocab,
                                 .n_threads = thread_count(options),
                                 .prompt_tokens = options->prompt_tokens,
                                 .decode_tokens = options->decode_tokens,
                                 .precision = strcmp(options->precision, "f32") == 0 ? SXT_PRECISION_F32
                                                                                     : SXT_PRECISION_FAST}};
    code = preset_check(options, model);
    if (code == EXIT_CODE_OK) code = bench_model(&job);
    for (int64_t i = 0; i < job.n_rows; i++) {
        free(job.rows[i].prompt.values);
        free(job.rows[i].decode.values);
    }
    free(job.rows);
    free(job.ceilings);
    sxt_model_close(model);
    return code;
}
