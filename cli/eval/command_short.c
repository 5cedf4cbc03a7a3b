/* Does a plan harm short texts? Its predictions beside those of `none`, inside the trained window. */
#include "command.h"

#include "eval/prediction_change.h"
#include "exit_code.h"
#include "interrupt.h"
#include "json_document.h"
#include "message.h"
#include "model_session.h"
#include "plan_trial.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Up to here a plan is called harmless. */
static const double most_cost = 0.01, least_same = 0.90;

/* The logits of `none` that are held at a time: a long window of a large vocabulary is read in several turns.
 */
enum { MOST_ROW_BYTES = 512 << 20 };

/* A plan at one length. */
typedef struct short_row {
    int64_t length;
    prediction_change change;
    sxt_plan_info ran;
} short_row;

typedef struct short_job {
    const option_values *options;
    integer_list lengths;
    text_windows windows;
    plan_trial trial;
    short_row *rows;  /* (n_lengths, n_plans) */
    float *logits;    /* (most_positions, n_vocab): of `none` */
    int64_t n_usable; /* lengths that are done */
    int64_t most_positions;
} short_job;

static double cost(const short_row *r) {
    return expm1((r->change.nll_after - r->change.nll_before) / (double)r->change.n);
}
static double same_share(const short_row *r) { return (double)r->change.n_same / (double)r->change.n; }
static double perplexity(double nll, const short_row *r) { return exp(nll / (double)r->change.n); }

/* ---- Reading --------------------------------------------------------------------------------------------- */

/* Positions first ... first + n - 1 of a window, held or compared. */
typedef struct stretch {
    short_job *job;
    int64_t first, n, n_seen;
    prediction_change *change; /* NULL: the logits are held */
} stretch;

static bool take_position(void *user, int64_t pos, const float *logits) {
    stretch *s = user;
    const text_windows *windows = &s->job->windows;
    float *held = s->job->logits + (pos - s->first) * windows->n_vocab;
    if (s->change == NULL)
        memcpy(held, logits, (size_t)windows->n_vocab * sizeof *held);
    else
        prediction_change_add(s->change, held, logits, windows->n_vocab, windows->window[pos + 1]);
    return ++s->n_seen < s->n && !interrupted();
}

/* The plan is that of the whole window, whatever part of it is looked at. */
static int read_stretch(short_job *job, const char *plan, int64_t length, stretch s, sxt_plan_info *ran) {
    sxt_error error;
    int64_t before = job->trial.n_done;
    sxt_status status = plan_trial_scan(&job->trial, plan, job->windows.window, length, s.first, take_position,
                                        &s, ran, &error);
    job->trial.n_done = before + s.first + s.n;
    if (s.n_seen == s.n) return EXIT_CODE_OK; /* it was told to stop there */
    return status == SXT_E_CANCELLED ? EXIT_CODE_INTERRUPTED : message_library_error(&error);
}

/* One window under `none` and every plan; a row for each plan. */
static int read_window(short_job *job, int64_t length, int64_t k, short_row *rows) {
    int code = EXIT_CODE_OK;
    text_windows_fill(&job->windows, length, k);
    for (int64_t first = 0; first < length - 1 && code == EXIT_CODE_OK; first += job->most_positions) {
        int64_t left = length - 1 - first;
        stretch s = {.job = job, .first = first, .n = left < job->most_positions ? left : job->most_positions};
        code = read_stretch(job, "none", length, s, NULL);
        for (int i = 0; i < job->options->n_plans && code == EXIT_CODE_OK; i++) {
            s.change = &rows[i].change;
            code = read_stretch(job, job->options->plans[i], length, s, &rows[i].ran);
        }
    }
    return code;
}

/* ---- What comes out -------------------------------------------------------------------------------------- */

static void print_length(const short_job *job, const short_row *rows) {
    for (int i = 0; i < job->options->n_plans; i++) {
        const short_row *r = &rows[i];
        printf("%8lld  %-40s %10.3f %10.3f %+9.2f %% %9.1f %% %10.5f\n", (long long)r->length, r->ran.plan,
               perplexity(r->change.nll_before, r), perplexity(r->change.nll_after, r), 100 * cost(r),
               100 * same_share(r), r->change.divergence / (double)r->change.n);
    }
    fflush(stdout);
}

/* The worst of plan i at any length: what it costs and where, the fewest tokens that stay and where. */
typedef struct verdict {
    double cost, same;
    int64_t cost_length, same_length;
    bool is_harmless;
    char text[160];
} verdict;

static verdict judge(const short_job *job, int plan) {
    verdict v = {.cost = -INFINITY, .same = INFINITY};
    for (int64_t l = 0; l < job->n_usable; l++) {
        const short_row *r = &job->rows[l * job->options->n_plans + plan];
        if (cost(r) > v.cost) {
            v.cost = cost(r);
            v.cost_length = r->length;
        }
        if (same_share(r) < v.same) {
            v.same = same_share(r);
            v.same_length = r->length;
        }
    }
    v.is_harmless = v.cost <= most_cost && v.same >= least_same;
    if (v.is_harmless)
        snprintf(v.text, sizeof v.text,
                 "harmless (perplexity %+.2f %% at most, %.1f %% of next tokens the same)", 100 * v.cost,
                 100 * v.same);
    else if (v.cost > most_cost)
        snprintf(v.text, sizeof v.text,
                 "costs %.1f %% perplexity at %lld tokens (%.1f %% of next tokens the same)", 100 * v.cost,
                 (long long)v.cost_length, 100 * v.same);
    else
        snprintf(v.text, sizeof v.text,
                 "changes %.1f %% of next tokens at %lld tokens (perplexity %+.2f %% at most)",
                 100 * (1 - v.same), (long long)v.same_length, 100 * v.cost);
    return v;
}

