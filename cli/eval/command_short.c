/* Does a plan harm short texts? Its predictions beside those of `none`, inside the trained window. */
#include "command.h"

#include "exit_code.h"
#include "interrupt.h"
#include "json_document.h"
#include "kept_short.h"
#include "kept_trial.h"
#include "message.h"
#include "model_session.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct short_job {
    const option_values *options;
    integer_list lengths;
    text_windows windows;
    plan_trial trial;
    short_trial reader;
    result_store *store;
    short_row *rows;  /* (n_lengths, n_plans) */
    int64_t n_usable; /* lengths that are done */
} short_job;

static short_verdict judge(const short_job *job, int plan) {
    return short_trial_judge(job->rows + plan, job->n_usable, job->options->n_plans);
}

/* ---- What comes out -------------------------------------------------------------------------------------- */

/* What runs at this length: what `auto` chooses. */
static sxt_plan_info plan_of(const short_job *job, int i, int64_t length) {
    sxt_plan_info plan = {0};
    sxt_plan_resolve(job->trial.model, job->options->plans[i], length, &plan, NULL);
    return plan;
}

static void print_header(void) {
    printf("%8s  %-40s %10s %10s %11s %11s %10s\n", "length", "plan", "ppl_none", "ppl", "cost", "same_token",
           "kl");
}

static void print_length(const short_job *job, const short_row *rows) {
    for (int i = 0; i < job->options->n_plans; i++) {
        const short_row *r = &rows[i];
        const sxt_plan_info plan = plan_of(job, i, r->length);
        printf("%8lld  %-40s %10.3f %10.3f %+9.2f %% %9.1f %% %10.5f\n", (long long)r->length, plan.plan,
               short_row_perplexity(r->change.nll_before, r), short_row_perplexity(r->change.nll_after, r),
               100 * short_row_cost(r), 100 * short_row_same_share(r),
               r->change.divergence / (double)r->change.n);
    }
    fflush(stdout);
}

static void print_verdicts(const short_job *job) {
    for (int i = 0; i < job->options->n_plans; i++)
        printf("%s: %s\n", job->options->plans[i], judge(job, i).text);
}

static json_document *row_document(const short_job *job, int i, const short_row *r) {
    json_document *row = document_object();
    const sxt_plan_info plan = plan_of(job, i, r->length);
    document_put_integer(row, "length", r->length);
    document_put_text(row, "plan", plan.plan);
    document_put_integer(row, "positions", r->change.n);
    document_put_real(row, "ppl_none", short_row_perplexity(r->change.nll_before, r));
    document_put_real(row, "ppl", short_row_perplexity(r->change.nll_after, r));
    document_put_real(row, "cost", short_row_cost(r));
    document_put_real(row, "same_token", short_row_same_share(r));
    document_put_real(row, "kl", r->change.divergence / (double)r->change.n);
    return row;
}

static json_document *make_document(const short_job *job) {
    json_document *plans = document_array();
    for (int i = 0; i < job->options->n_plans; i++) {
        json_document *plan = document_object(), *rows = document_array();
        document_put_text(plan, "asked", job->options->plans[i]);
        if (job->n_usable > 0) {
            short_verdict v = judge(job, i);
            document_put_flag(plan, "harmless", v.is_harmless);
            document_put_text(plan, "verdict", v.text);
        }
        for (int64_t l = 0; l < job->n_usable; l++)
            document_append(rows, row_document(job, i, &job->rows[l * job->options->n_plans + i]));
        document_put(plan, "rows", rows);
        document_append(plans, plan);
    }
    return plans;
}

/* ---- All of it ------------------------------------------------------------------------------------------- */

/* A quarter, a half and all of the trained window, unless --lengths says otherwise. */
static int choose_lengths(short_job *job, int64_t trained) {
    const integer_list *given = &job->options->lengths;
    job->lengths.values = must_allocate((size_t)(given->n + MOST_SHORT_LENGTHS) * sizeof(int64_t));
    if (given->n == 0) job->lengths.n = short_trial_lengths(trained, job->lengths.values);
    for (int64_t i = 0; i < given->n; i++) job->lengths.values[job->lengths.n++] = given->values[i];
    int64_t longest = number_greatest(&job->lengths);
    if (longest > trained)
        return message_error(
            EXIT_CODE_USAGE,
            "--lengths goes up to %lld, past the trained window of %lld, where none is no yardstick; "
            "give up to %lld, or see 'sextant compare'",
            (long long)longest, (long long)trained, (long long)trained);
    if (job->options->ctx > 0 && job->options->ctx < longest)
        return message_error(EXIT_CODE_USAGE, "the longest window has %lld tokens and -c is %lld; leave -c out",
                             (long long)longest, (long long)job->options->ctx);
    return EXIT_CODE_OK;
}

