#include "run_job.h"

#include "exit_code.h"
#include "message.h"
#include "session_store.h"

#include <string.h>

static int set_sampler(const run_job *job) {
    const option_values *options = job->options;
    sxt_sampler_params sampler = sxt_sampler_params_default();
    sxt_error error;
    sampler.temperature = (float)options->temperature;
    sampler.top_k = (int32_t)options->top_k;
    sampler.top_p = (float)options->top_p;
    sampler.min_p = (float)options->min_p;
    sampler.repeat_penalty = (float)options->repeat_penalty;
    sampler.repeat_last_n = (int32_t)options->repeat_last_n;
    sampler.seed = options->seed;
    if (sxt_session_set_sampler(job->session, &sampler, &error) == SXT_OK) return EXIT_CODE_OK;
    return message_library_error(&error);
}

int run_job_open_session(run_job *job, int64_t n_ctx) {
    const option_values *options = job->options;
    sxt_session_params params = session_params(options, job->plan, n_ctx);
    if (options->session != NULL && options->ctx == 0)
        params.n_ctx = session_store_context(job->model, &params, options->session, n_ctx);
    job->n_ctx = params.n_ctx;
    job->line = progress_start("reading", "tokens");
    int code = session_open(job->model, &params, &job->line, &job->session);
    if (code == EXIT_CODE_OK) code = set_sampler(job);
    if (code == EXIT_CODE_OK && options->session != NULL)
        code = session_store_load(job->session, options->session);
    return code;
}

static double rate(int64_t n, double seconds) { return seconds > 0 ? (double)n / seconds : 0; }

void run_job_summary(const run_job *job, const generation *result) {
    sxt_session_stats stats;
    sxt_plan_info plan;
    text_buffer line = {0};
    sxt_session_describe(job->session, &stats);
    sxt_session_plan(job->session, &plan);
    text_buffer_print(&line, "read %lld tokens in %.2f s (%.1f/s)", (long long)stats.n_read, stats.read_seconds,
                      rate(stats.n_read, stats.read_seconds));
    if (stats.n_reused > 0) text_buffer_print(&line, ", reused %lld", (long long)stats.n_reused);
    text_buffer_print(&line, "; generated %lld in %.2f s (%.1f/s)", (long long)result->n,
                      stats.generate_seconds, rate(stats.n_generated, stats.generate_seconds));
    text_buffer_print(&line, "; memory %.1f MiB, cache %.1f MiB of it", (double)stats.total_bytes / 1048576,
                      (double)stats.kv_bytes / 1048576);
    text_buffer_print(&line, "; plan %s", plan.plan);
    if (plan.reason[0] != '\0') text_buffer_print(&line, " (%s)", plan.reason);
    text_buffer_print(&line, "; window %lld", (long long)job->info.n_ctx_train);
    if (!plan.within_limit) text_buffer_print(&line, ", past the plan's limit of %lld", (long long)plan.limit);
    if (result->stopped_by != NULL) text_buffer_print(&line, "; stopped by %s", result->stopped_by);
    message_line("%s", line.bytes);
    text_buffer_free(&line);
}
