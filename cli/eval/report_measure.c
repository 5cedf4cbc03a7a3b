/* The cells of a report: measured once, kept in the folder's store, and taken from there, at once too: numbers
 * have 15 digits there, and a page is the same whether or not it was made in one go. */
#include "exit_code.h"
#include "interrupt.h"
#include "message.h"
#include "model_session.h"
#include "output_folder.h"
#include "report_job.h"

#include <string.h>

enum { N_KEY = 512, MOST_GENERATED = 16 };

/* ---- Keys of the store ----------------------------------------------------------------------------------- */

/* Numbers have as many digits as the longest, so that cells lie in order. */
static void write_key(char key[N_KEY], const char *what, const char *plan, int64_t length, int64_t i) {
    snprintf(key, N_KEY, "%s|%s|%010lld|%06lld", what, plan, (long long)length, (long long)i);
}

static void write_passkey_key(char key[N_KEY], const char *plan, const passkey_item *item, int64_t i) {
    snprintf(key, N_KEY, "passkey|%s|%010lld|%06.2f|%06lld", plan, (long long)item->length, 100 * item->depth,
             (long long)i);
}

static int damaged(const char *key) {
    return message_error(EXIT_CODE_FAILURE, "-o: the cell %s is damaged; give another folder", key);
}

/* ---- Windows of the text --------------------------------------------------------------------------------- */

static int load_window(const char *key, result_store *store, report_window *w) {
    json_document *value;
    int64_t within = 0;
    int code = output_folder_get(store, key, &value);
    if (code != EXIT_CODE_OK || value == NULL) return code;
    w->is_done = document_get_real(value, "nll", &w->score.nll) &&
                 document_get_integer(value, "n", &w->score.n) &&
                 document_get_real(value, "late_nll", &w->score.late_nll) &&
                 document_get_integer(value, "n_late", &w->score.n_late) &&
                 document_get_integer(value, "within_limit", &within) && w->score.n > 0 && w->score.n_late > 0;
    w->within_limit = within != 0;
    document_free(value);
    return w->is_done ? EXIT_CODE_OK : damaged(key);
}

static int keep_window(const char *key, result_store *store, const report_window *w, const char *plan) {
    json_document *value = document_object();
    document_put_real(value, "score", w->score.nll / (double)w->score.n);
    document_put_real(value, "nll", w->score.nll);
    document_put_integer(value, "n", w->score.n);
    document_put_real(value, "late_nll", w->score.late_nll);
    document_put_integer(value, "n_late", w->score.n_late);
    document_put_integer(value, "within_limit", w->within_limit);
    document_put_text(value, "plan", plan);
    return output_folder_put(store, key, value);
}

static int measure_window(report_job *job, int p, int64_t l, int64_t k) {
    report_window *w = &report_text_at(job, p, l)[k];
    const int64_t length = job->options->lengths.values[l];
    const char *plan = plan_at(job->options, p);
    char key[N_KEY];
    sxt_plan_info ran;
    sxt_error error;
    w->score = (window_score){0};
    sxt_status status = plan_trial_window(&job->trial, plan, &job->windows, length, k, &w->score, &ran, &error);
    if (status == SXT_E_CANCELLED) return EXIT_CODE_INTERRUPTED;
    if (status != SXT_OK) return message_library_error(&error);
    w->within_limit = ran.within_limit;
    write_key(key, "perplexity", plan, length, k);
    int code = keep_window(key, job->store, w, ran.plan);
    return code == EXIT_CODE_OK ? load_window(key, job->store, w) : code;
}

/* ---- Hidden keys ----------------------------------------------------------------------------------------- */

static int load_key(const char *key, result_store *store, report_key *k) {
    json_document *value;
    int64_t right = 0, within = 0;
    int code = output_folder_get(store, key, &value);
    if (code != EXIT_CODE_OK || value == NULL) return code;
    k->is_done =
        document_get_integer(value, "right", &right) && document_get_integer(value, "within_limit", &within);
    k->right = right != 0;
    k->within_limit = within != 0;
    document_free(value);
    return k->is_done ? EXIT_CODE_OK : damaged(key);
}

static int measure_key(report_job *job, int p, int64_t i) {
    report_key *k = &job->found[p * job->keys.n + i];
    const passkey_item *item = &job->keys.list[i];
    const char *plan = plan_at(job->options, p);
    char key[N_KEY];
    sxt_plan_info ran;
    int code = plan_trial_key(&job->trial, plan, item, &k->right, &ran);
    if (code != EXIT_CODE_OK) return code;
    k->is_done = true;
    k->within_limit = ran.within_limit;
    json_document *value = document_object();
    document_put_integer(value, "right", k->right);
    document_put_integer(value, "within_limit", k->within_limit);
    document_put_text(value, "plan", ran.plan);
    write_passkey_key(key, plan, item, i);
    return output_folder_put(job->store, key, value);
}

/* ---- Speed ----------------------------------------------------------------------------------------------- */

