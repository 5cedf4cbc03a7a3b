/* Every method at every length on one text: how well it is predicted, and whether a key hidden in it is found.
 */
#include "command.h"

#include "exit_code.h"
#include "interrupt.h"
#include "json_document.h"
#include "message.h"
#include "model_session.h"
#include "plan_trial.h"
#include "replaced_file.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_METHODS = 64 };

typedef struct compare_job {
    const option_values *options;
    const sxt_model *model;
    const char *plans[MOST_METHODS];
    int n_plans;
    char *split; /* what --methods said, cut up */
    text_windows windows;
    passkey_items keys;
    json_document *rows; /* NULL: a table */
    replaced_file csv;
    plan_trial trial;
} compare_job;

/* One method at one length. */
typedef struct cell {
    int64_t length;
    sxt_plan_info plan;
    window_score score;
    int64_t n_keys, n_found;
} cell;

static double perplexity_late(const cell *c) { return exp(c->score.late_nll / (double)c->score.n_late); }
static double found_share(const cell *c) { return (double)c->n_found / (double)c->n_keys; }

/* ---- Which methods --------------------------------------------------------------------------------------- */

static int add_plan(compare_job *job, const char *plan) {
    if (job->n_plans == MOST_METHODS)
        return message_error(EXIT_CODE_USAGE, "at most %d methods are compared at a time", (int)MOST_METHODS);
    job->plans[job->n_plans++] = plan;
    return EXIT_CODE_OK;
}

/* All that this model can run without being told parameters. */
static int add_all(compare_job *job) {
    const char *name;
    for (int64_t i = 0; (name = sxt_plan_name(i, NULL)) != NULL; i++) {
        sxt_plan_info info;
        sxt_error error;
        if (sxt_plan_resolve(job->model, name, number_greatest(&job->options->lengths), &info, &error) ==
            SXT_OK) {
            int code = add_plan(job, name);
            if (code != EXIT_CODE_OK) return code;
        } else {
            message_note("%s is left out: %s", name, error.text);
        }
    }
    return EXIT_CODE_OK;
}

/* Plans between blanks or semicolons: their own parameters have commas. */
static int add_listed(compare_job *job, const char *list) {
    char *rest = job->split = must_allocate(strlen(list) + 1), *plan;
    memcpy(job->split, list, strlen(list) + 1);
    while ((plan = strsep(&rest, "; \t\n")) != NULL) {
        int code = EXIT_CODE_OK;
        if (strcmp(plan, "all") == 0)
            code = add_all(job);
        else if (*plan != '\0')
            code = add_plan(job, plan);
        if (code != EXIT_CODE_OK) return code;
    }
    return EXIT_CODE_OK;
}

/* Everything that can be refused is refused before the first window is read. */
static int choose_plans(compare_job *job) {
    const option_values *options = job->options;
    int code = EXIT_CODE_OK;
    for (int i = 0; i < options->n_plans && code == EXIT_CODE_OK; i++) code = add_plan(job, options->plans[i]);
    if (options->methods != NULL && code == EXIT_CODE_OK) code = add_listed(job, options->methods);
    if (options->methods != NULL && job->n_plans == 0 && code == EXIT_CODE_OK)
        return message_error(EXIT_CODE_USAGE,
                             "--methods names no method; give 'all' or some, as in 'none yarn'");
    if (job->n_plans == 0 && code == EXIT_CODE_OK) code = add_all(job);
    for (int i = 0; i < job->n_plans && code == EXIT_CODE_OK; i++) {
        sxt_plan_info info;
        sxt_error error;
        if (sxt_plan_resolve(job->model, job->plans[i], number_greatest(&options->lengths), &info, &error) !=
            SXT_OK)
            code = message_library_error(&error);
    }
    return code;
}

/* ---- One cell -------------------------------------------------------------------------------------------- */

