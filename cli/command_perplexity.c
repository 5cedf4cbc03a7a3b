#include "command.h"

#include "exit_code.h"
#include "interrupt.h"
#include "json_document.h"
#include "message.h"
#include "model_session.h"
#include "perplexity_picture.h"
#include "perplexity_stream.h"
#include "preset.h"
#include "text_windows.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What is measured, and how far it is. */
typedef struct perplexity_job {
    const option_values *options;
    const sxt_model *model;
    text_windows windows;
    json_document *rows; /* NULL: a table */
    perplexity_picture *picture;
    progress line;
    int64_t n_done, n_total; /* tokens, for the progress */
    bool has_header;         /* the table's first line is out */
} perplexity_job;

static bool report(void *user, int64_t n_read, int64_t n_total) {
    perplexity_job *job = user;
    (void)n_total;
    return progress_report(&job->line, job->n_done + n_read, job->n_total);
}

static void print_row(perplexity_job *job, int64_t length, const sxt_plan_info *plan, const window_score *s) {
    double nll = s->nll / (double)s->n, late = s->late_nll / (double)s->n_late;
    bool is_auto = strcmp(plan->asked, plan->plan) != 0 && strcmp(plan->asked, "auto") == 0;
    if (job->rows == NULL) {
        if (!job->has_header)
            printf("%8s  %-40s %7s %9s %10s %16s %16s  %s\n", "length", "plan", "windows", "nll", "ppl",
                   "nll_last_quarter", "ppl_last_quarter", "within_limit");
        job->has_header = true;
        char name[280];
        snprintf(name, sizeof name, "%s%s", plan->plan, is_auto ? " (auto)" : "");
        printf("%8lld  %-40s %7lld %9.4f %10.3f %16.4f %16.3f  %s\n", (long long)length, name,
               (long long)job->options->windows, nll, exp(nll), late, exp(late),
               plan->within_limit ? "yes" : "no");
        fflush(stdout);
        return;
    }
    json_document *row = document_object();
    document_put_integer(row, "length", length);
    document_put_text(row, "plan", plan->plan);
    document_put_integer(row, "windows", job->options->windows);
    document_put_real(row, "nll", nll);
    document_put_real(row, "ppl", exp(nll));
    document_put_real(row, "nll_last_quarter", late);
    document_put_real(row, "ppl_last_quarter", exp(late));
    document_put_flag(row, "within_limit", plan->within_limit);
    if (is_auto) document_put_text(row, "asked", plan->asked);
    document_append(job->rows, row);
}

static int score_windows(perplexity_job *job, sxt_session *session, int64_t length, window_score *s) {
    sxt_error error;
    for (int64_t k = 0; k < job->windows.n_windows; k++) {
        sxt_status status = text_windows_score(&job->windows, session, length, k, s, &error);
        if (status != SXT_OK) progress_end(&job->line);
        if (status == SXT_E_CANCELLED) return EXIT_CODE_INTERRUPTED;
        if (status != SXT_OK) return message_library_error(&error);
        job->n_done += length;
    }
    return EXIT_CODE_OK;
}

static int measure(perplexity_job *job, sxt_session *session, int i_plan, int64_t length) {
    sxt_plan_info plan;
    window_score s = {0};
    if (perplexity_picture_wants_positions(job->picture)) {
        s.by_position = must_allocate((size_t)length * sizeof *s.by_position);
        memset(s.by_position, 0, (size_t)length * sizeof *s.by_position);
    }
    int code = score_windows(job, session, length, &s);
    if (code == EXIT_CODE_OK) {
        sxt_session_plan(session, &plan);
        progress_end(&job->line);
        print_row(job, length, &plan, &s);
        perplexity_picture_add(job->picture, i_plan, (double)length, exp(s.nll / (double)s.n),
                               plan.within_limit);
        if (s.by_position != NULL)
            perplexity_picture_set_positions(job->picture, i_plan, s.by_position, length,
                                             job->windows.n_windows, plan.limit);
    }
    free(s.by_position);
    return code;
}

