#include "infer/session.h"

#include "base/memory.h"
#include "base/num.h"

#include <stdio.h>
#include <string.h>

enum { MAX_CHUNK = 65536, DEFAULT_CHUNK = 512 };

sxt_session_params sxt_session_params_default(void) { return (sxt_session_params){.kv_type = SXT_TYPE_F16}; }

sxt_plan_model sxt_session_plan_model(const sxt_model *model) {
    const sxt_hparams *h = &model->hparams;
    bool all_slide = h->n_sliding == h->n_layers;
    return (sxt_plan_model){.n_ctx_train = h->n_ctx_train,
                            .sliding_window = all_slide ? h->sliding_window : 0,
                            .rotary = h->traits.alibi == 0,
                            .rope = &h->rope};
}

static bool leaves_local_alone(const sxt_model *model, bool window_off) {
    return sxt_hparams_local_alone(&model->hparams) && !window_off;
}

bool sxt_session_plan_idle(const sxt_model *model, const sxt_plan *plan) {
    const sxt_hparams *h = &model->hparams;
    return h->n_sliding == h->n_layers && leaves_local_alone(model, plan->window_off);
}

/* Layers that plans leave alone see their own window under every plan. Who wants to read again what an earlier
 * plan made needs all of it. */
sxt_plan_memory sxt_session_plan_memory(const sxt_model *model, const sxt_session_params *p,
                                        const sxt_plan_request *request) {
    const sxt_hparams *h = &model->hparams;
    sxt_plan_memory memory = sxt_plan_request_memory(request);
    if (leaves_local_alone(model, request->fixed.window_off))
        memory.n_nearest = sxt_max_i64(memory.n_nearest, h->sliding_window);
    if (p->reread) memory.n_nearest = INT64_MAX;
    return memory;
}

static sxt_status parse_plan(const sxt_model *model, const sxt_session_params *p, sxt_plan_request *request,
                             sxt_error *error) {
    sxt_plan_model plan_model = sxt_session_plan_model(model);
    return sxt_plan_parse(p->plan ? p->plan : "auto", &plan_model, request, error);
}

/* A session that forgets costs the same for every length. */
static sxt_status standard_context(const sxt_model *model, sxt_session_params *p, sxt_error *error) {
    sxt_plan_request request;
    SXT_TRY(parse_plan(model, p, &request, error));
    bool forgets = sxt_session_plan_memory(model, p, &request).n_nearest < INT64_MAX;
    p->n_ctx = forgets ? SXT_MOST_CTX : model->hparams.n_ctx_train;
    return SXT_OK;
}

sxt_status sxt_session_params_check(const sxt_model *model, const sxt_session_params *given,
                                    sxt_session_params *p, sxt_error *error) {
    if (model->vocab_only)
        return sxt_fail(error, SXT_E_ARGUMENT,
                        "%s was opened for its vocabulary alone; open it with its weights", model->path);
    *p = given ? *given : sxt_session_params_default();
    if (!p->plan) p->plan = "auto";
    if (p->n_ctx == 0) SXT_TRY(standard_context(model, p, error));
    if (p->n_threads == 0) p->n_threads = sxt_cpu_count();
    if (p->chunk == 0) p->chunk = DEFAULT_CHUNK;
    if (p->n_ctx < 1 || p->n_ctx > SXT_MOST_CTX)
        return sxt_fail(error, SXT_E_ARGUMENT, "the context is %lld tokens; give 1 to %lld",
                        (long long)p->n_ctx, (long long)SXT_MOST_CTX);
    if (p->n_threads < 1 || p->n_threads > SXT_MAX_THREADS)
        return sxt_fail(error, SXT_E_ARGUMENT, "the number of threads is %d; give 1 to %d", (int)p->n_threads,
                        (int)SXT_MAX_THREADS);
    if (p->chunk < 1 || p->chunk > MAX_CHUNK)
        return sxt_fail(error, SXT_E_ARGUMENT, "the chunk is %d tokens; give 1 to %d", (int)p->chunk,
                        (int)MAX_CHUNK);
    if (!sxt_kv_type_known(p->kv_type))
        return sxt_fail(error, SXT_E_UNSUPPORTED, "the cache type is number %d; give " SXT_KV_TYPES,
                        (int)p->kv_type);
    if (p->precision != SXT_PRECISION_FAST && p->precision != SXT_PRECISION_F32)
        return sxt_fail(error, SXT_E_ARGUMENT, "the precision is number %d; give fast (0) or f32 (1)",
                        (int)p->precision);
    if (p->chunk > p->n_ctx) p->chunk = (int32_t)p->n_ctx;
    return SXT_OK;
}

