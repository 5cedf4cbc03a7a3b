/* Which plan suits a model best at a length: tried on a text and on hidden keys, and kept as a preset. */
#include "command.h"

#include "exit_code.h"
#include "message.h"
#include "model_session.h"
#include "preset.h"
#include "replaced_file.h"
#include "tune_job.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static int check_options(const option_values *options) {
    if (options->target == 0)
        return message_error(EXIT_CODE_USAGE,
                             "tune needs the length that the plan is for: --target N, as in 16k");
    if (options->resume && options->output == NULL)
        return message_error(EXIT_CODE_USAGE, "--resume goes on beside a preset: give -o PRESET.json");
    if (strspn(options->methods, "; \t\n") == strlen(options->methods))
        return message_error(EXIT_CODE_USAGE,
                             "--methods names no method; give 'all' or some, as in 'none yarn'");
    return options->output != NULL ? replaced_file_check("-o", options->output) : EXIT_CODE_OK;
}

static int check_model(const tune_job *job) {
    int64_t target = job->options->target;
    if (target <= job->info.n_ctx_train)
        return message_error(
            EXIT_CODE_USAGE,
            "--target %lld fits the trained window of %lld, which needs no plan; give a longer one",
            (long long)target, (long long)job->info.n_ctx_train);
    /* A length that there is no memory for is refused here, before prompts of it are made. */
    sxt_session_params params = session_params(job->options, "auto", target);
    sxt_session *session = NULL;
    int code = session_open(job->trial.model, &params, NULL, &session);
    sxt_session_free(session);
    return code;
}

/* The text surrounds the keys unless --filler names another one. */
static int make_keys(tune_job *job) {
    option_values asked = *job->options;
    asked.lengths = (integer_list){&asked.target, 1};
    if (asked.filler == NULL) asked.filler = asked.file;
    return passkey_items_make(&asked, job->trial.model, INT64_MAX, &job->keys);
}

static void make_results(tune_job *job) {
    size_t n_windows = (size_t)job->windows.n_windows, n_keys = (size_t)job->keys.n;
    job->results = must_allocate((size_t)job->candidates.n * sizeof *job->results);
    for (int64_t i = 0; i < job->candidates.n; i++)
        job->results[i] = (tune_result){.late_nll = must_allocate((n_windows + 1) * sizeof(double)),
                                        .found = must_allocate((n_keys + 1) * sizeof(bool))};
}

/* Everything that can be refused is refused before the first window is read. */
static int prepare(tune_job *job) {
    const option_values *options = job->options;
    const sxt_model *model = job->trial.model;
    int code = check_model(job);
    if (code == EXIT_CODE_OK && options->file != NULL)
        code = text_windows_open(options, model, options->target, &job->windows);
    if (code == EXIT_CODE_OK) code = make_keys(job);
    if (code == EXIT_CODE_OK)
        code = tune_candidates_find(model, options->methods, options->target, &job->candidates);
    if (code == EXIT_CODE_OK) code = tune_picture_check(job);
    if (code == EXIT_CODE_OK && options->output != NULL) code = tune_store_open(job);
    if (code == EXIT_CODE_OK) make_results(job);
    return code;
}

static int write_preset(const tune_job *job, int64_t chosen) {
    const tune_result *r = &job->results[chosen];
    if (job->options->output == NULL) return EXIT_CODE_OK;
    preset_figures figures = {.target = job->options->target,
                              .n_windows = r->n_windows,
                              .n_keys = r->n_keys,
                              .perplexity = exp(tune_surprise(r, r->n_windows)),
                              .accuracy = tune_found(r, r->n_keys)};
    return preset_write(job->options->output, job->trial.model, job->candidates.list[chosen].plan, &figures);
}

static int tune(tune_job *job) {
    int64_t chosen = tune_search(job);
    if (chosen >= 0) {
        int code = write_preset(job, chosen);
        tune_report(job, chosen);
        return code == EXIT_CODE_OK ? tune_picture_save(job) : code;
    }
    if (job->code == EXIT_CODE_INTERRUPTED) {
        tune_report(job, chosen);
        tune_picture_save(job);
        if (job->store != NULL)
            message_line("what was measured is kept; the same command with --resume goes on with it");
    }
    return job->code;
}

static void release(tune_job *job) {
    for (int64_t i = 0; i < job->candidates.n && job->results != NULL; i++) {
        free(job->results[i].late_nll);
        free(job->results[i].found);
    }
    free(job->results);
    result_store_close(job->store);
    tune_candidates_free(&job->candidates);
    passkey_items_free(&job->keys);
    text_windows_close(&job->windows);
}

int command_tune(const option_values *options) {
    tune_job job = {.options = options};
    sxt_model *model = NULL;
    int code = check_options(options);
    if (code == EXIT_CODE_OK) code = model_open(options->model, false, &model);
    if (code != EXIT_CODE_OK) return code;
    sxt_model_describe(model, &job.info);
    job.trial = (plan_trial){.options = options, .model = model, .line = progress_start("tuning", "tokens")};
    code = prepare(&job);
    if (code == EXIT_CODE_OK) code = tune(&job);
    release(&job);
    sxt_model_close(model);
    return code;
}