static int load_speed(const char *key, result_store *store, report_speed *s) {
    json_document *value;
    int code = output_folder_get(store, key, &value);
    if (code != EXIT_CODE_OK || value == NULL) return code;
    s->is_done = document_get_real(value, "score", &s->read) &&
                 document_get_real(value, "generated_per_second", &s->generated);
    document_free(value);
    return s->is_done ? EXIT_CODE_OK : damaged(key);
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
    write_key(key, "speed", plan, length, 0);
    return output_folder_put(job->store, key, value);
}

/* ---- Short texts ----------------------------------------------------------------------------------------- */

static int load_short(const char *key, result_store *store, report_short *s) {
    json_document *value;
    prediction_change *c = &s->change;
    int code = output_folder_get(store, key, &value);
    if (code != EXIT_CODE_OK || value == NULL) return code;
    s->is_done = document_get_integer(value, "n", &c->n) && document_get_integer(value, "n_same", &c->n_same) &&
                 document_get_real(value, "nll_none", &c->nll_before) &&
                 document_get_real(value, "nll", &c->nll_after) &&
                 document_get_real(value, "divergence", &c->divergence) && c->n > 0;
    document_free(value);
    return s->is_done ? EXIT_CODE_OK : damaged(key);
}

static int keep_short(const char *key, result_store *store, const prediction_change *c) {
    json_document *value = document_object();
    document_put_real(value, "score", (c->nll_after - c->nll_before) / (double)c->n);
    document_put_integer(value, "n", c->n);
    document_put_integer(value, "n_same", c->n_same);
    document_put_real(value, "nll_none", c->nll_before);
    document_put_real(value, "nll", c->nll_after);
    document_put_real(value, "divergence", c->divergence);
    return output_folder_put(store, key, value);
}

/* `none` is read once for all plans, so that a window is done for all of them or for none. */
static bool short_is_done(const report_job *job, int64_t l, int64_t k) {
    bool is_done = true;
    for (int i = 0; i < job->n_short_plans; i++) is_done = is_done && report_short_at(job, i, l)[k].is_done;
    return is_done;
}

static int measure_short(report_job *job, int64_t l, int64_t k) {
    short_row rows[MAX_PLANS];
    char key[N_KEY];
    const int64_t length = job->short_lengths[l];
    for (int i = 0; i < job->n_short_plans; i++) rows[i] = (short_row){.length = length};
    int code = short_trial_window(&job->reader, length, k, rows);
    for (int i = 0; i < job->n_short_plans && code == EXIT_CODE_OK; i++) {
        write_key(key, "short", job->short_plans[i], length, k);
        code = keep_short(key, job->store, &rows[i].change);
        if (code == EXIT_CODE_OK) code = load_short(key, job->store, &report_short_at(job, i, l)[k]);
    }
    return code;
}

/* ---- All of it ------------------------------------------------------------------------------------------- */

int report_load(report_job *job) {
    const option_values *options = job->options;
    char key[N_KEY];
    int code = EXIT_CODE_OK;
    for (int p = 0; p < job->n_plans; p++) {
        const char *plan = plan_at(options, p);
        for (int64_t l = 0; l < job->n_lengths; l++) {
            const int64_t length = options->lengths.values[l];
            for (int64_t k = 0; k < job->n_windows && code == EXIT_CODE_OK; k++) {
                write_key(key, "perplexity", plan, length, k);
                code = load_window(key, job->store, &report_text_at(job, p, l)[k]);
            }
            write_key(key, "speed", plan, length, 0);
            if (code == EXIT_CODE_OK) code = load_speed(key, job->store, &job->speeds[p * job->n_lengths + l]);
        }
        for (int64_t i = 0; i < job->keys.n && code == EXIT_CODE_OK; i++) {
            write_passkey_key(key, plan, &job->keys.list[i], i);
            code = load_key(key, job->store, &job->found[p * job->keys.n + i]);
        }
    }
    for (int i = 0; i < job->n_short_plans; i++)
        for (int64_t l = 0; l < job->n_short_lengths; l++)
            for (int64_t k = 0; k < job->n_windows && code == EXIT_CODE_OK; k++) {
                write_key(key, "short", job->short_plans[i], job->short_lengths[l], k);
                code = load_short(key, job->store, &report_short_at(job, i, l)[k]);
            }
    return code;
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
    if (!job->fits[p * job->n_lengths + l]) return;
    if (takes(pass, job->speeds[p * job->n_lengths + l].is_done, length))
        finish(pass, measure_speed(job, p, l));
    for (int64_t k = 0; k < job->n_windows; k++)
        if (takes(pass, report_text_at(job, p, l)[k].is_done, length))
            finish(pass, measure_window(job, p, l, k));
    for (int64_t i = 0; i < job->keys.n; i++)
        if (job->keys.list[i].length == length &&
            takes(pass, job->found[p * job->keys.n + i].is_done, job->keys.list[i].length))
            finish(pass, measure_key(job, p, i));
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
    return code;
}
