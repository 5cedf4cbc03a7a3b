#include "infer/session.h"

#include "base/memory.h"
#include "base/num.h"

#include <math.h>
#include <string.h>
#include <time.h>

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Token n - 1 is read again when its logits are wanted. */
bool sxt_session_can_return(const sxt_session *s, int64_t n) {
    return n >= s->n_cached || s->oldest == 0 || n - s->memory.n_nearest >= s->oldest;
}

/* A prompt that the user did not fix ends where the text is cut: what is kept sees the same either way. */
void sxt_session_truncate(sxt_session *s, int64_t n) {
    if (!sxt_session_can_return(s, n)) n = 0;
    if (n == 0) s->oldest = 0;
    if (sxt_plan_lacks_prompt(&s->request.fixed)) s->plan.n_prompt = sxt_min_i64(s->plan.n_prompt, n);
    sxt_history_cut(&s->history, n);
    if (s->n_cached > n) {
        s->n_cached = n;
        s->has_logits = false;
    }
}

void sxt_session_cancel(sxt_session *s) { atomic_store(&s->cancel, true); }

static sxt_status check_tokens(const sxt_session *s, const int32_t *tokens, int64_t n, sxt_error *error) {
    if (n < 1) return sxt_fail(error, SXT_E_ARGUMENT, "the prompt is empty; give at least one token");
    SXT_NEED(tokens, "the prompt");
    if (n > s->params.n_ctx)
        return sxt_fail(error, SXT_E_LIMIT,
                        "the prompt has %lld tokens, the context holds %lld; ask for a longer context",
                        (long long)n, (long long)s->params.n_ctx);
    for (int64_t i = 0; i < n; i++)
        if (tokens[i] < 0 || tokens[i] >= s->model->hparams.n_vocab)
            return sxt_fail(error, SXT_E_ARGUMENT, "token %lld is %d; the vocabulary goes from 0 to %d",
                            (long long)i, (int)tokens[i], (int)s->model->hparams.n_vocab - 1);
    return SXT_OK;
}

/* The frequencies of a plan. The old table goes before the new one is made, so that two never count; rows that
 * are not there are computed when they are asked for. */
static sxt_status use_frequencies(sxt_session *s, const sxt_plan *plan, int64_t length, bool *changed,
                                  sxt_error *error) {
    sxt_rope_params params;
    sxt_rope *rope;
    sxt_plan_rope(plan, &s->model->hparams.rope, length, &params);
    SXT_TRY(sxt_rope_new(&params, &rope, error));
    *changed = !sxt_rope_same(rope, s->rope);
    sxt_rope_free(*changed ? s->rope : rope);
    if (*changed) s->rope = rope;
    return SXT_OK;
}

sxt_status sxt_session_use_plan(sxt_session *s, const sxt_plan *plan, int64_t length, sxt_error *error) {
    bool other_frequencies;
    SXT_TRY(use_frequencies(s, plan, length, &other_frequencies, error));
    if (other_frequencies || !sxt_plan_equal(plan, &s->plan)) {
        s->has_logits = false;
        if (s->params.reread) s->n_cached = 0;
    }
    s->plan = *plan;
    if (!sxt_session_plan_idle(s->model, plan)) SXT_TRY(sxt_plan_reserve_rows(plan, s->rope, length, error));
    if (s->local_rope)
        SXT_TRY(sxt_rope_reserve(s->local_rope, sxt_session_local_rows(s->model, length), error));
    s->plan_length = length;
    return SXT_OK;
}

/* Where the prompt ends when a text of n_tokens is given whole, and the history's tokens are reused: a prompt
 * grows until something was generated behind it, and stays what it is in a conversation that goes on. Either
 * way what is cached sees the same. */
static int64_t prompt_of(const sxt_session *s, int64_t n_tokens) {
    return s->history.n <= s->plan.n_prompt ? n_tokens : s->plan.n_prompt;
}

/* Chooses the plan for a context of `length` tokens, where the prompt's n_prompt matter to it. What was cached
 * under another plan stays, unless the caller asked to reread it. */
