/* A plan tried on one window of a text, or on one hidden key. Each trial has a session of its own: `auto`, and
 * what depends on the length, then decide from this text alone, and trials may come in any order. */
#ifndef SEXTANT_CLI_PLAN_TRIAL_H
#define SEXTANT_CLI_PLAN_TRIAL_H

#include "passkey_prompts.h"
#include "progress.h"
#include "text_windows.h"

/* What all trials of a command share. */
typedef struct plan_trial {
    const option_values *options;
    const sxt_model *model;
    progress line;
    int64_t n_done, n_total; /* tokens, for the progress */
} plan_trial;

/* Adds window k, of `length` tokens, to the score; `ran` (may be NULL): the plan that read it. Ctrl-C is
 * SXT_E_CANCELLED. */
sxt_status plan_trial_window(plan_trial *trial, const char *plan, const text_windows *windows, int64_t length,
                             int64_t k, window_score *score, sxt_plan_info *ran, sxt_error *error);

/* sxt_session_scan() of `tokens` (n_tokens). */
sxt_status plan_trial_scan(plan_trial *trial, const char *plan, const int32_t *tokens, int64_t n_tokens,
                           int64_t first_pos, sxt_logits_fn fn, void *user, sxt_error *error);

/* Whether the key is found; `ran` may be NULL. An exit code, after a message when not 0 (but for Ctrl-C). */
int plan_trial_key(plan_trial *trial, const char *plan, const passkey_item *item, bool *right,
                   sxt_plan_info *ran);

/* Reads `tokens` (n_tokens) at once and generates n_generate more, whatever they are: the seconds that either
 * took.
 */
sxt_status plan_trial_speed(plan_trial *trial, const char *plan, const int32_t *tokens, int64_t n_tokens,
                            int64_t n_generate, double *read_seconds, double *generate_seconds,
                            sxt_error *error);

#endif
