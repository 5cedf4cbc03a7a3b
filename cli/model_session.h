/* Opening what a command works with, from its options: the model, the plan, the session. */
#ifndef SEXTANT_CLI_MODEL_SESSION_H
#define SEXTANT_CLI_MODEL_SESSION_H

#include "options.h"
#include "progress.h"
#include "sextant.h"

/* `path` may be NULL: then an error tells that -m is missing. */
int model_open(const char *path, bool vocab_only, sxt_model **model);

/* The type of cache that a value of --kv names. */
sxt_type kv_type_named(const char *name);

/* The session parameters that the options ask for; n_ctx is -c, or `n_ctx` without it. */
sxt_session_params session_params(const option_values *options, const char *plan, int64_t n_ctx);

/* The plans that a measurement compares: --extend's, or `none`. */
int plan_count(const option_values *options);
const char *plan_at(const option_values *options, int i);

/* Checks the plan for a text of `length` tokens and warns when its limit, or a sliding window, hides part of
 * it. */
int plan_announce(const sxt_model *model, const char *plan, int64_t length, sxt_plan_info *info);
/* The same of a prompt of n_tokens and an answer of n_generate. */
int plan_announce_answer(const sxt_model *model, const char *plan, int64_t n_tokens, int64_t n_generate,
                         sxt_plan_info *info);

/* The longest context that the plan, or one that `auto` chooses, is good for; INT64_MAX: none is too long.
 * `info` (may be NULL) is of a text without end. */
sxt_status plan_reach(const sxt_model *model, const char *plan, int64_t *tokens, sxt_plan_info *info,
                      sxt_error *error);

/* Whether such a session keeps what it still sees alone, so that it costs the same for any n_ctx. */
bool plan_forgets(const sxt_model *model, const sxt_session_params *params);

/* Whether this machine has the memory for a session with these parameters now. An exit code, after a message
 * when not 0. */
int session_fits(const sxt_model *model, const sxt_session_params *params, bool *fits);

/* The same of a session for `length` tokens under a plan, found out by opening one: this process may be allowed
 * less than the machine has. */
int session_fits_length(const option_values *options, const sxt_model *model, const char *plan, int64_t length,
                        bool *fits);
/* A note that a length is not run under a plan (NULL: under any) for want of memory. */
void session_note_not_run(const char *plan, int64_t length);

/* Opens a session whose prompts report to `line` (may be NULL). */
int session_open(const sxt_model *model, const sxt_session_params *params, progress *line,
                 sxt_session **session);

#endif