static sxt_status adopt_plan(sxt_session *s, int64_t n_prompt, int64_t length, sxt_error *error) {
    const sxt_plan *current = s->n_cached > 0 ? &s->plan : NULL;
    char reason[sizeof s->reason];
    sxt_plan plan = sxt_plan_choose(&s->request, length, current, reason, sizeof reason);
    if (sxt_plan_lacks_prompt(&plan)) plan.n_prompt = s->plan.n_prompt = n_prompt;
    SXT_TRY(sxt_session_use_plan(s, &plan, length, error));
    memcpy(s->reason, reason, sizeof reason);
    return SXT_OK;
}

/* NaN weights are found here, where they show, instead of by reading the whole file at every start. */
static sxt_status check_finite(sxt_session *s, const float *logits, sxt_error *error) {
    for (int32_t i = 0; i < s->model->hparams.n_vocab; i++) {
        if (isfinite(logits[i])) continue;
        sxt_session_truncate(s, 0);
        sxt_status status = sxt_weights_check_finite(&s->model->source, error);
        if (status != SXT_OK) return sxt_fail_in(error, status, s->model->path);
        return sxt_fail(error, SXT_E_NUMERIC,
                        "the logits are not finite although all weights are; try an F32 cache");
    }
    return SXT_OK;
}

/* The tokens of a call: those that the history has no room for yet are taken as it is read. */
typedef struct text {
    const int32_t *tokens; /* (n), the history first; not looked at when the history has n */
    int64_t n;
} text;

static text held_text(const sxt_session *s) { return (text){.n = s->history.n}; }

static void take_tokens(sxt_session *s, const text *t) {
    int64_t n = sxt_min_i64(sxt_history_left(&s->history), t->n - s->history.n);
    if (n > 0) sxt_history_add(&s->history, t->tokens + s->history.n, n);
}

static sxt_status fail_cancelled(const sxt_session *s, const text *t, sxt_error *error) {
    return sxt_fail(error, SXT_E_CANCELLED, "cancelled after %lld of %lld tokens", (long long)s->n_cached,
                    (long long)t->n);
}

/* A cancel counts once, also for a call that has nothing to read. */
static sxt_status heed_cancel(sxt_session *s, const text *t, sxt_error *error) {
    return atomic_exchange(&s->cancel, false) ? fail_cancelled(s, t, error) : SXT_OK;
}

/* Reads the next chunk of the text into the cache. Logits can follow for the tokens from first_wanted on. */
static sxt_status read_chunk(sxt_session *s, const text *t, int64_t first_wanted, int64_t *n_read,
                             sxt_error *error) {
    take_tokens(s, t);
    int64_t n = sxt_min_i64(s->params.chunk, s->history.n - s->n_cached);
    int64_t n_wanted = sxt_max_i64(0, s->n_cached + n - sxt_max_i64(first_wanted, s->n_cached));
    s->has_logits = false;
    s->oldest = sxt_max_i64(s->oldest, sxt_kv_room_oldest(&s->cache.room, s->n_cached + n));
    sxt_history_forget(&s->history, s->oldest);
    bool done = sxt_forward_read(s->forward, sxt_history_at(&s->history, s->n_cached), s->n_cached, n, n_wanted,
                                 &s->plan, s->rope, s->local_rope, s->cache.layers, &s->cancel);
    if (!done) {
        atomic_store(&s->cancel, false);
        return fail_cancelled(s, t, error);
    }
    s->n_cached += n;
    *n_read = n;
    return SXT_OK;
}

static sxt_status report_progress(sxt_session *s, const text *t, sxt_error *error) {
    if (s->params.progress && !s->params.progress(s->params.progress_user, s->n_cached, t->n))
        return fail_cancelled(s, t, error);
    return SXT_OK;
}

/* Brings the cache and the logits up to the end of the text. */
static sxt_status catch_up(sxt_session *s, const text *t, bool report, sxt_error *error) {
    SXT_TRY(heed_cancel(s, t, error));
    if (s->n_cached == t->n && s->has_logits) return SXT_OK;
    if (s->n_cached == t->n) s->n_cached--; /* the logits of the last token are wanted again */
    int64_t n = 0;
    while (s->n_cached < t->n) {
        SXT_TRY(read_chunk(s, t, t->n - 1, &n, error));
        if (report) SXT_TRY(report_progress(s, t, error));
    }
    sxt_forward_logits(s->forward, n - 1, 1, s->logits);
    SXT_TRY(check_finite(s, s->logits, error));
    s->has_logits = true;
    return SXT_OK;
}

