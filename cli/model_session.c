#include "model_session.h"

#include "exit_code.h"
#include "message.h"

#include <string.h>
#include <strings.h>

/* Whatever is wrong with a model, its exit code says so; only memory is not the model's fault. */
int model_open(const char *path, bool vocab_only, sxt_model **model) {
    if (path == NULL)
        return message_error(EXIT_CODE_USAGE, "no model: give -m FILE (GGUF) or -m FOLDER (Hugging Face)");
    sxt_error error;
    sxt_model_params params = sxt_model_params_default();
    params.vocab_only = vocab_only;
    if (sxt_model_open(path, &params, model, &error) == SXT_OK) return EXIT_CODE_OK;
    if (error.status == SXT_E_MEMORY) return message_library_error(&error);
    const char *remedy =
        strchr(error.text, ';') != NULL ? "" : "; give a GGUF file or a Hugging Face folder that can be read";
    return message_error(EXIT_CODE_MODEL, "%s%s", error.text, remedy);
}

sxt_type kv_type_named(const char *name) {
    static const sxt_type types[] = {SXT_TYPE_F32, SXT_TYPE_BF16, SXT_TYPE_Q8_0, SXT_TYPE_Q4_0};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (strcasecmp(name, sxt_type_name(types[i])) == 0) return types[i];
    return SXT_TYPE_F16;
}

sxt_session_params session_params(const option_values *options, const char *plan, int64_t n_ctx) {
    sxt_session_params params = sxt_session_params_default();
    params.n_ctx = options->ctx > 0 ? options->ctx : n_ctx;
    params.n_threads = (int32_t)options->threads;
    params.chunk = (int32_t)options->chunk;
    params.kv_type = kv_type_named(options->kv);
    params.precision = strcmp(options->precision, "f32") == 0 ? SXT_PRECISION_F32 : SXT_PRECISION_FAST;
    params.plan = plan;
    params.reread = options->reread;
    return params;
}

int plan_count(const option_values *options) { return options->n_plans > 0 ? options->n_plans : 1; }

const char *plan_at(const option_values *options, int i) {
    return options->n_plans > 0 ? options->plans[i] : "none";
}

/* A plan may depend on where the prompt ends. It says so in its text, which then holds for the answer too. */
static sxt_status resolve(const sxt_model *model, const char *plan, int64_t n_tokens, int64_t length,
                          sxt_plan_info *info, sxt_error *error) {
    sxt_plan_info of_text;
    sxt_status status = sxt_plan_resolve(model, plan, length, info, error);
    if (status != SXT_OK || info->within_limit || n_tokens == length) return status;
    status = sxt_plan_resolve(model, plan, n_tokens, &of_text, error);
    return status == SXT_OK ? sxt_plan_resolve(model, of_text.plan, length, info, error) : status;
}

int plan_announce_answer(const sxt_model *model, const char *plan, int64_t n_tokens, int64_t n_generate,
                         sxt_plan_info *info) {
    const int64_t length = n_tokens + n_generate;
    sxt_error error;
    sxt_model_info about;
    if (resolve(model, plan, n_tokens, length, info, &error) != SXT_OK) return message_library_error(&error);
    sxt_model_describe(model, &about);
    if (!info->within_limit) message_warning("plan %s: %s", info->plan, info->advice);
    bool all_slide = about.n_sliding == about.n_layers && info->n_remembered <= about.sliding_window;
    if (info->idle && strcmp(info->asked, "none") != 0 && strcmp(info->asked, "auto") != 0)
        message_warning(
            "plan %s changes nothing: every layer of this model keeps to its own sliding window of %lld "
            "tokens; %s+window=off lets all layers see all of the text",
            info->plan, (long long)about.sliding_window, info->plan);
    else if (all_slide && length > about.sliding_window)
        message_note(
            "this model sees the last %lld tokens only (its sliding window), the text further back not at "
            "all; --extend auto+window=off lets it see all",
            (long long)about.sliding_window);
    return EXIT_CODE_OK;
}

int plan_announce(const sxt_model *model, const char *plan, int64_t length, sxt_plan_info *info) {
    return plan_announce_answer(model, plan, length, 0, info);
}

sxt_status plan_reach(const sxt_model *model, const char *plan, int64_t *tokens, sxt_plan_info *info,
                      sxt_error *error) {
    const int64_t endless = (int64_t)1 << 40; /* more tokens than anybody has */
    const bool is_auto = strncmp(plan, "auto", 4) == 0;
    sxt_plan_info own;
    if (info == NULL) info = &own;
    sxt_status status = sxt_plan_resolve(model, plan, endless, info, error);
    if (status == SXT_OK) *tokens = is_auto && info->within_limit ? INT64_MAX : info->limit;
    return status;
}

bool plan_forgets(const sxt_model *model, const sxt_session_params *params) {
    sxt_plan_info info;
    return !params->reread && sxt_plan_resolve(model, params->plan, 0, &info, NULL) == SXT_OK &&
           info.n_remembered < INT64_MAX;
}

int session_fits(const sxt_model *model, const sxt_session_params *params, bool *fits) {
    sxt_memory_plan memory;
    sxt_error error;
    if (sxt_memory_needed(model, params, &memory, &error) != SXT_OK) return message_library_error(&error);
    *fits = memory.available_bytes == 0 || memory.total_bytes - memory.weights_bytes <= memory.available_bytes;
    return EXIT_CODE_OK;
}

int session_fits_length(const option_values *options, const sxt_model *model, const char *plan, int64_t length,
                        bool *fits) {
    sxt_session_params params = session_params(options, plan, length);
    sxt_session *session = NULL;
    sxt_error error;
    int code = session_fits(model, &params, fits);
    if (code != EXIT_CODE_OK || !*fits) return code;
    *fits = sxt_session_new(model, &params, &session, &error) == SXT_OK;
    sxt_session_free(session);
    return *fits || error.status == SXT_E_MEMORY ? EXIT_CODE_OK : message_library_error(&error);
}

void session_note_not_run(const char *plan, int64_t length) {
    message_note(
        "%lld tokens are not run under %s: there is not the memory for them ('sextant info -c %lld' says "
        "how much)",
        (long long)length, plan != NULL ? plan : "any plan", (long long)length);
}

int session_open(const sxt_model *model, const sxt_session_params *params, progress *line,
                 sxt_session **session) {
    sxt_error error;
    sxt_session_params with_progress = *params;
    if (line != NULL) {
        with_progress.progress = progress_report;
        with_progress.progress_user = line;
    }
    if (sxt_session_new(model, &with_progress, session, &error) == SXT_OK) return EXIT_CODE_OK;
    return message_library_error(&error);
}
