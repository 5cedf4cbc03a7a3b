#include "perplexity_stream.h"

#include "exit_code.h"
#include "interrupt.h"
#include "json_document.h"
#include "message.h"
#include "model_session.h"
#include "perplexity_picture.h"
#include "preset.h"
#include "text_windows.h"

#include <math.h>
#include <stdio.h>

/* A text of `length` tokens, cut into n_parts; one part is summed up at a time. */
typedef struct stream_job {
    const option_values *options;
    const sxt_model *model;
    text_windows text;
    int64_t length, n_parts;
    json_document *rows; /* NULL: a table */
    perplexity_picture *picture;
    progress line;
    int64_t n_done, n_total; /* tokens, for the progress */

    const char *plan;
    int i_plan;
    int64_t limit;       /* of the plan, in tokens */
    int64_t part, n;     /* the part that is being read; its predictions so far */
    double nll, all_nll; /* sums: of the part, of the text so far */
} stream_job;

static int64_t part_end(const stream_job *job, int64_t part) { return job->length * (part + 1) / job->n_parts; }

static void print_part(stream_job *job) {
    int64_t first = job->part > 0 ? part_end(job, job->part - 1) : 0, end = part_end(job, job->part);
    double nll = job->nll / (double)job->n, so_far = job->all_nll / (double)(end - 1);
    progress_end(&job->line);
    perplexity_picture_add(job->picture, job->i_plan, (double)(first + end) / 2, exp(nll), end <= job->limit);
    if (job->rows == NULL) {
        printf("%10lld %10lld  %-40s %9.4f %10.3f %12.3f\n", (long long)first, (long long)end, job->plan, nll,
               exp(nll), exp(so_far));
        fflush(stdout);
        return;
    }
    json_document *row = document_object();
    document_put_integer(row, "first", first);
    document_put_integer(row, "end", end);
    document_put_text(row, "plan", job->plan);
    document_put_real(row, "nll", nll);
    document_put_real(row, "ppl", exp(nll));
    document_put_real(row, "ppl_so_far", exp(so_far));
    document_append(job->rows, row);
}

/* The first token is predicted by nothing: a part of that one alone has no row. */
static void end_part(stream_job *job) {
    if (job->n > 0) print_part(job);
    job->part++;
    job->n = 0;
    job->nll = 0;
}

static bool add_prediction(void *user, int64_t pos, const float *logits) {
    stream_job *job = user;
    int64_t target = pos + 1;
    if (target >= job->length) return !interrupted();
    while (target >= part_end(job, job->part)) end_part(job);
    double nll = text_windows_surprise(logits, job->text.n_vocab, job->text.window[target]);
    job->nll += nll;
    job->all_nll += nll;
    job->n++;
    if (target == job->length - 1) end_part(job);
    return !interrupted();
}

static bool report(void *user, int64_t n_read, int64_t n_total) {
    stream_job *job = user;
    (void)n_total;
    return progress_report(&job->line, job->n_done + n_read, job->n_total);
}

static int read_stream(stream_job *job, int i_plan, const char *plan) {
    sxt_session *session = NULL;
    sxt_plan_info info;
    sxt_error error;
    sxt_session_params params = session_params(job->options, plan, job->length);
    params.progress = report;
    params.progress_user = job;
    int code = session_open(job->model, &params, NULL, &session);
    if (code != EXIT_CODE_OK) return code;
    sxt_plan_resolve(job->model, plan, job->length, &info, NULL);
    job->plan = info.plan;
    job->i_plan = i_plan;
    job->limit = info.limit;
    job->part = job->n = 0;
    job->nll = job->all_nll = 0;
    interrupt_watch(session);
    sxt_status status =
        sxt_session_scan(session, job->text.window, job->length, 0, add_prediction, job, &error);
    interrupt_watch(NULL);
    progress_end(&job->line);
    sxt_session_free(session);
    job->n_done += job->length;
    if (status == SXT_E_CANCELLED) return EXIT_CODE_INTERRUPTED;
    return status == SXT_OK ? EXIT_CODE_OK : message_library_error(&error);
}

static int read_all(stream_job *job) {
    const option_values *options = job->options;
    int n_plans = options->n_plans > 0 ? options->n_plans : 1, code = EXIT_CODE_OK;
    const char *const standard = "streaming", *const *plans = options->n_plans > 0 ? options->plans : &standard;
    for (int i = 0; i < n_plans && code == EXIT_CODE_OK; i++) {
        sxt_plan_info info;
        code = plan_announce(job->model, plans[i], job->length, &info);
    }
    if (code != EXIT_CODE_OK) return code;
    job->n_total = job->length * n_plans;
    if (options->json)
        job->rows = document_array();
    else
        printf("%10s %10s  %-40s %9s %10s %12s\n", "first", "end", "plan", "nll", "ppl", "ppl_so_far");
    interrupt_watch(NULL);
    for (int i = 0; i < n_plans && code == EXIT_CODE_OK; i++) code = read_stream(job, i, plans[i]);
    interrupt_release();
    if (job->rows != NULL && (code == EXIT_CODE_OK || code == EXIT_CODE_INTERRUPTED))
        document_print(job->rows);
    else if (job->rows != NULL)
        document_free(job->rows);
    if (code != EXIT_CODE_OK && code != EXIT_CODE_INTERRUPTED) return code;
    int saved =
        perplexity_picture_save(job->picture, plans, n_plans); /* after Ctrl-C of what was read until then */
    return code == EXIT_CODE_OK ? saved : code;
}

static int check(const option_values *options) {
    if (options->lengths.n > 1)
        return message_error(EXIT_CODE_USAGE, "--stream reads one text: give --lengths one number, or none");
    int64_t length = options->lengths.n > 0 ? options->lengths.values[0] : 0;
    if (options->ctx > 0 && options->ctx < length)
        return message_error(EXIT_CODE_USAGE, "--lengths is %lld and -c is %lld; give -c %lld or leave it out",
                             (long long)length, (long long)options->ctx, (long long)length);
    return EXIT_CODE_OK;
}

int perplexity_stream(const option_values *options) {
    stream_job job = {.options = options, .n_parts = options->windows};
    sxt_model *model = NULL;
    int code = check(options);
    if (code == EXIT_CODE_OK) code = model_open(options->model, false, &model);
    if (code != EXIT_CODE_OK) return code;
    job.model = model;
    code = preset_check(options, model);
    if (code == EXIT_CODE_OK)
        code = text_windows_open(options, model, options->lengths.n > 0 ? options->lengths.values[0] : 0,
                                 &job.text);
    if (code == EXIT_CODE_OK && job.text.longest < 2)
        code = message_error(EXIT_CODE_USAGE,
                             "-f %s has no two tokens to predict one from the other; give a "
                             "longer text",
                             options->file);
    job.line = progress_start("scoring", "tokens");
    job.picture = perplexity_picture_begin(options, model);
    if (code == EXIT_CODE_OK) {
        job.length = job.text.longest;
        if (job.n_parts > job.length) job.n_parts = job.length;
        text_windows_fill(&job.text, job.length, 0);
        code = read_all(&job);
    }
    progress_end(&job.line);
    perplexity_picture_free(job.picture);
    text_windows_close(&job.text);
    sxt_model_close(model);
    return code;
}