static void start_stats(sxt_session *s) {
    s->stats.n_reused = s->n_cached;
    s->stats.n_read = 0;
    s->stats.read_seconds = 0;
    s->stats.n_generated = 0;
    s->stats.generate_seconds = 0;
}

sxt_status sxt_session_sync(sxt_session *s, const int32_t *tokens, int64_t n_tokens, int64_t n_generate,
                            sxt_error *error) {
    SXT_NEED(s, "the session");
    SXT_TRY(check_tokens(s, tokens, n_tokens, error));
    if (n_generate < 0)
        return sxt_fail(error, SXT_E_ARGUMENT, "n_generate is %lld; give 0 or more", (long long)n_generate);
    const text t = {tokens, n_tokens};
    sxt_session_truncate(s, sxt_history_same(&s->history, tokens, n_tokens));
    int64_t n_prompt = prompt_of(s, n_tokens);
    take_tokens(s, &t);
    int64_t length = sxt_min_i64(s->params.n_ctx, n_tokens + sxt_min_i64(n_generate, s->params.n_ctx));
    SXT_TRY(adopt_plan(s, n_prompt, length, error));
    start_stats(s);
    double start = now();
    sxt_status status = catch_up(s, &t, true, error);
    s->stats.n_read = sxt_max_i64(0, s->n_cached - s->stats.n_reused);
    s->stats.read_seconds = now() - start;
    return status;
}

sxt_status sxt_session_logits(sxt_session *s, const float **logits, sxt_error *error) {
    SXT_NEED(s && logits, "the session or the output pointer");
    const text t = held_text(s);
    if (t.n == 0) return sxt_fail(error, SXT_E_ARGUMENT, "the session holds no tokens; sync a prompt first");
    if (t.n > s->plan_length) SXT_TRY(adopt_plan(s, s->plan.n_prompt, t.n, error));
    SXT_TRY(catch_up(s, &t, false, error));
    *logits = s->logits;
    return SXT_OK;
}

sxt_status sxt_session_next(sxt_session *s, int32_t *token, sxt_error *error) {
    SXT_NEED(s && token, "the session or the output pointer");
    if (s->history.n >= s->params.n_ctx)
        return sxt_fail(error, SXT_E_LIMIT, "the context of %lld tokens is full; ask for a longer context",
                        (long long)s->params.n_ctx);
    const float *logits;
    double start = now();
    SXT_TRY(sxt_session_logits(s, &logits, error));
    int64_t n_seen = sxt_min_i64(s->history.n, s->memory.n_nearest); /* however much more happens to be held */
    *token =
        sxt_sampler_choose(&s->sampler, logits, sxt_history_at(&s->history, s->history.n - n_seen), n_seen);
    sxt_history_add(&s->history, token, 1);
    s->stats.n_generated++;
    s->stats.generate_seconds += now() - start;
    return SXT_OK;
}

sxt_status sxt_session_set_sampler(sxt_session *s, const sxt_sampler_params *params, sxt_error *error) {
    SXT_NEED(s && params, "the session or the parameters");
    return sxt_sampler_set(&s->sampler, params, error);
}

/* Hands over the logits of the chunk of n tokens that ends at n_cached, from first_pos on. */
static sxt_status hand_over(sxt_session *s, int64_t n, int64_t first_pos, sxt_logits_fn fn, void *user,
                            sxt_error *error) {
    int64_t n_vocab = s->model->hparams.n_vocab, start = s->n_cached - n;
    for (int64_t pos = sxt_max_i64(start, first_pos); pos < s->n_cached; pos += SXT_SCAN_ROWS) {
        int64_t n_rows = sxt_min_i64(SXT_SCAN_ROWS, s->n_cached - pos);
        sxt_forward_logits(s->forward, pos - start, n_rows, s->scan_logits);
        for (int64_t r = 0; r < n_rows; r++) {
            const float *row = s->scan_logits + r * n_vocab;
            SXT_TRY(check_finite(s, row, error));
            if (!fn(user, pos + r, row))
                return sxt_fail(error, SXT_E_CANCELLED, "stopped at position %lld", (long long)(pos + r));
        }
    }
    return SXT_OK;
}

