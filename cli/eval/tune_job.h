/* What `tune` works with: its candidates, and what was measured of each. */
#ifndef SEXTANT_CLI_TUNE_JOB_H
#define SEXTANT_CLI_TUNE_JOB_H

#include "eval/halving.h"
#include "kept_trial.h"
#include "tune_candidates.h"

/* What was measured of one candidate: the first n_windows windows and n_keys keys in the order of
 * halving_spread(). */
typedef struct tune_result {
    double *late_nll; /* (n_windows of the job): mean surprise over a window's last quarter, in nats */
    bool *found;      /* (n_keys of the job) */
    int64_t n_windows, n_keys;
    bool failed;
} tune_result;

typedef struct tune_job {
    const option_values *options;
    sxt_model_info info;
    tune_candidates candidates;
    tune_result *results; /* (candidates.n) */
    text_windows windows; /* n_windows 0: no text was given */
    passkey_items keys;
    plan_trial trial;
    result_store *store; /* NULL: nothing is kept */
    int code;            /* the exit code that ended the search early */
} tune_job;

/* The mean surprise over the first n_windows (at most those that were measured) and the share of the first
 * n_keys keys that were found; NaN where there are none. */
double tune_surprise(const tune_result *result, int64_t n_windows);
double tune_found(const tune_result *result, int64_t n_keys);
/* What the search minimises: surprise plus the share of keys that were missed. */
double tune_loss(const tune_result *result, int64_t n_windows, int64_t n_keys);

/* What candidate i costs more than auto's, over what was measured of both: relative perplexity, and the share
 * of keys that it misses and auto's finds. NaN where there is nothing to compare. */
typedef struct tune_difference {
    double perplexity, keys;
} tune_difference;
tune_difference tune_against_auto(const tune_job *job, int64_t i);

/* Opens the store beside the preset. */
int tune_store_open(tune_job *job);

/* Searches; the chosen candidate, or -1 with job->code. */
int64_t tune_search(tune_job *job);

/* The table or the JSON document; chosen -1: the search was stopped. */
void tune_report(const tune_job *job, int64_t chosen);

/* --picture: refused before anything is measured, and drawn. */
int tune_picture_check(const tune_job *job);
int tune_picture_save(const tune_job *job);

#endif
