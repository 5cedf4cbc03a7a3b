#include "preset.h"

#include "exit_code.h"
#include "json_document.h"
#include "message.h"
#include "prompt.h"
#include "replaced_file.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { PRESET_VERSION = 1, MOST_BYTES = 1 << 20 };

void preset_fingerprint(const sxt_model *model, char text[20]) {
    snprintf(text, 20, "%016" PRIx64, sxt_model_fingerprint(model));
}

int preset_write(const char *path, const sxt_model *model, const char *plan, const preset_figures *figures) {
    sxt_model_info info;
    replaced_file file = {0};
    char version[32], fingerprint[20];
    preset_fingerprint(model, fingerprint);
    sxt_model_describe(model, &info);
    int code = replaced_file_open(&file, "-o", path);
    if (code != EXIT_CODE_OK) return code;
    snprintf(version, sizeof version, "%d.%d.%d", SXT_VERSION_MAJOR, SXT_VERSION_MINOR, SXT_VERSION_PATCH);
    json_document *document = document_object();
    document_put_integer(document, "sextant_preset", PRESET_VERSION);
    document_put_text(document, "plan", plan);
    document_put_text(document, "model_fingerprint", fingerprint);
    document_put_text(document, "model_name", info.name);
    document_put_integer(document, "trained_window", info.n_ctx_train);
    document_put_integer(document, "target", figures->target);
    document_put_integer(document, "windows", figures->n_windows);
    document_put_real(document, "ppl_last_quarter", figures->perplexity);
    document_put_integer(document, "keys", figures->n_keys);
    document_put_real(document, "accuracy", figures->accuracy);
    document_put_text(document, "made_by", version);
    document_write(document, file.stream);
    return replaced_file_commit(&file);
}

static int damaged(const char *path, const char *problem) {
    return message_error(EXIT_CODE_USAGE,
                         "--preset %s %s; make it anew with 'sextant tune', or give --extend PLAN", path,
                         problem);
}

/* A text of the preset, whole: cut off it would mean something else. */
static bool take_text(const json_document *document, const char *key, char *text, size_t size) {
    size_t n = 0;
    const char *value = document_get_text(document, key, &n);
    if (value == NULL || n == 0 || n >= size || strlen(value) != n) return false;
    memcpy(text, value, n + 1);
    return true;
}

static int read_document(const char *path, const json_document *document, preset_choice *choice) {
    int64_t version;
    if (!document_is_object(document) || !document_get_integer(document, "sextant_preset", &version))
        return damaged(path, "is no preset: `sextant_preset` is missing or not a whole number");
    if (version != PRESET_VERSION)
        return message_error(
            EXIT_CODE_USAGE,
            "--preset %s is of version %lld and this sextant reads version %d; make it anew with "
            "'sextant tune'",
            path, (long long)version, (int)PRESET_VERSION);
    if (!take_text(document, "plan", choice->plan, sizeof choice->plan))
        return damaged(path, "is damaged: `plan` is missing or no plan");
    if (!take_text(document, "model_fingerprint", choice->fingerprint, sizeof choice->fingerprint))
        return damaged(path, "is damaged: `model_fingerprint` is missing or not 16 digits");
    if (!document_get_integer(document, "target", &choice->target) || choice->target < 1)
        return damaged(path, "is damaged: `target` is missing or not a number of tokens");
    if (!take_text(document, "model_name", choice->model_name, sizeof choice->model_name))
        choice->model_name[0] = '\0'; /* many files have no name */
    return EXIT_CODE_OK;
}

int preset_apply(option_values *options) {
    if (options->preset == NULL) return EXIT_CODE_OK;
    text_buffer text = {0};
    char problem[200], line[240];
    int code = prompt_read_small_file("--preset", options->preset, MOST_BYTES, &text);
    if (code != EXIT_CODE_OK) return code;
    json_document *document = document_parse(text.bytes, text.n_bytes, problem, sizeof problem);
    text_buffer_free(&text);
    if (document == NULL) {
        snprintf(line, sizeof line, "is damaged: not JSON: %s", problem);
        return damaged(options->preset, line);
    }
    code = read_document(options->preset, document, &options->from_preset);
    document_free(document);
    if (code == EXIT_CODE_OK && options->n_plans == 0)
        options->plans[options->n_plans++] = options->from_preset.plan;
    return code;
}

int preset_check(const option_values *options, const sxt_model *model) {
    if (options->preset == NULL) return EXIT_CODE_OK;
    const preset_choice *choice = &options->from_preset;
    sxt_model_info info;
    sxt_plan_info plan;
    sxt_error error;
    char fingerprint[20];
    sxt_model_describe(model, &info);
    preset_fingerprint(model, fingerprint);
    if (strcmp(fingerprint, choice->fingerprint) != 0)
        return message_error(
            EXIT_CODE_USAGE,
            "--preset %s was tuned for another model%s%s (fingerprint %s, %s has %s); tune this one, or "
            "give --extend PLAN",
            options->preset, choice->model_name[0] != '\0' ? ", " : "", choice->model_name, choice->fingerprint,
            info.path, fingerprint);
    if (sxt_plan_resolve(model, choice->plan, choice->target, &plan, &error) == SXT_OK) return EXIT_CODE_OK;
    char line[sizeof error.text + 16];
    snprintf(line, sizeof line, "is damaged: %s", error.text);
    return damaged(options->preset, line);
}
