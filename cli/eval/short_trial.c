#include "short_trial.h"

#include "exit_code.h"
#include "interrupt.h"
#include "message.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Up to here a plan is called harmless. */
static const double most_cost = 0.01, least_same = 0.90;

/* The logits of `none` that are held at a time: a long window of a large vocabulary is read in several turns.
 */
enum { MOST_ROW_BYTES = 512 << 20 };

double short_row_cost(const short_row *r) {
    return expm1((r->change.nll_after - r->change.nll_before) / (double)r->change.n);
}
double short_row_same_share(const short_row *r) { return (double)r->change.n_same / (double)r->change.n; }
double short_row_perplexity(double nll, const short_row *r) { return exp(nll / (double)r->change.n); }

short_trial short_trial_begin(plan_trial *trial, const text_windows *windows, const char *const *plans,
                              int n_plans, int64_t longest) {
    short_trial reader = {.trial = trial, .windows = windows, .plans = plans, .n_plans = n_plans};
    reader.n_vocab = windows->n_vocab;
    int64_t row_bytes = (int64_t)reader.n_vocab * (int64_t)sizeof(float);
    reader.most_positions = MOST_ROW_BYTES / row_bytes > 0 ? MOST_ROW_BYTES / row_bytes : 1;
    if (reader.most_positions > longest) reader.most_positions = longest;
    reader.logits = must_allocate((size_t)(reader.most_positions * row_bytes));
    return reader;
}

void short_trial_end(short_trial *reader) {
    free(reader->logits);
    *reader = (short_trial){0};
}

int64_t short_trial_lengths(int64_t trained_window, int64_t lengths[MOST_SHORT_LENGTHS]) {
    int64_t n = 0;
    for (int64_t parts = 4; parts > 0; parts /= 2)
        if (trained_window / parts >= 2) lengths[n++] = trained_window / parts;
    return n;
}

int64_t short_trial_tokens(const short_trial *reader, int64_t length) {
    int64_t n = 0;
    for (int64_t end = 0, last = length - 1; end < last;) {
        end = last - end < reader->most_positions ? last : end + reader->most_positions;
        n += end;
    }
    return n * (reader->n_plans + 1);
}

/* ---- Reading --------------------------------------------------------------------------------------------- */

/* Positions first ... first + n - 1 of a window, held or compared. */
typedef struct stretch {
    const short_trial *reader;
    int64_t first, n, n_seen;
    prediction_change *change; /* NULL: the logits are held */
} stretch;

static bool take_position(void *user, int64_t pos, const float *logits) {
    stretch *s = user;
    const short_trial *reader = s->reader;
    float *held = reader->logits + (pos - s->first) * reader->n_vocab;
    if (s->change == NULL)
        memcpy(held, logits, (size_t)reader->n_vocab * sizeof *held);
    else
        prediction_change_add(s->change, held, logits, reader->n_vocab, reader->windows->window[pos + 1]);
    return ++s->n_seen < s->n && !interrupted();
}

/* The plan is that of the whole window, whatever part of it is looked at. */
static int read_stretch(const char *plan, int64_t length, stretch s) {
    sxt_error error;
    plan_trial *trial = s.reader->trial;
    int64_t before = trial->n_done;
    sxt_status status =
        plan_trial_scan(trial, plan, s.reader->windows->window, length, s.first, take_position, &s, &error);
    trial->n_done = before + s.first + s.n;
    if (s.n_seen == s.n) return EXIT_CODE_OK; /* it was told to stop there */
    return status == SXT_E_CANCELLED ? EXIT_CODE_INTERRUPTED : message_library_error(&error);
}

int short_trial_window(const short_trial *reader, int64_t length, int64_t k, prediction_change *changes) {
    int code = EXIT_CODE_OK;
    text_windows_fill(reader->windows, length, k);
    for (int64_t first = 0; first < length - 1 && code == EXIT_CODE_OK; first += reader->most_positions) {
        int64_t left = length - 1 - first;
        stretch s = {.reader = reader,
                     .first = first,
                     .n = left < reader->most_positions ? left : reader->most_positions};
        code = read_stretch("none", length, s);
        for (int i = 0; i < reader->n_plans && code == EXIT_CODE_OK; i++) {
            s.change = &changes[i];
            code = read_stretch(reader->plans[i], length, s);
        }
    }
    return code;
}

/* ---- The verdict ----------------------------------------------------------------------------------------- */

short_verdict short_trial_judge(const short_row *rows, int64_t n_rows, int stride) {
    short_verdict v = {.cost = -INFINITY, .same = INFINITY};
    for (int64_t i = 0; i < n_rows; i++) {
        const short_row *r = &rows[i * stride];
        if (short_row_cost(r) > v.cost) {
            v.cost = short_row_cost(r);
            v.cost_length = r->length;
        }
        if (short_row_same_share(r) < v.same) {
            v.same = short_row_same_share(r);
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
