/* --session FILE: what was read of a prompt, kept between runs. */
#ifndef SEXTANT_CLI_SESSION_STORE_H
#define SEXTANT_CLI_SESSION_STORE_H

#include "sextant.h"

/* A context in which the tokens of `path` fit, at least n_ctx; n_ctx when there is no such file. */
int64_t session_store_context(const sxt_model *model, const sxt_session_params *params, const char *path,
                              int64_t n_ctx);
/* Loads `path` when it exists. A file of another model, plan or cache type is an error. */
int session_store_load(sxt_session *session, const char *path);
/* Saves what the session holds when its last sync computed anything. */
int session_store_save(sxt_session *session, const char *path);

#endif
