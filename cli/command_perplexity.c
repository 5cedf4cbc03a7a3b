#include "command.h"

#include "exit_code.h"
#include "interrupt.h"
#include "json_document.h"
#include "message.h"
#include "model_session.h"
#include "prompt.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What is measured, and how far it is. */
typedef struct perplexity_job {
    const option_values *options;
    const sxt_model *model;
    sxt_model_info info;
    token_list text;     /* the file, without BOS */
    int64_t n_bos;       /* 1 where the model adds BOS, else 0 */
    int32_t *window;     /* (length): the tokens of the window being read */
    json_document *rows; /* NULL: a table */
    progress line;
    int64_t n_done, n_total; /* tokens, for the progress */
    bool has_header;         /* the table's first line is out */
} perplexity_job;

/* Sums over the windows of one row. */
typedef struct score {
    const int32_t *tokens; /* (n_tokens) */
    int64_t n_tokens;
    int64_t first_late; /* first target position of the last quarter */
    int32_t n_vocab;
    double nll, late_nll;
    int64_t n, n_late;
} score;

/* -ln softmax(logits)[target], in double. */
static double surprise(const float *logits, int32_t n_vocab, int32_t target) {
    double largest = logits[0], sum = 0;
    for (int32_t i = 1; i < n_vocab; i++)
        if (logits[i] > largest) largest = logits[i];
    for (int32_t i = 0; i < n_vocab; i++) sum += exp(logits[i] - largest);
    return log(sum) + largest - logits[target];
}

static bool add_prediction(void *user, int64_t pos, const float *logits) {
    score *s = user;
    int64_t target = pos + 1;
    if (target >= s->n_tokens) return !interrupted();
    double nll = surprise(logits, s->n_vocab, s->tokens[target]);
    s->nll += nll;
    s->n++;
    if (target >= s->first_late) {
        s->late_nll += nll;
        s->n_late++;
    }
    return !interrupted();
}

static bool report(void *user, int64_t n_read, int64_t n_total) {
    perplexity_job *job = user;
    (void)n_total;
    return progress_report(&job->line, job->n_done + n_read, job->n_total);
}

/* Window k of K: BOS where the model adds it, then tokens from floor(k * (n - (T - b)) / max(1, K - 1)). */
static void fill_window(const perplexity_job *job, int64_t length, int64_t k) {
    int64_t n_text = length - job->n_bos, n_windows = job->options->windows;
    int64_t last_start = job->text.n - n_text, steps = n_windows > 1 ? n_windows - 1 : 1;
    int64_t start = k * last_start / steps;
    if (job->n_bos == 1) job->window[0] = job->info.bos_id;
    memcpy(job->window + job->n_bos, job->text.ids + start, (size_t)n_text * sizeof *job->window);
}

static void print_row(perplexity_job *job, int64_t length, const sxt_plan_info *plan, const score *s) {
    double nll = s->nll / (double)s->n, late = s->late_nll / (double)s->n_late;
    bool is_auto = strcmp(plan->asked, plan->plan) != 0 && strcmp(plan->asked, "auto") == 0;
    if (job->rows == NULL) {
        if (!job->has_header)
            printf("%8s  %-40s %7s %9s %10s %16s %16s  %s\n", "length", "plan", "windows", "nll", "ppl",
                   "nll_last_quarter", "ppl_last_quarter", "within_limit");
        job->has_header = true;
        char name[128];
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

static int measure(perplexity_job *job, sxt_session *session, int64_t length) {
    sxt_error error;
    sxt_plan_info plan;
    score s = {
        .tokens = job->window, .n_tokens = length, .first_late = 3 * length / 4, .n_vocab = job->info.n_vocab};
    for (int64_t k = 0; k < job->options->windows; k++) {
        fill_window(job, length, k);
        sxt_status status = sxt_session_scan(session, job->window, length, 0, add_prediction, &s, &error);
        if (status != SXT_OK) progress_end(&job->line);
        if (status == SXT_E_CANCELLED) return EXIT_CODE_INTERRUPTED;
        if (status != SXT_OK) return message_library_error(&error);
        job->n_done += length;
    }
    sxt_session_plan(session, &plan);
    progress_end(&job->line);
    print_row(job, length, &plan, &s);
    return EXIT_CODE_OK;
}

/* A fresh session for each row: `auto` then decides from the length alone. */
static int measure_row(perplexity_job *job, const char *plan, int64_t length) {
    sxt_session *session = NULL;
    sxt_session_params params = session_params(job->options, plan, length);
    params.progress = report;
    params.progress_user = job;
    int code = session_open(job->model, &params, NULL, &session);
    if (code == EXIT_CODE_OK) {
        interrupt_watch(session);
        code = measure(job, session, length);
        interrupt_watch(NULL);
    }
    sxt_session_free(session);
    return code;
}

static int64_t longest(const integer_list *lengths) {
    int64_t most = 0;
    for (int64_t i = 0; i < lengths->n; i++)
        if (lengths->values[i] > most) most = lengths->values[i];
    return most;
}

/* Everything that can be refused is refused before the first window is read. */
static int check(const perplexity_job *job) {
    const option_values *options = job->options;
    int64_t most = longest(&options->lengths);
    sxt_plan_info plan;
    if (most - job->n_bos > job->text.n)
        return message_error(
            EXIT_CODE_USAGE,
            "-f %s has %lld tokens; a window of %lld needs %lld: give shorter --lengths or a longer "
            "file",
            options->file, (long long)job->text.n, (long long)most, (long long)(most - job->n_bos));
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
    job->window = must_allocate((size_t)longest(&options->lengths) * sizeof *job->window);
    if (options->json) job->rows = document_array();
    interrupt_watch(NULL);
    for (int64_t l = 0; l < options->lengths.n && code == EXIT_CODE_OK; l++)
        for (int i = 0; i < plan_count(options) && code == EXIT_CODE_OK; i++)
            code = measure_row(job, plan_at(options, i), options->lengths.values[l]);
    interrupt_release();
    bool complete = code == EXIT_CODE_OK || code == EXIT_CODE_INTERRUPTED;
    if (job->rows != NULL && complete)
        document_print(job->rows);
    else if (job->rows != NULL)
        document_free(job->rows);
    return code;
}

static int read_text(perplexity_job *job) {
    const option_values *options = job->options;
    text_buffer text = {0};
    int code = prompt_text(options, &text);
    if (code == EXIT_CODE_OK)
        code = prompt_tokens(job->model, text.bytes, text.n_bytes, true, false, &job->text);
    text_buffer_free(&text);
    return code;
}

int command_perplexity(const option_values *options) {
    if (options->file == NULL) return message_error(EXIT_CODE_USAGE, "perplexity needs a text: -f FILE");
    if (options->lengths.n == 0)
        return message_error(EXIT_CODE_USAGE, "perplexity needs window lengths: --lengths N,N,...");
    perplexity_job job = {.options = options};
    sxt_model *model = NULL;
    int code = model_open(options->model, false, &model);
    if (code != EXIT_CODE_OK) return code;
    job.model = model;
    sxt_model_describe(model, &job.info);
    job.n_bos = job.info.add_bos && job.info.bos_id >= 0 && !options->no_bos ? 1 : 0;
    code = read_text(&job);
    job.line = progress_start("scoring", "tokens");
    if (code == EXIT_CODE_OK) code = measure_all(&job);
    progress_end(&job.line);
    free(job.window);
    sxt_free(job.text.ids);
    sxt_model_close(model);
    return code;
}