static int score_text(compare_job *job, const char *plan, cell *c) {
    sxt_error error;
    for (int64_t k = 0; k < job->windows.n_windows; k++) {
        window_score score = {0};
        sxt_status status =
            plan_trial_window(&job->trial, plan, &job->windows, c->length, k, &score, &c->plan, &error);
        text_windows_add(&c->score, &score);
        if (status == SXT_E_CANCELLED) return EXIT_CODE_INTERRUPTED;
        if (status != SXT_OK) return message_library_error(&error);
    }
    return EXIT_CODE_OK;
}

static int find_keys(compare_job *job, const char *plan, cell *c) {
    int code = EXIT_CODE_OK;
    for (int64_t i = 0; i < job->keys.n && code == EXIT_CODE_OK; i++) {
        const passkey_item *item = &job->keys.list[i];
        bool right = false;
        if (item->length != c->length) continue;
        code = plan_trial_key(&job->trial, plan, item, &right, NULL);
        c->n_keys++;
        c->n_found += right;
    }
    return code;
}

static int measure(compare_job *job, const char *plan, cell *c) {
    int code = score_text(job, plan, c);
    return code == EXIT_CODE_OK ? find_keys(job, plan, c) : code;
}

/* ---- What comes out -------------------------------------------------------------------------------------- */

static void put_cell(json_document *rows, const char *asked, const cell *c) {
    json_document *row = document_object();
    document_put_text(row, "method", asked);
    document_put_integer(row, "length", c->length);
    document_put_text(row, "plan", c->plan.plan);
    document_put_real(row, "nll", c->score.nll / (double)c->score.n);
    document_put_real(row, "ppl", exp(c->score.nll / (double)c->score.n));
    document_put_real(row, "nll_last_quarter", c->score.late_nll / (double)c->score.n_late);
    document_put_real(row, "ppl_last_quarter", perplexity_late(c));
    document_put_integer(row, "trials", c->n_keys);
    if (c->n_keys > 0) document_put_real(row, "accuracy", found_share(c));
    document_put_flag(row, "within_limit", c->plan.within_limit);
    document_append(rows, row);
}

/* Plans have commas, so their texts are quoted. */
static void write_cell(FILE *csv, const char *asked, const cell *c) {
    fprintf(csv, "\"%s\",%lld,\"%s\",%.9g,%.9g,%.9g,%.9g,%lld,%lld,%s\n", asked, (long long)c->length,
            c->plan.plan, c->score.nll / (double)c->score.n, exp(c->score.nll / (double)c->score.n),
            c->score.late_nll / (double)c->score.n_late, perplexity_late(c), (long long)c->n_keys,
            (long long)c->n_found, c->plan.within_limit ? "true" : "false");
}

static void print_header(const compare_job *job) {
    printf("perplexity of the last quarter / share of %lld pass keys found; *: past the plan's limit\n%-44s",
           (long long)(job->keys.n / job->options->lengths.n), "method");
    for (int64_t i = 0; i < job->options->lengths.n; i++)
        printf(" %17lld", (long long)job->options->lengths.values[i]);
    printf("\n");
    fflush(stdout);
}

static void print_row(const compare_job *job, const char *asked, const cell *cells) {
    printf("%-44s", asked);
    for (int64_t i = 0; i < job->options->lengths.n; i++) {
        char text[48];
        snprintf(text, sizeof text, "%.2f / %.2f%s", perplexity_late(&cells[i]), found_share(&cells[i]),
                 cells[i].plan.within_limit ? " " : "*");
        printf(" %17s", text);
    }
    printf("\n");
    fflush(stdout);
}

static int open_csv(compare_job *job) {
    if (job->options->output == NULL) return EXIT_CODE_OK;
    int code = replaced_file_open(&job->csv, "-o", job->options->output);
    if (code != EXIT_CODE_OK) return code;
    fprintf(job->csv.stream,
            "method,length,plan,nll,ppl,nll_last_quarter,ppl_last_quarter,trials,found,within_limit\n");
    return EXIT_CODE_OK;
}