/* Everything that can be refused is refused before the first window is read. */
static int prepare(short_job *job) {
    const option_values *options = job->options;
    sxt_model_info info;
    sxt_plan_info plan;
    sxt_model_describe(job->trial.model, &info);
    int code = choose_lengths(job, info.n_ctx_train);
    int64_t longest = number_greatest(&job->lengths);
    if (code == EXIT_CODE_OK) code = text_windows_open(options, job->trial.model, longest, &job->windows);
    for (int i = 0; i < options->n_plans && code == EXIT_CODE_OK; i++)
        code = plan_announce(job->trial.model, options->plans[i], longest, &plan);
    if (code != EXIT_CODE_OK) return code;
    job->reader = short_trial_begin(&job->trial, &job->windows, options->plans, options->n_plans, longest);
    job->rows = must_allocate((size_t)(job->lengths.n * options->n_plans) * sizeof *job->rows);
    for (int64_t l = 0; l < job->lengths.n; l++)
        job->trial.n_total += short_trial_tokens(&job->reader, job->lengths.values[l]) * options->windows;
    return EXIT_CODE_OK;
}

static int open_store(short_job *job) {
    kept_facts facts;
    kept_facts_of_text(&job->windows, &facts);
    const result_fact list[] = {{"windows", facts.windows}, {"text", facts.text}};
    return output_folder_open(job->options, job->trial.model, "short", list, (int)(sizeof list / sizeof *list),
                              &job->store);
}

/* `none` is read once for all plans: a window is kept for all of them or measured for all. */
static int take_window(short_job *job, int64_t length, int64_t k, kept_short *windows) {
    int code = EXIT_CODE_OK;
    bool is_done = true;
    for (int i = 0; i < job->options->n_plans && code == EXIT_CODE_OK; i++) {
        code = kept_short_load(job->store, job->options->plans[i], length, k, &windows[i]);
        is_done = is_done && windows[i].is_done;
    }
    if (is_done) job->trial.n_total -= short_trial_tokens(&job->reader, length);
    if (is_done || code != EXIT_CODE_OK) return code;
    return kept_short_measure(&job->reader, job->store, length, k, windows);
}

static int read_length(short_job *job, int64_t length, short_row *rows) {
    kept_short windows[MAX_PLANS];
    int code = EXIT_CODE_OK;
    for (int i = 0; i < job->options->n_plans; i++) rows[i] = (short_row){.length = length};
    for (int64_t k = 0; k < job->options->windows && code == EXIT_CODE_OK; k++) {
        code = take_window(job, length, k, windows);
        for (int i = 0; i < job->options->n_plans && code == EXIT_CODE_OK; i++)
            prediction_change_join(&rows[i].change, &windows[i].change);
    }
    progress_end(&job->trial.line);
    return code;
}

static int read_all(short_job *job) {
    bool table = !job->options->json;
    int code = EXIT_CODE_OK;
    interrupt_watch(NULL);
    for (int64_t l = 0; l < job->lengths.n && code == EXIT_CODE_OK; l++) {
        short_row *rows = &job->rows[l * job->options->n_plans];
        code = read_length(job, job->lengths.values[l], rows);
        if (code == EXIT_CODE_OK) job->n_usable++;
        if (code == EXIT_CODE_OK && table && l == 0) print_header();
        if (code == EXIT_CODE_OK && table) print_length(job, rows);
    }
    interrupt_release();
    return code;
}

/* Ctrl-C keeps the lengths that are done. */
static int run(short_job *job) {
    int code = read_all(job), told = EXIT_CODE_OK;
    if (code != EXIT_CODE_OK && code != EXIT_CODE_INTERRUPTED) return code;
    json_document *document = make_document(job);
    if (!job->options->json && code == EXIT_CODE_OK) print_verdicts(job);
    told = output_folder_write_document(job->options, "short.json", document);
    if (code == EXIT_CODE_INTERRUPTED) output_folder_note_stop(job->options);
    if (job->options->json)
        document_print(document);
    else
        document_free(document);
    return code == EXIT_CODE_OK ? told : code;
}

int command_short(const option_values *options) {
    if (options->file == NULL) return message_error(EXIT_CODE_USAGE, "short needs a text: -f FILE");
    if (options->n_plans == 0)
        return message_error(EXIT_CODE_USAGE, "short needs a plan to hold against none: --extend PLAN");
    short_job job = {.options = options};
    sxt_model *model = NULL;
    int code = model_open(options->model, false, &model);
    if (code != EXIT_CODE_OK) return code;
    job.trial = (plan_trial){.options = options, .model = model, .line = progress_start("reading", "tokens")};
    code = prepare(&job);
    if (code == EXIT_CODE_OK) code = open_store(&job);
    if (code == EXIT_CODE_OK) code = run(&job);
    output_folder_close(job.store);
    text_windows_close(&job.windows);
    free(job.lengths.values);
    short_trial_end(&job.reader);
    free(job.rows);
    sxt_model_close(model);
    return code;
}