sxt_status sxt_session_scan(sxt_session *s, const int32_t *tokens, int64_t n_tokens, int64_t first_pos,
                            sxt_logits_fn fn, void *user, sxt_error *error) {
    SXT_NEED(s && fn, "the session or the callback");
    SXT_TRY(check_tokens(s, tokens, n_tokens, error));
    if (first_pos < 0 || first_pos >= n_tokens)
        return sxt_fail(error, SXT_E_ARGUMENT, "first_pos is %lld; give 0 to %lld", (long long)first_pos,
                        (long long)n_tokens - 1);
    size_t n_logits = (size_t)SXT_SCAN_ROWS * (size_t)s->model->hparams.n_vocab;
    if (!s->scan_logits) s->scan_logits = sxt_alloc(n_logits, sizeof(float));
    if (!s->scan_logits) return sxt_fail_memory(error, "logits", n_logits * sizeof(float));
    const text t = {tokens, n_tokens};
    sxt_session_truncate(s, 0);
    take_tokens(s, &t);
    SXT_TRY(adopt_plan(s, n_tokens, n_tokens, error));
    start_stats(s);
    SXT_TRY(heed_cancel(s, &t, error));
    double start = now();
    while (s->n_cached < n_tokens) {
        int64_t n;
        SXT_TRY(read_chunk(s, &t, first_pos, &n, error));
        SXT_TRY(hand_over(s, n, first_pos, fn, user, error));
        SXT_TRY(report_progress(s, &t, error));
    }
    s->stats.n_read = n_tokens;
    s->stats.read_seconds = now() - start;
    return SXT_OK;
}

sxt_status sxt_session_rollback(sxt_session *s, int64_t n_tokens, sxt_error *error) {
    SXT_NEED(s, "the session");
    if (n_tokens < 0 || n_tokens > s->history.n)
        return sxt_fail(error, SXT_E_ARGUMENT, "cannot roll back to %lld tokens; the session holds %lld",
                        (long long)n_tokens, (long long)s->history.n);
    if (n_tokens > 0 && !sxt_session_can_return(s, n_tokens))
        return sxt_fail(error, SXT_E_LIMIT,
                        "cannot roll back to %lld tokens: what they see is forgotten under this plan; go back "
                        "to %lld or more, or sync the text from its beginning",
                        (long long)n_tokens, (long long)(s->oldest + s->memory.n_nearest));
    sxt_session_truncate(s, n_tokens);
    return SXT_OK;
}

static void fill_history(sxt_session *s, int64_t n_tokens) {
    static const int32_t zeros[SXT_HISTORY_BLOCK];
    sxt_session_truncate(s, 0);
    while (s->history.n < n_tokens) {
        int64_t most = sxt_min_i64(SXT_HISTORY_BLOCK, sxt_history_left(&s->history));
        sxt_history_add(&s->history, zeros, sxt_min_i64(most, n_tokens - s->history.n));
        s->oldest = sxt_kv_room_oldest(&s->cache.room, s->history.n);
        sxt_history_forget(&s->history, s->oldest);
    }
}

sxt_status sxt_session_fill(sxt_session *s, int64_t n_tokens, sxt_error *error) {
    SXT_NEED(s, "the session");
    if (n_tokens < 1 || n_tokens > s->params.n_ctx)
        return sxt_fail(error, SXT_E_ARGUMENT, "cannot fill %lld tokens; the context holds 1 to %lld",
                        (long long)n_tokens, (long long)s->params.n_ctx);
    SXT_TRY(sxt_kv_cache_fill(&s->cache, n_tokens, 1, error));
    fill_history(s, n_tokens);
    s->n_cached = n_tokens;
    s->has_logits = false;
    return adopt_plan(s, n_tokens, n_tokens, error);
}
