#include "command.h"

#include "exit_code.h"
#include "interrupt.h"
#include "json_document.h"
#include "message.h"
#include "model_session.h"
#include "npy_file.h"
#include "preset.h"
#include "prompt.h"
#include "replaced_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

typedef struct row_writer {
    npy_file *file;
    int problem; /* errno of a failed write */
} row_writer;

static bool write_row(void *user, int64_t pos, const float *logits) {
    row_writer *writer = user;
    (void)pos;
    errno = 0;
    if (npy_file_add_row(writer->file, logits)) return !interrupted();
    writer->problem = errno != 0 ? errno : EIO;
    return false;
}

/* A slip of -o must not cost a model or a text: of what exists, only an array, or nothing, is replaced. */
static int check_output(const char *path) {
    static const char magic[] = "\x93NUMPY";
    char start[sizeof magic - 1] = "";
    struct stat status;
    int code = replaced_file_check("-o", path);
    if (code != EXIT_CODE_OK || stat(path, &status) != 0 || status.st_size == 0) return code;
    FILE *file = fopen(path, "rb");
    size_t n = file != NULL ? fread(start, 1, sizeof start, file) : 0;
    if (file != NULL) fclose(file);
    if (n == sizeof start && memcmp(start, magic, sizeof start) == 0) return EXIT_CODE_OK;
    return message_error(EXIT_CODE_USAGE,
                         "-o %s exists and is not a NumPy file; choose another name, or remove it first", path);
}

static int scan(const option_values *options, sxt_session *session, const token_list *tokens, int32_t n_vocab) {
    int64_t first_pos = options->all ? 0 : tokens->n - 1;
    row_writer writer = {0};
    sxt_error error;
    int code = npy_file_create(options->output, tokens->n - first_pos, n_vocab, &writer.file);
    if (code != EXIT_CODE_OK) return code;
    sxt_status status =
        sxt_session_scan(session, tokens->ids, tokens->n, first_pos, write_row, &writer, &error);
    if (status == SXT_OK) return npy_file_commit(writer.file);
    npy_file_abort(writer.file);
    if (writer.problem != 0) return replaced_file_failed("-o", options->output, writer.problem);
    return status == SXT_E_CANCELLED ? EXIT_CODE_INTERRUPTED : message_library_error(&error);
}

static void tell(const option_values *options, const sxt_session *session, const token_list *tokens,
                 int32_t n_vocab) {
    sxt_plan_info plan;
    json_document *document = document_object();
    int32_t dims[2] = {options->all ? (int32_t)tokens->n : 1, n_vocab};
    sxt_session_plan(session, &plan);
    document_put_text(document, "output", options->output);
    document_put(document, "shape", document_integers(dims, 2));
    document_put(document, "ids", document_integers(tokens->ids, tokens->n));
    document_put_text(document, "plan", plan.plan);
    document_put_integer(document, "limit", plan.limit);
    document_put_flag(document, "within_limit", plan.within_limit);
    document_print(document);
}

static int read_tokens(const option_values *options, const sxt_model *model, token_list *tokens) {
    text_buffer text = {0};
    int code = prompt_text(options, &text);
    if (code == EXIT_CODE_OK)
        code = prompt_tokens(model, text.bytes, text.n_bytes, options->no_bos, options->special, tokens);
    text_buffer_free(&text);
    return code;
}

static int write_logits(const option_values *options, const sxt_model *model, const token_list *tokens) {
    const char *plan = plan_at(options, 0);
    sxt_plan_info about;
    sxt_model_info info;
    sxt_session *session = NULL;
    progress line = progress_start("reading", "tokens");
    sxt_session_params params = session_params(options, plan, tokens->n);
    if (tokens->n > params.n_ctx)
        return message_error(
            EXIT_CODE_USAGE,
            "the prompt has %lld tokens and -c is %lld; give -c %lld or more, or a shorter prompt",
            (long long)tokens->n, (long long)params.n_ctx, (long long)tokens->n);
    sxt_model_describe(model, &info);
    int code = plan_announce(model, plan, tokens->n, &about);
    if (code == EXIT_CODE_OK) code = session_open(model, &params, &line, &session);
    if (code == EXIT_CODE_OK) {
        interrupt_watch(session);
        code = scan(options, session, tokens, info.n_vocab);
        progress_end(&line);
        interrupt_release();
    }
    if (code == EXIT_CODE_OK && options->json) tell(options, session, tokens, info.n_vocab);
    sxt_session_free(session);
    return code;
}

int command_logits(const option_values *options) {
    int n_sources = (options->prompt != NULL) + (options->file != NULL) + (options->tokens.n > 0);
    if (n_sources != 1)
        return message_error(EXIT_CODE_USAGE, "logits needs one of -p TEXT, -f FILE and --tokens ID,ID,...");
    if (options->output == NULL)
        return message_error(EXIT_CODE_USAGE, "logits needs a file to write: -o OUT.npy");
    int code = check_output(options->output);
    if (code != EXIT_CODE_OK) return code;
    sxt_model *model = NULL;
    token_list given = {0}, read = {0};
    code = model_open(options->model, false, &model);
    if (code != EXIT_CODE_OK) return code;
    code = preset_check(options, model);
    if (code == EXIT_CODE_OK && options->tokens.n > 0) {
        given = (token_list){must_allocate((size_t)options->tokens.n * sizeof *given.ids), options->tokens.n};
        for (int64_t i = 0; i < given.n; i++) given.ids[i] = (int32_t)options->tokens.values[i];
    } else if (code == EXIT_CODE_OK)
        code = read_tokens(options, model, &read);
    if (code == EXIT_CODE_OK) code = write_logits(options, model, given.n > 0 ? &given : &read);
    free(given.ids);
    sxt_free(read.ids);
    sxt_model_close(model);
    return code;
}
