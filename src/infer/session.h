/* A session: one token history and its cache. Callers hand over whole histories; the session finds out
 * what it already has. */
#ifndef SXT_INFER_SESSION_H
#define SXT_INFER_SESSION_H

#include "cache/kv_cache.h"
#include "infer/history.h"
#include "infer/sampler.h"
#include "model/forward.h"

/* Logits of a scan are computed this many positions at a time. */
enum { SXT_SCAN_ROWS = 16 };

struct sxt_session {
    const sxt_model *model;
    sxt_session_params params;
    sxt_pool *pool;
    sxt_forward *forward;
    sxt_rope *rope, *local_rope; /* the second for layers that slide, NULL where they turn like the others */
    sxt_kv_cache cache;

    sxt_plan_request request;
    sxt_plan plan;
    int64_t plan_length; /* tokens for which the plan was chosen */
    sxt_plan_memory memory;
    char asked[SXT_PLAN_TEXT], reason[160];

    sxt_history history;
    int64_t n_cached; /* tokens of the history that were read */
    int64_t oldest;   /* the first of them, behind the pinned blocks, that is still in the cache; 0: all are */
    bool has_logits;  /* `logits` follow token n_cached - 1 */
    float *logits;    /* (n_vocab) */
    float *scan_logits; /* (rows, n_vocab), made by the first scan */

    sxt_sampler sampler;
    sxt_session_stats stats;
    atomic_bool cancel;
};

/* Checks and fills defaults (0, NULL) of parameters. */
sxt_status sxt_session_params_check(const sxt_model *model, const sxt_session_params *given,
                                    sxt_session_params *checked, sxt_error *error);

/* Whether every layer of the model keeps to a window of its own, so that the plan changes nothing. */
bool sxt_session_plan_idle(const sxt_model *model, const sxt_plan *plan);

/* What queries of such a session can still see of a long text. */
sxt_plan_memory sxt_session_plan_memory(const sxt_model *model, const sxt_session_params *params,
                                        const sxt_plan_request *request);

/* What a session with checked parameters costs. */
sxt_status sxt_session_memory(const sxt_model *model, const sxt_session_params *params, sxt_memory_plan *plan,
                              sxt_error *error);

/* Rows of the table that layers which slide turn by, for a context of `length` tokens. */
int64_t sxt_session_local_rows(const sxt_model *model, int64_t length);

/* The model as plans see it. */
sxt_plan_model sxt_session_plan_model(const sxt_model *model);

/* Puts a plan for a context of `length` tokens into force, with its rotary frequencies, and drops what it makes
 * invalid. When this fails for want of memory, the next call tries again. */
sxt_status sxt_session_use_plan(sxt_session *session, const sxt_plan *plan, int64_t length, sxt_error *error);

/* Whether the cache still holds all that the tokens from index n - 1 on see. */
bool sxt_session_can_return(const sxt_session *session, int64_t n);
/* Forgets cache and history from index n on; everything, when it cannot return there. */
void sxt_session_truncate(sxt_session *session, int64_t n);

#endif
