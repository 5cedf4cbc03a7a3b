/* What `report` works with: what it measures, cell by cell, and what it makes a page of. */
#ifndef SEXTANT_CLI_EVAL_REPORT_JOB_H
#define SEXTANT_CLI_EVAL_REPORT_JOB_H

#include "kept_short.h"
#include "kept_trial.h"
#include "needle_run.h"

#include <stdio.h>

/* A column for each length. */
enum { MOST_REPORT_LENGTHS = 60 };

/* Tokens per second, read and generated, measured once. */
typedef struct report_speed {
    bool is_done;
    double read, generated;
} report_speed;

typedef struct report_job {
    const option_values *options; /* its plans and lengths are in order, and there are some of each */
    const sxt_model *model;
    sxt_model_info info;
    text_windows windows;
    passkey_items keys;
    plan_trial trial;
    result_store *store;
    int n_plans;
    int64_t n_lengths, n_windows;

    kept_window *text;    /* (n_plans, n_lengths, n_windows) */
    kept_passkey *found;  /* (n_plans, keys.n) */
    report_speed *speeds; /* (n_plans, n_lengths) */
    bool *fits;           /* (n_plans, n_lengths): there is memory for that length */

    const char *short_plans[MAX_PLANS]; /* (n_short_plans): all but none */
    int n_short_plans;
    int64_t short_lengths[MOST_SHORT_LENGTHS];
    int64_t n_short_lengths;
    kept_short *shorts; /* (n_short_plans, n_short_lengths, n_windows) */
    short_trial reader;

    option_values needle_options; /* the report's, as the needle command would have them */
    needle_run needles;           /* options NULL: none are asked for */

    int64_t n_cells, n_done; /* of those that there is memory for, but for needles */
} report_job;

/* The first of n_windows windows of plan p at length l. */
kept_window *report_text_at(const report_job *job, int p, int64_t l);
kept_short *report_short_at(const report_job *job, int i_short, int64_t l);

/* Makes the prompts of --task, and takes over what the store holds of them. Exit codes, after a message when
 * not 0. */
int report_needles_prepare(report_job *job);
int report_needles_load(report_job *job);
/* Of those that there is memory for. */
void report_needles_count(const report_job *job, int64_t *n_prompts, int64_t *n_done);

/* Takes over what the store holds. An exit code, after a message when not 0. */
int report_load(report_job *job);
/* Measures what is not done; Ctrl-C ends it with EXIT_CODE_INTERRUPTED and no message. */
int report_measure(report_job *job);

/* The page, of all that is done; false with errno. `user` is a report_job. */
bool report_write_page(void *user, FILE *out);

/* The windows of a plan at a length, all that are done taken together; `within_limit` of all. */
kept_window report_text_sum(const report_job *job, int p, int64_t l);

#endif
