/* The cells of a report: measured once, and kept in the folder's store. */
#include "exit_code.h"
#include "interrupt.h"
#include "message.h"
#include "model_session.h"
#include "output_folder.h"
#include "report_job.h"

#include <string.h>

enum { MOST_GENERATED = 16, N_KEY = 512 };

/* ---- Speed ----------------------------------------------------------------------------------------------- */

static void name_speed(char key[N_KEY], const char *plan, int64_t length) {
    snprintf(key, N_KEY, "speed|%s|%010lld|0", plan, (long long)length);
}

static int load_speed(result_store *store, const char *plan, int64_t length, report_speed *s) {
    char key[N_KEY];
    json_document *value;
    name_speed(key, plan, length);
    int code = output_folder_get(store, key, &value);
    if (code != EXIT_CODE_OK || value == NULL) return code;
    s->is_done = document_get_real(value, "score", &s->read) &&
                 document_get_real(value, "generated_per_second", &s->generated);
    document_free(value);
    return s->is_done ? EXIT_CODE_OK : output_folder_damaged(store, key);
}

/* Reads all but the last tokens of the first window, and generates those: the context is of the length named.
 */
static int measure_speed(report_job *job, int p, int64_t l) {
    report_speed *s = &job->speeds[p * job->n_lengths + l];
    const int64_t length = job->options->lengths.values[l];
    const int64_t n_generate = length / 2 < MOST_GENERATED ? length / 2 : MOST_GENERATED;
    const char *plan = plan_at(job->options, p);
    char key[N_KEY];
    double read, generate;
    sxt_error error;
    text_windows_fill(&job->windows, length, 0);
    sxt_status status = plan_trial_speed(&job->trial, plan, job->windows.window, length - n_generate,
                                         n_generate, &read, &generate, &error);
    if (status == SXT_E_CANCELLED) return EXIT_CODE_INTERRUPTED;
    if (status != SXT_OK) return message_library_error(&error);
    const double least = 1e-9; /* a clock that has not moved */
    s->read = (double)(length - n_generate) / (read > least ? read : least);
    s->generated = (double)n_generate / (generate > least ? generate : least);
    s->is_done = true;
    json_document *value = document_object();
    document_put_real(value, "score", s->read);
    document_put_real(value, "generated_per_second", s->generated);
    name_speed(key, plan, length);
    return output_folder_put(job->store, key, value);
}

/* ---- Short texts ----------------------------------------------------------------------------------------- */

/* `none` is read once for all plans, so that a window is done for all of them or for none. */
static bool short_is_done(const report_job *job, int64_t l, int64_t k) {
    bool is_done = true;
    for (int i = 0; i < job->n_short_plans; i++) is_done = is_done && report_short_at(job, i, l)[k].is_done;
    return is_done;
}

static int measure_short(report_job *job, int64_t l, int64_t k) {
    kept_short windows[MAX_PLANS];
    int code = kept_short_measure(&job->reader, job->store, job->short_lengths[l], k, windows);
    for (int i = 0; i < job->n_short_plans && code == EXIT_CODE_OK; i++)
        report_short_at(job, i, l)[k] = windows[i];
    return code;
}

/* ---- All of it ------------------------------------------------------------------------------------------- */

static int load_plan(report_job *job, int p) {
    const char *plan = plan_at(job->options, p);
    int code = EXIT_CODE_OK;
    for (int64_t l = 0; l < job->n_lengths; l++) {
        const int64_t length = job->options->lengths.values[l];
        for (int64_t k = 0; k < job->n_windows && code == EXIT_CODE_OK; k++)
            code = kept_window_load(job->store, plan, length, k, &report_text_at(job, p, l)[k]);
        if (code == EXIT_CODE_OK)
            code = load_speed(job->store, plan, length, &job->speeds[p * job->n_lengths + l]);
    }
    for (int64_t i = 0; i < job->keys.n && code == EXIT_CODE_OK; i++)
        code = kept_passkey_load(job->store, plan, &job->keys.list[i], i, &job->found[p * job->keys.n + i]);
    return code;
}

int report_load(report_job *job) {
    int code = EXIT_CODE_OK;
    for (int p = 0; p < job->n_plans && code == EXIT_CODE_OK; p++) code = load_plan(job, p);
    for (int i = 0; i < job->n_short_plans; i++)
        for (int64_t l = 0; l < job->n_short_lengths; l++)
            for (int64_t k = 0; k < job->n_windows && code == EXIT_CODE_OK; k++)
                code = kept_short_load(job->store, job->short_plans[i], job->short_lengths[l], k,
                                       &report_short_at(job, i, l)[k]);
    return code == EXIT_CODE_OK ? report_needles_load(job) : code;
}

/* A pass over all cells in the order of work: by length, so that what is stopped compares all plans. */
typedef struct cell_pass {
    report_job *job;
    bool measures; /* else it counts */
    int code;
} cell_pass;

/* True when this open cell, of so many tokens, is to be measured now. */
static bool takes(cell_pass *p, bool is_done, int64_t n_tokens) {
    if (p->code != EXIT_CODE_OK) return false;
    if (!p->measures) {
        p->job->n_cells++;
        p->job->n_done += is_done;
        if (!is_done) p->job->trial.n_total += n_tokens;
        return false;
    }
    if (!is_done && interrupted()) p->code = EXIT_CODE_INTERRUPTED;
    return !is_done && p->code == EXIT_CODE_OK;
}

static void finish(cell_pass *p, int code) {
    p->code = code;
    p->job->n_done += code == EXIT_CODE_OK;
}

static void pass_length(cell_pass *pass, int p, int64_t l) {
    report_job *job = pass->job;
    const int64_t length = job->options->lengths.values[l];
    const char *plan = plan_at(job->options, p);
    if (!job->fits[p * job->n_lengths + l]) return;
    if (takes(pass, job->speeds[p * job->n_lengths + l].is_done, length))
        finish(pass, measure_speed(job, p, l));
    for (int64_t k = 0; k < job->n_windows; k++)
        if (takes(pass, report_text_at(job, p, l)[k].is_done, length))
            finish(pass, kept_window_measure(&job->trial, job->store, plan, &job->windows, length, k,
                                             &report_text_at(job, p, l)[k]));
    for (int64_t i = 0; i < job->keys.n; i++)
        if (job->keys.list[i].length == length &&
            takes(pass, job->found[p * job->keys.n + i].is_done, job->keys.list[i].length))
            finish(pass, kept_passkey_measure(&job->trial, job->store, plan, &job->keys.list[i], i,
                                              &job->found[p * job->keys.n + i]));
}

static int pass_all(report_job *job, bool measures) {
    cell_pass pass = {job, measures, EXIT_CODE_OK};
    for (int64_t l = 0; l < job->n_lengths; l++)
        for (int p = 0; p < job->n_plans; p++) pass_length(&pass, p, l);
    for (int64_t l = 0; l < job->n_short_lengths && job->n_short_plans > 0; l++)
        for (int64_t k = 0; k < job->n_windows; k++)
            if (takes(&pass, short_is_done(job, l, k), short_trial_tokens(&job->reader, job->short_lengths[l])))
                finish(&pass, measure_short(job, l, k));
    return pass.code;
}

int report_measure(report_job *job) {
    pass_all(job, false);
    interrupt_watch(NULL);
    int code = pass_all(job, true);
    interrupt_release();
    progress_end(&job->trial.line);
    return code == EXIT_CODE_OK && job->needles.options != NULL ? needle_run_all(&job->needles) : code;
}