/* Tokens that are kept as long as the cache has a place for them, and a chunk that waits to be read. */
static int64_t history_room(const sxt_kv_room *room, const sxt_session_params *p) {
    return room->n_ring > 0 ? room->n_tokens + p->chunk : p->n_ctx;
}

int64_t sxt_session_local_rows(const sxt_model *model, int64_t length) {
    return sxt_min_i64(length, model->hparams.sliding_window + SXT_PLAN_MAX_SPAN) + 1;
}

/* Everything that a session allocates is counted here. */
sxt_status sxt_session_memory(const sxt_model *model, const sxt_session_params *p, sxt_memory_plan *plan,
                              sxt_error *error) {
    const sxt_hparams *h = &model->hparams;
    uint64_t row = sxt_kv_row_bytes(p->kv_type, h->head_dim);
    uint64_t per_token = 2 * (uint64_t)h->n_layers * (uint64_t)h->n_kv_heads * row;
    uint64_t worst;
    sxt_plan_request request;
    SXT_TRY(parse_plan(model, p, &request, error));
    sxt_kv_room room = sxt_kv_room_for(p->n_ctx, sxt_session_plan_memory(model, p, &request), p->chunk);
    if (!sxt_mul_ok(per_token, (uint64_t)room.n_tokens + SXT_KV_BLOCK, &worst) || worst > (uint64_t)1 << 60)
        return sxt_fail(error, SXT_E_MEMORY,
                        "a context of %lld tokens needs more memory than any machine has; ask for less",
                        (long long)p->n_ctx);
    memset(plan, 0, sizeof *plan);
    for (int64_t i = 0; i < sxt_source_n_tensors(&model->source); i++)
        plan->weights_bytes += sxt_source_tensor_at(&model->source, i)->n_bytes;
    plan->private_bytes = model->weights.private_bytes;
    if (p->precision == SXT_PRECISION_FAST) { /* instead of their pages of the file */
        plan->private_bytes += sxt_packed_weights_bytes(model->packed);
        plan->weights_bytes -= sxt_packed_weights_file_bytes(model->packed);
    }
    plan->kv_bytes = sxt_kv_cache_bytes(p->kv_type, h->n_layers, h->n_kv_heads, h->head_dim, room.n_tokens);
    sxt_plan chosen = sxt_plan_choose(&request, p->n_ctx, NULL, NULL, 0);
    int64_t n_local = sxt_hparams_local_rope(h) ? sxt_session_local_rows(model, p->n_ctx) + 1 : 0;
    int64_t n_plan = sxt_session_plan_idle(model, &chosen) ? 0 : sxt_plan_n_rows(&chosen, p->n_ctx);
    uint64_t angles = (uint64_t)(n_plan + n_local) * sxt_rope_row_bytes(h->rope.n_rot);
    uint64_t vocab = (uint64_t)h->n_vocab * ((1 + SXT_SCAN_ROWS) * sizeof(float) + sizeof(sxt_candidate));
    plan->scratch_bytes = sxt_forward_bytes(model, p->n_threads, p->chunk) + angles + vocab +
                          (uint64_t)history_room(&room, p) * sizeof(int32_t);
    plan->total_bytes = plan->weights_bytes + plan->private_bytes + plan->kv_bytes + plan->scratch_bytes;
    plan->available_bytes = sxt_memory_available();
    return SXT_OK;
}

static const char *smaller_cache(sxt_type type) {
    if (type == SXT_TYPE_F32) return " or an F16 cache";
    return type == SXT_TYPE_F16 || type == SXT_TYPE_BF16 ? " or a Q8_0 cache" : "";
}

/* Refuses before anything is allocated. Mapped weights can be dropped and read again by the system, so
 * only what must stay in memory is held against what is there. */