/* A fresh session for each row: `auto` then decides from the length alone. */
static int measure_row(perplexity_job *job, int i_plan, int64_t length) {
    const char *plan = plan_at(job->options, i_plan);
    sxt_session *session = NULL;
    sxt_session_params params = session_params(job->options, plan, length);
    params.progress = report;
    params.progress_user = job;
    int code = session_open(job->model, &params, NULL, &session);
    if (code == EXIT_CODE_OK) {
        interrupt_watch(session);
        code = measure(job, session, i_plan, length);
        interrupt_watch(NULL);
    }
    sxt_session_free(session);
    return code;
}

/* Everything that can be refused is refused before the first window is read. */
static int check(const perplexity_job *job) {
    const option_values *options = job->options;
    int64_t most = number_greatest(&options->lengths);
    sxt_plan_info plan;
    if (options->ctx > 0 && options->ctx < most)
        return message_error(EXIT_CODE_USAGE,
                             "--lengths goes up to %lld and -c is %lld; give -c %lld or leave it out",
                             (long long)most, (long long)options->ctx, (long long)most);
    for (int i = 0; i < plan_count(options); i++) {
        int code = plan_announce(job->model, plan_at(options, i), most, &plan);
        if (code != EXIT_CODE_OK) return code;
    }
    return EXIT_CODE_OK;
}

static int measure_all(perplexity_job *job) {
    const option_values *options = job->options;
    int code = check(job);
    if (code != EXIT_CODE_OK) return code;
    for (int64_t l = 0; l < options->lengths.n; l++)
        job->n_total += options->lengths.values[l] * options->windows * plan_count(options);
    if (options->json) job->rows = document_array();
    interrupt_watch(NULL);
    for (int64_t l = 0; l < options->lengths.n && code == EXIT_CODE_OK; l++)
        for (int i = 0; i < plan_count(options) && code == EXIT_CODE_OK; i++)
            code = measure_row(job, i, options->lengths.values[l]);
    interrupt_release();
    bool complete = code == EXIT_CODE_OK || code == EXIT_CODE_INTERRUPTED;
    if (job->rows != NULL && complete)
        document_print(job->rows);
    else if (job->rows != NULL)
        document_free(job->rows);
    return code;
}

/* After Ctrl-C too: of what was measured until then. */
static int save_pictures(const perplexity_job *job, int code) {
    const char *plans[MAX_PLANS];
    int n_plans = plan_count(job->options);
    for (int i = 0; i < n_plans; i++) plans[i] = plan_at(job->options, i);
    int saved = perplexity_picture_save(job->picture, plans, n_plans);
    return code == EXIT_CODE_OK ? saved : code;
}

int command_perplexity(const option_values *options) {
    if (options->file == NULL) return message_error(EXIT_CODE_USAGE, "perplexity needs a text: -f FILE");
    int code = perplexity_picture_check(options);
    if (code != EXIT_CODE_OK) return code;
    if (options->stream) return perplexity_stream(options);
    if (options->lengths.n == 0)
        return message_error(EXIT_CODE_USAGE,
                             "perplexity needs window lengths: --lengths N,N,... (or --stream)");
    perplexity_job job = {.options = options};
    sxt_model *model = NULL;
    code = model_open(options->model, false, &model);
    if (code != EXIT_CODE_OK) return code;
    job.model = model;
    job.picture = perplexity_picture_begin(options, model);
    code = preset_check(options, model);
    if (code == EXIT_CODE_OK)
        code = text_windows_open(options, model, number_greatest(&options->lengths), &job.windows);
    job.line = progress_start("scoring", "tokens");
    if (code == EXIT_CODE_OK) code = measure_all(&job);
    progress_end(&job.line);
    if (code == EXIT_CODE_OK || code == EXIT_CODE_INTERRUPTED) code = save_pictures(&job, code);
    perplexity_picture_free(job.picture);
    text_windows_close(&job.windows);
    sxt_model_close(model);
    return code;
}
