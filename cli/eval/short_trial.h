/* Does a plan harm short texts? Its predictions beside those of `none`, window by window, and the verdict. */
#ifndef SEXTANT_CLI_EVAL_SHORT_TRIAL_H
#define SEXTANT_CLI_EVAL_SHORT_TRIAL_H

#include "eval/prediction_change.h"
#include "plan_trial.h"

/* A plan at one length. */
typedef struct short_row {
    int64_t length;
    prediction_change change;
} short_row;

/* What the plan's perplexity is above that of `none`, as a share of it; the share of likeliest tokens that
 * stay.
 */
double short_row_cost(const short_row *row);
double short_row_same_share(const short_row *row);
double short_row_perplexity(double nll, const short_row *row);

/* What reads windows: `none` first, whose logits are held, then each plan. */
typedef struct short_trial {
    plan_trial *trial;
    const text_windows *windows;
    const char *const *plans; /* (n_plans) */
    int n_plans;
    float *logits; /* (most_positions, n_vocab): of `none` */
    int64_t most_positions;
    int32_t n_vocab;
} short_trial;

/* For windows of up to `longest` tokens. */
short_trial short_trial_begin(plan_trial *trial, const text_windows *windows, const char *const *plans,
                              int n_plans, int64_t longest);
void short_trial_end(short_trial *reader);

/* A quarter, a half and all of the trained window, those of at least two tokens; returns how many. */
enum { MOST_SHORT_LENGTHS = 3 };
int64_t short_trial_lengths(int64_t trained_window, int64_t lengths[MOST_SHORT_LENGTHS]);

/* Tokens that one window of this length takes, for the progress. */
int64_t short_trial_tokens(const short_trial *reader, int64_t length);

/* Adds window k to changes (n_plans). An exit code, after a message when not 0 (but for Ctrl-C). */
int short_trial_window(const short_trial *reader, int64_t length, int64_t k, prediction_change *changes);

/* The worst of a plan at any length: what it costs and where, the fewest tokens that stay and where. */
typedef struct short_verdict {
    double cost, same;
    int64_t cost_length, same_length;
    bool is_harmless;
    char text[160];
} short_verdict;

/* rows[0], rows[stride], ...: n_rows of one plan, at least one. */
short_verdict short_trial_judge(const short_row *rows, int64_t n_rows, int stride);

#endif