static void print_verdicts(const short_job *job) {
    for (int i = 0; i < job->options->n_plans; i++)
        printf("%s: %s\n", job->options->plans[i], judge(job, i).text);
}

static json_document *row_document(const short_row *r) {
    json_document *row = document_object();
    document_put_integer(row, "length", r->length);
    document_put_text(row, "plan", r->ran.plan);
    document_put_integer(row, "positions", r->change.n);
    document_put_real(row, "ppl_none", perplexity(r->change.nll_before, r));
    document_put_real(row, "ppl", perplexity(r->change.nll_after, r));
    document_put_real(row, "cost", cost(r));
    document_put_real(row, "same_token", same_share(r));
    document_put_real(row, "kl", r->change.divergence / (double)r->change.n);
    return row;
}

static void print_document(const short_job *job) {
    json_document *plans = document_array();
    for (int i = 0; i < job->options->n_plans; i++) {
        json_document *plan = document_object(), *rows = document_array();
        document_put_text(plan, "asked", job->options->plans[i]);
        if (job->n_usable > 0) {
            verdict v = judge(job, i);
            document_put_flag(plan, "harmless", v.is_harmless);
            document_put_text(plan, "verdict", v.text);
        }
        for (int64_t l = 0; l < job->n_usable; l++)
            document_append(rows, row_document(&job->rows[l * job->options->n_plans + i]));
        document_put(plan, "rows", rows);
        document_append(plans, plan);
    }
    document_print(plans);
}

/* ---- All of it ------------------------------------------------------------------------------------------- */

/* A quarter, a half and all of the trained window, unless --lengths says otherwise. */
static int choose_lengths(short_job *job, int64_t trained) {
    const integer_list *given = &job->options->lengths;
    job->lengths.values = must_allocate((size_t)(given->n + 3) * sizeof(int64_t));
    for (int64_t parts = 4; parts > 0 && given->n == 0; parts /= 2)
        if (trained / parts >= 2) job->lengths.values[job->lengths.n++] = trained / parts;
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
    int64_t row_bytes = (int64_t)info.n_vocab * (int64_t)sizeof(float);
    job->most_positions = MOST_ROW_BYTES / row_bytes > 0 ? MOST_ROW_BYTES / row_bytes : 1;
    if (job->most_positions > longest) job->most_positions = longest;
    job->logits = must_allocate((size_t)(job->most_positions * row_bytes));
    job->rows = must_allocate((size_t)(job->lengths.n * options->n_plans) * sizeof *job->rows);
    for (int64_t l = 0; l < job->lengths.n; l++)
        for (int64_t end = 0, last = job->lengths.values[l] - 1; end < last;) {
            end = last - end < job->most_positions ? last : end + job->most_positions;
            job->trial.n_total += end * options->windows * (options->n_plans + 1);
        }
    return EXIT_CODE_OK;
}

static int read_length(short_job *job, int64_t length, short_row *rows) {
    int code = EXIT_CODE_OK;
    for (int i = 0; i < job->options->n_plans; i++) rows[i] = (short_row){.length = length};
    for (int64_t k = 0; k < job->options->windows && code == EXIT_CODE_OK; k++)
        code = read_window(job, length, k, rows);
    progress_end(&job->trial.line);
    return code;
}

/* Ctrl-C keeps the lengths that are done. */
static int read_all(short_job *job) {
    bool table = !job->options->json;
    int code = EXIT_CODE_OK;
    if (table) {
        printf("%8s  %-40s %10s %10s %11s %11s %10s\n", "length", "plan", "ppl_none", "ppl", "cost",
               "same_token", "kl");
        fflush(stdout);
    }
    interrupt_watch(NULL);
    for (int64_t l = 0; l < job->lengths.n && code == EXIT_CODE_OK; l++) {
        short_row *rows = &job->rows[l * job->options->n_plans];
        code = read_length(job, job->lengths.values[l], rows);
        if (code == EXIT_CODE_OK) job->n_usable++;
        if (code == EXIT_CODE_OK && table) print_length(job, rows);
    }
    interrupt_release();
    if (table && code == EXIT_CODE_OK) print_verdicts(job);
    if (!table && (code == EXIT_CODE_OK || code == EXIT_CODE_INTERRUPTED)) print_document(job);
    return code;
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
    if (code == EXIT_CODE_OK) code = read_all(&job);
    progress_end(&job.trial.line);
    text_windows_close(&job.windows);
    free(job.lengths.values);
    free(job.logits);
    free(job.rows);
    sxt_model_close(model);
    return code;
}
