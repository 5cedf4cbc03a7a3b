/* Successive halving over the candidates, each item measured once and kept. */
#include "tune_job.h"

#include "exit_code.h"
#include "interrupt.h"
#include "message.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { BUDGET_WITHOUT_TEXT = 8 };

/* ---- Figures --------------------------------------------------------------------------------------------- */

double tune_surprise(const tune_result *result, int64_t n_windows) {
    double sum = 0;
    for (int64_t i = 0; i < n_windows; i++) sum += result->late_nll[i];
    return n_windows > 0 ? sum / (double)n_windows : NAN;
}

double tune_found(const tune_result *result, int64_t n_keys) {
    int64_t n = 0;
    for (int64_t i = 0; i < n_keys; i++) n += result->found[i];
    return n_keys > 0 ? (double)n / (double)n_keys : NAN;
}

double tune_loss(const tune_result *result, int64_t n_windows, int64_t n_keys) {
    double loss = 0;
    if (n_windows > 0) loss += tune_surprise(result, n_windows);
    if (n_keys > 0) loss += 1 - tune_found(result, n_keys);
    return loss;
}

static int64_t lesser(int64_t a, int64_t b) { return a < b ? a : b; }

tune_difference tune_against_auto(const tune_job *job, int64_t i) {
    const tune_result *own = &job->results[i], *other = &job->results[0];
    int64_t n_windows = lesser(own->n_windows, other->n_windows), n_keys = lesser(own->n_keys, other->n_keys);
    return (tune_difference){expm1(tune_surprise(own, n_windows) - tune_surprise(other, n_windows)),
                             tune_found(other, n_keys) - tune_found(own, n_keys)};
}

/* ---- One item -------------------------------------------------------------------------------------------- */

/* The search ends (job->code), or this candidate does (its `failed`). Returns false. */
static bool window_failed(tune_job *job, int64_t candidate, sxt_status status, const sxt_error *error) {
    progress_end(&job->trial.line);
    if (status == SXT_E_NUMERIC) {
        job->results[candidate].failed = true;
        message_note("%s is left out: %s", job->candidates.list[candidate].plan, error->text);
    } else {
        job->code = status == SXT_E_CANCELLED ? EXIT_CODE_INTERRUPTED : message_library_error(error);
    }
    return false;
}

/* Both: false when the search ends, or this candidate does. */
static bool measure_window(tune_job *job, int64_t candidate) {
    tune_result *result = &job->results[candidate];
    const int64_t target = job->options->target, k = halving_spread(result->n_windows, job->windows.n_windows);
    const char *plan = job->candidates.list[candidate].plan;
    kept_window w = {0};
    job->code = kept_window_load(job->store, plan, target, k, &w);
    if (w.is_done) job->trial.n_total -= target;
    if (!w.is_done && job->code == EXIT_CODE_OK) {
        sxt_plan_info ran;
        sxt_error error;
        sxt_status status =
            plan_trial_window(&job->trial, plan, &job->windows, target, k, &w.score, &ran, &error);
        if (status != SXT_OK) return window_failed(job, candidate, status, &error);
        job->code = kept_window_put(job->store, plan, target, k, &w.score, &ran);
    }
    if (job->code == EXIT_CODE_OK)
        result->late_nll[result->n_windows++] = w.score.late_nll / (double)w.score.n_late;
    return job->code == EXIT_CODE_OK;
}

static bool measure_key(tune_job *job, int64_t candidate) {
    tune_result *result = &job->results[candidate];
    const int64_t i = halving_spread(result->n_keys, job->keys.n);
    const passkey_item *item = &job->keys.list[i];
    const char *plan = job->candidates.list[candidate].plan;
    kept_passkey key = {0};
    job->code = kept_passkey_load(job->store, plan, item, i, &key);
    if (key.is_done) job->trial.n_total -= item->length;
    if (!key.is_done && job->code == EXIT_CODE_OK)
        job->code = kept_passkey_measure(&job->trial, job->store, plan, item, i, &key);
    if (job->code == EXIT_CODE_OK) result->found[result->n_keys++] = key.right;
    return job->code == EXIT_CODE_OK;
}

/* ---- The search ------------------------------------------------------------------------------------------ */

static int64_t full_budget(const tune_job *job) {
    return job->windows.n_windows > 0 ? job->windows.n_windows : BUDGET_WITHOUT_TEXT;
}

/* How many of n items a budget pays for; any budget for one. */
static int64_t share(const tune_job *job, int64_t n, int64_t budget) {
    int64_t full = full_budget(job);
    return (int64_t)ceil((double)n * (double)budget / (double)full);
}

static halving_answer measure(void *user, int64_t candidate, int64_t budget, double *loss) {
    tune_job *job = user;
    tune_result *result = &job->results[candidate];
    int64_t n_windows = share(job, job->windows.n_windows, budget), n_keys = share(job, job->keys.n, budget);
    bool good = true;
    while (good && result->n_windows < n_windows) good = !interrupted() && measure_window(job, candidate);
    while (good && result->n_keys < n_keys) good = !interrupted() && measure_key(job, candidate);
    if (interrupted() && job->code == EXIT_CODE_OK) job->code = EXIT_CODE_INTERRUPTED;
    if (job->code != EXIT_CODE_OK) return HALVING_STOPPED;
    *loss = result->failed ? NAN : tune_loss(result, n_windows, n_keys);
    return result->failed ? HALVING_FAILED : HALVING_MEASURED;
}

/* Tokens that the rounds will read when no candidate fails, and auto's plan is measured in full. */
static int64_t tokens_ahead(const tune_job *job) {
    halving_round rounds[HALVING_MOST_ROUNDS];
    int n_rounds = halving_rounds(job->candidates.n, full_budget(job), rounds);
    int64_t n_items = 0, before = 0, all = job->windows.n_windows + job->keys.n;
    for (int r = 0; r < n_rounds; r++) {
        int64_t items =
            share(job, job->windows.n_windows, rounds[r].budget) + share(job, job->keys.n, rounds[r].budget);
        n_items += rounds[r].n_candidates * (items - before);
        before = items;
    }
    return (n_items + all) * job->options->target;
}

int64_t tune_search(tune_job *job) {
    int64_t n = job->candidates.n;
    halving_entry *entries = must_allocate((size_t)n * sizeof *entries);
    double own = NAN, best = NAN;
    job->trial.n_total = tokens_ahead(job);
    interrupt_watch(NULL);
    int64_t chosen = halving_search(n, full_budget(job), measure, job, entries);
    /* auto's plan may have lost an early round by chance: nothing worse than it is ever chosen. */
    if (chosen > 0 && !job->results[0].failed) {
        best = entries[chosen].loss;
        halving_answer answer = measure(job, 0, full_budget(job), &own);
        if (answer == HALVING_STOPPED) chosen = -1;
        if (answer == HALVING_MEASURED && own <= best) chosen = 0;
    }
    interrupt_release();
    progress_end(&job->trial.line);
    free(entries);
    if (chosen == -2)
        job->code = message_error(EXIT_CODE_MODEL, "every plan failed on this model; see the notes above");
    else if (chosen < 0 && job->code == EXIT_CODE_OK)
        job->code = message_error(EXIT_CODE_FAILURE, "not enough memory for the search");
    return chosen < 0 ? -1 : chosen;
}
