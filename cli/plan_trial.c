#include "plan_trial.h"

#include "exit_code.h"
#include "interrupt.h"
#include "message.h"
#include "model_session.h"

static bool report(void *user, int64_t n_read, int64_t n_total) {
    plan_trial *trial = user;
    (void)n_total;
    return progress_report(&trial->line, trial->n_done + n_read, trial->n_total);
}

static sxt_status open_fresh(plan_trial *trial, const char *plan, int64_t n_ctx, sxt_session **session,
                             sxt_error *error) {
    sxt_session_params params = session_params(trial->options, plan, n_ctx);
    params.progress = report;
    params.progress_user = trial;
    sxt_status status = sxt_session_new(trial->model, &params, session, error);
    interrupt_watch(*session);
    return status;
}

static void close_session(sxt_session *session) {
    interrupt_watch(NULL);
    sxt_session_free(session);
}

sxt_status plan_trial_window(plan_trial *trial, const char *plan, const text_windows *windows, int64_t length,
                             int64_t k, window_score *score, sxt_plan_info *ran, sxt_error *error) {
    sxt_session *session = NULL;
    sxt_status status = open_fresh(trial, plan, length, &session, error);
    if (status == SXT_OK) status = text_windows_score(windows, session, length, k, score, error);
    if (status == SXT_OK && ran != NULL) sxt_session_plan(session, ran);
    close_session(session);
    trial->n_done += length;
    return status;
}

sxt_status plan_trial_scan(plan_trial *trial, const char *plan, const int32_t *tokens, int64_t n_tokens,
                           int64_t first_pos, sxt_logits_fn fn, void *user, sxt_error *error) {
    sxt_session *session = NULL;
    sxt_status status = open_fresh(trial, plan, n_tokens, &session, error);
    if (status == SXT_OK) status = sxt_session_scan(session, tokens, n_tokens, first_pos, fn, user, error);
    close_session(session);
    trial->n_done += n_tokens;
    return status;
}

int plan_trial_key(plan_trial *trial, const char *plan, const passkey_item *item, bool *right,
                   sxt_plan_info *ran) {
    sxt_session *session = NULL;
    sxt_error error;
    int code = EXIT_CODE_OK;
    if (open_fresh(trial, plan, item->tokens.n + passkey_answer_tokens(item), &session, &error) != SXT_OK)
        code = message_library_error(&error);
    if (code == EXIT_CODE_OK) code = passkey_ask(trial->model, session, item, right);
    if (code == EXIT_CODE_OK && ran != NULL) sxt_session_plan(session, ran);
    close_session(session);
    trial->n_done += item->length;
    progress_report(&trial->line, trial->n_done, trial->n_total);
    return code;
}

sxt_status plan_trial_speed(plan_trial *trial, const char *plan, const int32_t *tokens, int64_t n_tokens,
                            int64_t n_generate, double *read_seconds, double *generate_seconds,
                            sxt_error *error) {
    sxt_session *session = NULL;
    int32_t token;
    const float *logits;
    sxt_status status = open_fresh(trial, plan, n_tokens + n_generate, &session, error);
    double started = clock_seconds();
    if (status == SXT_OK) status = sxt_session_sync(session, tokens, n_tokens, n_generate, error);
    double read = clock_seconds();
    for (int64_t i = 0; i < n_generate && status == SXT_OK; i++) {
        status = sxt_session_next(session, &token, error);
        if (status == SXT_OK) status = sxt_session_logits(session, &logits, error);
    }
    *read_seconds = read - started;
    *generate_seconds = clock_seconds() - read;
    close_session(session);
    trial->n_done += n_tokens;
    return status;
}