static int close_csv(compare_job *job) {
    return job->csv.stream == NULL ? EXIT_CODE_OK : replaced_file_commit(&job->csv);
}

/* ---- All of it ------------------------------------------------------------------------------------------- */

static int compare_method(compare_job *job, const char *plan, cell *cells) {
    const option_values *options = job->options;
    int code = EXIT_CODE_OK;
    for (int64_t i = 0; i < options->lengths.n && code == EXIT_CODE_OK; i++) {
        cells[i] = (cell){.length = options->lengths.values[i]};
        code = measure(job, plan, &cells[i]);
        if (code != EXIT_CODE_OK) break;
        if (job->rows != NULL) put_cell(job->rows, plan, &cells[i]);
        if (job->csv.stream != NULL) write_cell(job->csv.stream, plan, &cells[i]);
    }
    progress_end(&job->trial.line);
    if (code == EXIT_CODE_OK && job->rows == NULL) print_row(job, plan, cells);
    return code;
}

/* Ctrl-C keeps what is done. */
static int compare_all(compare_job *job) {
    const option_values *options = job->options;
    cell *cells = must_allocate((size_t)options->lengths.n * sizeof *cells);
    int code = open_csv(job);
    for (int64_t i = 0; i < options->lengths.n; i++)
        job->trial.n_total += options->lengths.values[i] * options->windows * job->n_plans;
    for (int64_t i = 0; i < job->keys.n; i++) job->trial.n_total += job->keys.list[i].length * job->n_plans;
    if (options->json)
        job->rows = document_array();
    else if (code == EXIT_CODE_OK)
        print_header(job);
    interrupt_watch(NULL);
    for (int i = 0; i < job->n_plans && code == EXIT_CODE_OK; i++)
        code = compare_method(job, job->plans[i], cells);
    interrupt_release();
    progress_end(&job->trial.line);
    bool kept = code == EXIT_CODE_OK || code == EXIT_CODE_INTERRUPTED;
    int written = kept ? close_csv(job) : EXIT_CODE_OK;
    if (job->rows != NULL && kept)
        document_print(job->rows);
    else if (job->rows != NULL)
        document_free(job->rows);
    free(cells);
    return code != EXIT_CODE_OK ? code : written;
}

/* The text itself surrounds the keys unless --filler names another one. */
static int make_keys(compare_job *job) {
    option_values with_filler = *job->options;
    if (with_filler.filler == NULL) with_filler.filler = with_filler.file;
    return passkey_items_make(&with_filler, job->model, INT64_MAX, &job->keys);
}

int command_compare(const option_values *options) {
    if (options->file == NULL) return message_error(EXIT_CODE_USAGE, "compare needs a text: -f FILE");
    if (options->lengths.n == 0)
        return message_error(EXIT_CODE_USAGE, "compare needs context lengths: --lengths N,N,...");
    compare_job job = {.options = options};
    sxt_model *model = NULL;
    int code = options->output != NULL ? replaced_file_check("-o", options->output) : EXIT_CODE_OK;
    if (code == EXIT_CODE_OK) code = model_open(options->model, false, &model);
    if (code != EXIT_CODE_OK) return code;
    job.model = model;
    job.trial = (plan_trial){.options = options, .model = model};
    code = text_windows_open(options, model, number_greatest(&options->lengths), &job.windows);
    if (code == EXIT_CODE_OK)
        code = choose_plans(&job); /* after what is refused whatever the plan: it leaves notes */
    if (code == EXIT_CODE_OK) code = make_keys(&job);
    job.trial.line = progress_start("comparing", "tokens");
    if (code == EXIT_CODE_OK) code = compare_all(&job);
    replaced_file_abort(&job.csv);
    text_windows_close(&job.windows);
    passkey_items_free(&job.keys);
    free(job.split);
    sxt_model_close(model);
    return code;
}
