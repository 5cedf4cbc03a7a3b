#include "command.h"

#include "exit_code.h"
#include "interrupt.h"
#include "json_document.h"
#include "kept_trial.h"
#include "message.h"
#include "model_session.h"
#include "perplexity_picture.h"
#include "perplexity_stream.h"
#include "preset.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct perplexity_job {
    const option_values *options;
    text_windows windows;
    plan_trial trial;
    result_store *store;
    json_document *rows;
    perplexity_picture *picture;
} perplexity_job;

/* ---- A row ----------------------------------------------------------------------------------------------- */

/* A length under a plan. */
typedef struct perplexity_row {
    int64_t length;
    sxt_plan_info plan;
    bool is_auto;
    double nll, late;
} perplexity_row;

static void print_header(void) {
    printf("%8s  %-40s %7s %9s %10s %16s %16s  %s\n", "length", "plan", "windows", "nll", "ppl",
           "nll_last_quarter", "ppl_last_quarter", "within_limit");
}

static void print_row(const perplexity_row *r, int64_t n_windows) {
    char name[280];
    snprintf(name, sizeof name, "%s%s", r->plan.plan, r->is_auto ? " (auto)" : "");
    printf("%8lld  %-40s %7lld %9.4f %10.3f %16.4f %16.3f  %s\n", (long long)r->length, name,
           (long long)n_windows, r->nll, exp(r->nll), r->late, exp(r->late),
           r->plan.within_limit ? "yes" : "no");
    fflush(stdout);
}

static void put_row(json_document *rows, const perplexity_row *r, int64_t n_windows) {
    json_document *row = document_object();
    document_put_integer(row, "length", r->length);
    document_put_text(row, "plan", r->plan.plan);
    document_put_integer(row, "windows", n_windows);
    document_put_real(row, "nll", r->nll);
    document_put_real(row, "ppl", exp(r->nll));
    document_put_real(row, "nll_last_quarter", r->late);
    document_put_real(row, "ppl_last_quarter", exp(r->late));
    document_put_flag(row, "within_limit", r->plan.within_limit);
    if (r->is_auto) document_put_text(row, "asked", r->plan.asked);
    document_append(rows, row);
}

static int tell_row(perplexity_job *job, int i_plan, int64_t length, const window_score *s) {
    perplexity_row row = {
        .length = length, .nll = s->nll / (double)s->n, .late = s->late_nll / (double)s->n_late};
    sxt_error error;
    if (sxt_plan_resolve(job->trial.model, plan_at(job->options, i_plan), length, &row.plan, &error) != SXT_OK)
        return message_library_error(&error);
    row.is_auto = strcmp(row.plan.asked, row.plan.plan) != 0 && strcmp(row.plan.asked, "auto") == 0;
    progress_end(&job->trial.line);
    if (!job->options->json && document_count(job->rows) == 0) print_header();
    if (!job->options->json) print_row(&row, job->options->windows);
    put_row(job->rows, &row, job->options->windows);
    perplexity_picture_add(job->picture, i_plan, (double)length, exp(row.nll), row.plan.within_limit);
    perplexity_picture_set_positions(job->picture, i_plan, s, length, row.plan.limit);
    return EXIT_CODE_OK;
}

/* ---- All of them ----------------------------------------------------------------------------------------- */

static int measure_row(perplexity_job *job, int i_plan, int64_t length) {
    const char *plan = plan_at(job->options, i_plan);
    window_score sum = {0};
    bool fits = false;
    progress_end(&job->trial.line);
    int code = session_fits_length(job->options, job->trial.model, plan, length, &fits);
    if (code == EXIT_CODE_OK && !fits) {
        session_note_not_run(plan, length);
        job->trial.n_total -= length * job->windows.n_windows;
    }
    if (code != EXIT_CODE_OK || !fits) return code;
    for (int64_t k = 0; k < job->windows.n_windows && code == EXIT_CODE_OK; k++) {
        kept_window w = {0};
        code = kept_window_load(job->store, plan, length, k, &w);
        if (w.is_done) job->trial.n_total -= length;
        if (!w.is_done && code == EXIT_CODE_OK)
            code = kept_window_measure(&job->trial, job->store, plan, &job->windows, length, k, &w);
        text_windows_add(&sum, &w.score);
    }
    return code == EXIT_CODE_OK ? tell_row(job, i_plan, length, &sum) : code;
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
        int code = plan_announce(job->trial.model, plan_at(options, i), most, &plan);
        if (code != EXIT_CODE_OK) return code;
    }
    return EXIT_CODE_OK;
}

static int open_store(perplexity_job *job) {
    kept_facts facts;
    kept_facts_of_text(&job->windows, &facts);
    const result_fact list[] = {{"windows", facts.windows}, {"text", facts.text}};
    return output_folder_open(job->options, job->trial.model, "perplexity", list,
                              (int)(sizeof list / sizeof *list), &job->store);
}

/* After Ctrl-C too: of what was measured until then. */
static int save_pictures(const perplexity_job *job) {
    const char *plans[MAX_PLANS];
    int n_plans = plan_count(job->options);
    for (int i = 0; i < n_plans; i++) plans[i] = plan_at(job->options, i);
    return perplexity_picture_save(job->picture, plans, n_plans);
}

static int measure_all(perplexity_job *job) {
    const option_values *options = job->options;
    int code = EXIT_CODE_OK;
    for (int64_t l = 0; l < options->lengths.n; l++)
        job->trial.n_total += options->lengths.values[l] * options->windows * plan_count(options);
    job->rows = document_array();
    interrupt_watch(NULL);
    for (int64_t l = 0; l < options->lengths.n && code == EXIT_CODE_OK; l++)
        for (int i = 0; i < plan_count(options) && code == EXIT_CODE_OK; i++)
            code = measure_row(job, i, options->lengths.values[l]);
    interrupt_release();
    progress_end(&job->trial.line);
    return code;
}

static int run(perplexity_job *job) {
    int code = measure_all(job), told = EXIT_CODE_OK;
    if (code == EXIT_CODE_OK || code == EXIT_CODE_INTERRUPTED) {
        told = output_folder_write_document(job->options, "perplexity.json", job->rows);
        if (told == EXIT_CODE_OK) told = save_pictures(job);
    }
    if (code == EXIT_CODE_INTERRUPTED) output_folder_note_stop(job->options);
    if (job->options->json && (code == EXIT_CODE_OK || code == EXIT_CODE_INTERRUPTED))
        document_print(job->rows);
    else
        document_free(job->rows);
    return code == EXIT_CODE_OK ? told : code;
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
    job.trial = (plan_trial){.options = options, .model = model, .line = progress_start("scoring", "tokens")};
    job.picture = perplexity_picture_begin(options, model);
    code = preset_check(options, model);
    if (code == EXIT_CODE_OK)
        code = text_windows_open(options, model, number_greatest(&options->lengths), &job.windows);
    if (code == EXIT_CODE_OK) code = check(&job);
    if (code == EXIT_CODE_OK) code = open_store(&job);
    if (code == EXIT_CODE_OK) code = run(&job);
    output_folder_close(job.store);
    perplexity_picture_free(job.picture);
    text_windows_close(&job.windows);
    sxt_model_close(model);
    return code;
}