static sxt_status check_memory(const sxt_model *model, const sxt_session_params *p, sxt_session_stats *stats,
                               sxt_error *error) {
    sxt_memory_plan plan;
    SXT_TRY(sxt_session_memory(model, p, &plan, error));
    uint64_t needed = plan.kv_bytes + plan.scratch_bytes, packed = 0;
    if (p->precision == SXT_PRECISION_FAST && !sxt_packed_weights_made(model->packed))
        packed = sxt_packed_weights_bytes(model->packed);
    if (plan.available_bytes != 0 && packed > plan.available_bytes)
        return sxt_fail(error, SXT_E_MEMORY,
                        "packing the weights for fast products needs %.0f MiB, %.0f MiB are available; close "
                        "other programs or ask for f32 precision, which reads them from the file",
                        (double)packed / (1 << 20), (double)plan.available_bytes / (1 << 20));
    if (plan.available_bytes != 0 && needed > plan.available_bytes - packed)
        return sxt_fail(
            error, SXT_E_MEMORY,
            "a context of %lld tokens needs %.0f MiB (cache %.0f MiB), %.0f MiB are available; ask for a "
            "shorter context%s",
            (long long)p->n_ctx, (double)needed / (1 << 20), (double)plan.kv_bytes / (1 << 20),
            (double)(plan.available_bytes - packed) / (1 << 20), smaller_cache(p->kv_type));
    stats->kv_bytes = plan.kv_bytes;
    stats->total_bytes = needed;
    return SXT_OK;
}

static sxt_status make_parts(sxt_session *s, sxt_error *error) {
    const sxt_model *model = s->model;
    const sxt_hparams *h = &model->hparams;
    const sxt_session_params *p = &s->params;
    int32_t n_named = sxt_tokenizer_n_vocab(model->tokenizer);
    SXT_TRY(check_memory(model, p, &s->stats, error));
    SXT_TRY(sxt_pool_new(p->n_threads, &s->pool, error));
    if (p->precision == SXT_PRECISION_FAST) SXT_TRY(sxt_packed_weights_make(model->packed, s->pool, error));
    SXT_TRY(sxt_forward_new(model, s->pool, p->chunk, p->precision, &s->forward, error));
    sxt_rope_params rope;
    sxt_plan_rope(&s->plan, &h->rope, 0, &rope);
    SXT_TRY(sxt_rope_new(&rope, &s->rope, error));
    if (sxt_hparams_local_rope(h)) SXT_TRY(sxt_rope_new(sxt_hparams_local_rope(h), &s->local_rope, error));
    sxt_kv_room room = sxt_kv_room_for(p->n_ctx, s->memory, p->chunk);
    SXT_TRY(sxt_kv_cache_make(&s->cache, p->kv_type, h->n_layers, h->n_kv_heads, h->head_dim, &room, error));
    SXT_TRY(sxt_sampler_make(&s->sampler, n_named < h->n_vocab ? n_named : h->n_vocab, error));
    s->logits = sxt_alloc((size_t)h->n_vocab, sizeof *s->logits);
    if (!s->logits) return sxt_fail_memory(error, "logits", (uint64_t)h->n_vocab * sizeof *s->logits);
    return sxt_history_make(&s->history, history_room(&room, p), error);
}

sxt_status sxt_session_new(const sxt_model *model, const sxt_session_params *params, sxt_session **out,
                           sxt_error *error) {
    sxt_session_params checked;
    SXT_NEED(model && out, "the model or the output pointer");
    SXT_TRY(sxt_session_params_check(model, params, &checked, error));
    sxt_plan_request request;
    SXT_TRY(parse_plan(model, &checked, &request, error));
    sxt_session *s = sxt_alloc(1, sizeof *s);
    if (!s) return sxt_fail_memory(error, "a session", sizeof *s);
    s->model = model;
    s->params = checked;
    s->request = request;
    s->memory = sxt_session_plan_memory(model, &checked, &request);
    snprintf(s->asked, sizeof s->asked, "%s", checked.plan);
    s->params.plan = s->asked;
    s->plan = sxt_plan_choose(&request, 0, NULL, s->reason, sizeof s->reason);
    sxt_status status = make_parts(s, error);
    if (status == SXT_OK)
        *out = s;
    else
        sxt_session_free(s);
    return status;
}

void sxt_session_free(sxt_session *s) {
    if (!s) return;
    sxt_sampler_free(&s->sampler);
    sxt_kv_cache_free(&s->cache);
    sxt_rope_free(s->rope);
    sxt_rope_free(s->local_rope);
    sxt_forward_free(s->forward);
    sxt_pool_free(s->pool);
    sxt_free(s->scan_logits);
    sxt_free(s->logits);
    sxt_history_free(&s->history);
    sxt_free(s);
}
