#include "session_store.h"

#include "exit_code.h"
#include "message.h"
#include "model_session.h"
#include "replaced_file.h"
#include "text_buffer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* An earlier, longer question must not make its file unusable for a shorter one. The cache is most of the
 * file, so its size tells how many tokens it holds at most; of a text that is forgotten it does not. */
int64_t session_store_context(const sxt_model *model, const sxt_session_params *params, const char *path,
                              int64_t n_ctx) {
    enum { SPAN = 65536 };
    sxt_session_params once = *params, twice = *params;
    sxt_memory_plan small, large;
    struct stat status;
    once.n_ctx = SPAN;
    twice.n_ctx = 2 * SPAN;
    if (stat(path, &status) != 0 || status.st_size <= 0) return n_ctx;
    if (plan_forgets(model, params)) return SXT_MOST_CTX;
    if (sxt_memory_needed(model, &once, &small, NULL) != SXT_OK) return n_ctx;
    if (sxt_memory_needed(model, &twice, &large, NULL) != SXT_OK) return n_ctx;
    uint64_t per_token = (large.kv_bytes - small.kv_bytes) / SPAN;
    if (per_token == 0) return n_ctx;
    uint64_t held = (uint64_t)status.st_size / per_token;
    return held > (uint64_t)n_ctx && held < (uint64_t)INT32_MAX ? (int64_t)held : n_ctx;
}

/* A place that cannot be written is told before a long document is read, not after. */
static int check_folder(const char *path) {
    text_buffer folder = {0};
    const char *slash = strrchr(path, '/');
    if (slash == NULL)
        text_buffer_print(&folder, ".");
    else
        text_buffer_print(&folder, "%.*s", (int)(slash - path) + 1, path);
    int reason = access(folder.bytes, W_OK | X_OK) == 0 ? 0 : errno;
    text_buffer_free(&folder);
    if (reason == 0) return EXIT_CODE_OK;
    return message_error(EXIT_CODE_FAILURE, "--session %s: %s; give a place that can be written", path,
                         strerror(reason));
}

int session_store_load(sxt_session *session, const char *path) {
    sxt_error error;
    struct stat status;
    if (stat(path, &status) != 0) return check_folder(path);
    if (!S_ISREG(status.st_mode))
        return message_error(EXIT_CODE_FAILURE, "--session %s is not a regular file; give another name", path);
    if (sxt_session_load(session, path, &error) == SXT_OK) return EXIT_CODE_OK;
    /* Never told to remove what is no session: it may be a model. */
    bool has_remedy = strstr(error.text, "remove") != NULL || strstr(error.text, "another name") != NULL;
    const char *remedy = has_remedy ? "" : "; or remove it to start afresh";
    return message_error(EXIT_CODE_FAILURE, "--session %s%s", error.text, remedy);
}

int session_store_save(sxt_session *session, const char *path) {
    sxt_error error;
    sxt_session_stats stats;
    sxt_session_describe(session, &stats);
    if (stats.n_read == 0) return EXIT_CODE_OK;
    char *target = replaced_file_target(path);
    sxt_status status = sxt_session_save(session, target, &error);
    free(target);
    if (status == SXT_OK) return EXIT_CODE_OK;
    message_error(EXIT_CODE_FAILURE, "--session: the session was not saved: %s", error.text);
    return EXIT_CODE_FAILURE;
}
