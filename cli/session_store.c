#include "session_store.h"

#include "exit_code.h"
#include "message.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* An earlier, longer question must not make its file unusable for a shorter one. The cache is most of the
 * file, so its size tells how many tokens it holds at most. */
int64_t session_store_context(const sxt_model *model, const sxt_session_params *params, const char *path,
                              int64_t n_ctx) {
    enum { SPAN = 65536 };
    sxt_session_params once = *params, twice = *params;
    sxt_memory_plan small, large;
    struct stat status;
    once.n_ctx = SPAN;
    twice.n_ctx = 2 * SPAN;
    if (stat(path, &status) != 0 || status.st_size <= 0) return n_ctx;
    if (sxt_memory_needed(model, &once, &small, NULL) != SXT_OK) return n_ctx;
    if (sxt_memory_needed(model, &twice, &large, NULL) != SXT_OK) return n_ctx;
    uint64_t per_token = (large.kv_bytes - small.kv_bytes) / SPAN;
    if (per_token == 0) return n_ctx;
    uint64_t held = (uint64_t)status.st_size / per_token;
    return held > (uint64_t)n_ctx && held < (uint64_t)INT32_MAX ? (int64_t)held : n_ctx;
}

int session_store_load(sxt_session *session, const char *path) {
    sxt_error error;
    if (access(path, F_OK) != 0 && errno == ENOENT) return EXIT_CODE_OK;
    if (sxt_session_load(session, path, &error) == SXT_OK) return EXIT_CODE_OK;
    const char *remedy = strstr(error.text, "remove") != NULL ? "" : "; or remove it to start afresh";
    return message_error(EXIT_CODE_FAILURE, "--session %s%s", error.text, remedy);
}

int session_store_save(sxt_session *session, const char *path) {
    sxt_error error;
    sxt_session_stats stats;
    sxt_session_describe(session, &stats);
    if (stats.n_read == 0) return EXIT_CODE_OK;
    if (sxt_session_save(session, path, &error) == SXT_OK) return EXIT_CODE_OK;
    message_error(EXIT_CODE_FAILURE, "--session: the session was not saved: %s", error.text);
    return EXIT_CODE_FAILURE;
}
