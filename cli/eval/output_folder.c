#include "output_folder.h"

#include "exit_code.h"
#include "message.h"
#include "model_session.h"
#include "replaced_file.h"
#include "text_buffer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_FACTS = 32, N_PROBLEM = 1024 };

/* Plans in their order; two orders are two runs, for the tables are drawn in it. */
static void list_plans(const option_values *options, text_buffer *text) {
    for (int i = 0; i < plan_count(options); i++)
        text_buffer_print(text, "%s%s", i > 0 ? " " : "", plan_at(options, i));
}

int output_folder_open(const option_values *options, const sxt_model *model, const char *command,
                       const result_fact *facts, int n_facts, result_store **store) {
    char problem[N_PROBLEM], fingerprint[64];
    sxt_model_info info;
    result_fact all[MOST_FACTS];
    text_buffer plans = {0};
    int n = 0;
    *store = NULL;
    if (options->resume && options->output == NULL)
        return message_error(EXIT_CODE_USAGE, "--resume needs -o FOLDER: the folder to go on with");
    if (options->output == NULL) return EXIT_CODE_OK;
    sxt_model_describe(model, &info);
    snprintf(fingerprint, sizeof fingerprint, "%.20s %016llx", info.architecture,
             (unsigned long long)sxt_model_fingerprint(model));
    list_plans(options, &plans);
    all[n++] = (result_fact){"command", command};
    all[n++] = (result_fact){"model", fingerprint};
    all[n++] = (result_fact){"plans", plans.bytes};
    all[n++] = (result_fact){"kv", options->kv};
    all[n++] = (result_fact){"precision", options->precision};
    for (int i = 0; i < n_facts && n < MOST_FACTS; i++) all[n++] = facts[i];
    result_store_answer answer =
        result_store_open(options->output, options->resume ? RESULT_STORE_RESUME : RESULT_STORE_NEW, all, n,
                          store, problem, sizeof problem);
    text_buffer_free(&plans);
    if (answer == RESULT_STORE_OK) return EXIT_CODE_OK;
    return message_error(answer == RESULT_STORE_REFUSED ? EXIT_CODE_USAGE : EXIT_CODE_FAILURE, "-o: %s",
                         problem);
}

int output_folder_put(result_store *store, const char *key, json_document *value) {
    char problem[N_PROBLEM];
    bool good = true;
    if (store != NULL) {
        char *text = document_dump_exact(value);
        good = result_store_put(store, key, text, problem, sizeof problem);
        free(text);
    }
    document_free(value);
    return good ? EXIT_CODE_OK : message_error(EXIT_CODE_FAILURE, "-o: %s", problem);
}

int output_folder_get(result_store *store, const char *key, json_document **value) {
    char problem[N_PROBLEM], *text = NULL;
    *value = NULL;
    if (store == NULL) return EXIT_CODE_OK;
    if (!result_store_get(store, key, &text, problem, sizeof problem))
        return message_error(EXIT_CODE_FAILURE, "-o: %s", problem);
    if (text == NULL) return EXIT_CODE_OK;
    *value = document_parse(text, strlen(text), problem, sizeof problem);
    free(text);
    if (*value != NULL && document_is_object(*value)) return EXIT_CODE_OK;
    if (*value != NULL) document_free(*value);
    *value = NULL;
    return output_folder_damaged(store, key);
}

int output_folder_damaged(const result_store *store, const char *key) {
    return message_error(EXIT_CODE_FAILURE, "%s: the cell %s is damaged; give another folder",
                         result_store_path(store), key);
}

int output_folder_write(const option_values *options, const char *name, output_folder_fn fn, void *user) {
    if (options->output == NULL) return EXIT_CODE_OK;
    text_buffer path = {0};
    replaced_file file = {0};
    text_buffer_print(&path, "%s/%s", options->output, name);
    int code = replaced_file_open(&file, "-o:", path.bytes);
    if (code == EXIT_CODE_OK)
        code = fn(user, file.stream) ? replaced_file_commit(&file)
                                     : replaced_file_failed("-o:", path.bytes, errno);
    replaced_file_abort(&file); /* nothing, once it is committed */
    if (code != EXIT_CODE_OK)
        message_note("what is measured is kept in %s; --resume writes the files again", options->output);
    text_buffer_free(&path);
    return code;
}

static bool write_document(void *user, FILE *stream) {
    char *text = document_dump(user);
    bool good = fprintf(stream, "%s\n", text) > 0;
    int reason = errno;
    free(text);
    errno = reason;
    return good;
}

int output_folder_write_document(const option_values *options, const char *name,
                                 const json_document *document) {
    return output_folder_write(options, name, write_document, (void *)(uintptr_t)document);
}

void output_folder_note_stop(const option_values *options) {
    if (options->output != NULL)
        message_note("stopped; --resume goes on with what is finished in %s", options->output);
}

void output_folder_close(result_store *store) { result_store_close(store); }
