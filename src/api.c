/* The public door: each function checks its arguments and calls one internal function. */
#include "infer/session.h"
#include "kernel/kernel.h"
#include "model/convert.h"
#include "model/random_model.h"
#include "model/recipe.h"
#include "op/ceilings.h"
#include "text/chat.h"

#include <stdio.h>
#include <string.h>

uint32_t sxt_version(void) {
    return (uint32_t)SXT_VERSION_MAJOR << 16 | (uint32_t)SXT_VERSION_MINOR << 8 | (uint32_t)SXT_VERSION_PATCH;
}

const char *sxt_kernel_name(void) { return sxt_kernels_get()->name; }

const char *sxt_kernel_level(int index) {
    const sxt_kernels *kernels = sxt_kernels_at(index);
    return kernels ? kernels->name : NULL;
}

int32_t sxt_default_threads(void) { return sxt_cpu_count(); }

sxt_model_params sxt_model_params_default(void) { return (sxt_model_params){.keep_window = true}; }

sxt_status sxt_model_open(const char *path, const sxt_model_params *params, sxt_model **model,
                          sxt_error *error) {
    SXT_NEED(path && *path, "the path of the model");
    SXT_NEED(model, "the model's output pointer");
    sxt_model_params chosen = params ? *params : sxt_model_params_default();
    return sxt_model_load(path, &chosen, model, error);
}

void sxt_model_close(sxt_model *model) { sxt_model_unload(model); }

static int64_t count_parameters(const sxt_model *model) {
    int64_t n = 0;
    for (int64_t i = 0; i < sxt_source_n_tensors(&model->source); i++)
        n += sxt_tensor_elements(sxt_source_tensor_at(&model->source, i));
    return n;
}

uint64_t sxt_model_fingerprint(const sxt_model *model) { return model->fingerprint.low; }

void sxt_model_describe(const sxt_model *model, sxt_model_info *info) {
    const sxt_hparams *h = &model->hparams;
    const sxt_tokenizer *t = model->tokenizer;
    *info = (sxt_model_info){
        .path = model->path,
        .format = model->format,
        .architecture = model->architecture,
        .name = h->name,
        .n_layers = h->n_layers,
        .d_model = h->d_model,
        .n_heads = h->n_heads,
        .n_kv_heads = h->n_kv_heads,
        .head_dim = h->head_dim,
        .n_rot = h->traits.alibi > 0 ? 0 : h->rope.n_rot,
        .n_ff = h->n_ff,
        .n_vocab = model->vocab_only ? sxt_tokenizer_n_vocab(t) : h->n_vocab,
        .n_ctx_train = h->n_ctx_train,
        .sliding_window = h->sliding_window,
        .n_sliding = h->sliding_window > 0 ? h->n_sliding : 0,
        .rope_theta = h->rope.theta,
        .rope_scaling = model->rope_scaling,
        .tied_output = h->tied_output,
        .n_params = count_parameters(model),
        .n_tensors = sxt_source_n_tensors(&model->source),
        .tokenizer = sxt_tokenizer_kind(t),
        .pre_tokenizer = sxt_tokenizer_pre(t),
        .chat_template = sxt_chat_template_name(t),
        .bos_id = sxt_tokenizer_bos(t),
        .eos_id = sxt_tokenizer_eos(t),
        .add_bos = sxt_tokenizer_add_bos(t),
        .add_eos = sxt_tokenizer_add_eos(t),
    };
    for (int64_t i = 0; i < info->n_tensors; i++)
        info->weight_bytes += sxt_source_tensor_at(&model->source, i)->n_bytes;
}

bool sxt_model_tensor(const sxt_model *model, int64_t i, sxt_tensor_info *info) {
    if (i < 0 || i >= sxt_source_n_tensors(&model->source)) return false;
    const sxt_tensor *t = sxt_source_tensor_at(&model->source, i);
    memset(info, 0, sizeof *info);
    info->name = t->name;
    info->type = t->traits ? t->traits->type : SXT_TYPE_F32;
    info->n_dims = t->n_dims;
    memcpy(info->dims, t->dims, sizeof info->dims);
    info->n_bytes = t->n_bytes;
    return true;
}

sxt_status sxt_tokenize(const sxt_model *model, const char *text, size_t n_bytes, uint32_t flags, int32_t **ids,
                        int64_t *n_ids, sxt_error *error) {
    SXT_NEED(model && ids && n_ids, "the model or an output pointer");
    SXT_NEED(text || n_bytes == 0, "the text");
    return sxt_tokenizer_encode(model->tokenizer, text ? text : "", n_bytes, flags, ids, n_ids, error);
}

sxt_status sxt_detokenize(const sxt_model *model, const int32_t *ids, int64_t n_ids, uint32_t flags,
                          char **text, size_t *n_bytes, sxt_error *error) {
    SXT_NEED(model && text && n_bytes, "the model or an output pointer");
    SXT_NEED(n_ids >= 0 && (ids || n_ids == 0), "the ids");
    return sxt_tokenizer_decode(model->tokenizer, ids, n_ids, flags, text, n_bytes, error);
}

sxt_status sxt_token_piece(const sxt_model *model, int32_t id, const char **bytes, size_t *n_bytes,
                           sxt_error *error) {
    SXT_NEED(model && bytes && n_bytes, "the model or an output pointer");
    return sxt_tokenizer_piece(model->tokenizer, id, bytes, n_bytes, error);
}

bool sxt_token_ends(const sxt_model *model, int32_t id) { return sxt_tokenizer_ends(model->tokenizer, id); }

sxt_status sxt_chat_tokens(const sxt_model *model, const char *template_name, const sxt_message *messages,
                           int64_t n_messages, bool add_assistant, int32_t **ids, int64_t *n_ids,
                           sxt_error *error) {
    SXT_NEED(model && ids && n_ids, "the model or an output pointer");
    SXT_NEED(n_messages >= 1 && messages, "a message");
    for (int64_t i = 0; i < n_messages; i++)
        SXT_NEED(messages[i].role && (messages[i].content || messages[i].n_bytes == 0),
                 "a message's role or content");
    return sxt_chat_encode(model->tokenizer, template_name, messages, n_messages, add_assistant, ids, n_ids,
                           error);
}

const char *sxt_plan_name(int64_t i, const char **summary) { return sxt_plan_method_at(i, summary); }

const char *sxt_plan_add_on(int64_t i, const char **summary) { return sxt_plan_add_on_at(i, summary); }

const char *sxt_plan_source(const char *name) { return name ? sxt_plan_source_of(name) : NULL; }

bool sxt_plan_parameter(const sxt_model *model, const char *name, int64_t i,
                        sxt_plan_parameter_info *parameter) {
    sxt_plan_parameter_info all[SXT_PLAN_MAX_OPTIONS];
    sxt_plan_model plan_model = {0};
    if (!name || !parameter || (model && model->vocab_only)) return false;
    if (model) plan_model = sxt_session_plan_model(model);
    int n = sxt_plan_parameters(name, model ? &plan_model : NULL, all);
    if (i < 0 || i >= n) return false;
    *parameter = all[i];
    return true;
}

static void describe_plan(const sxt_model *model, const sxt_plan_request *request, const sxt_plan *plan,
                          sxt_plan_memory memory, int64_t length, const char *asked, const char *reason,
                          sxt_plan_info *info) {
    memset(info, 0, sizeof *info);
    sxt_plan_print(plan, info->plan, sizeof info->plan);
    snprintf(info->asked, sizeof info->asked, "%s", asked);
    snprintf(info->reason, sizeof info->reason, "%s", reason);
    info->length = length;
    info->idle = sxt_session_plan_idle(model, plan);
    info->limit = info->idle ? INT64_MAX : sxt_plan_limit(plan);
    info->within_limit = length <= info->limit;
    info->n_remembered = memory.n_nearest == INT64_MAX ? INT64_MAX : memory.n_first + memory.n_nearest;
    if (!info->within_limit) sxt_plan_advice(request, plan, length, info->advice, sizeof info->advice);
}

sxt_status sxt_plan_resolve(const sxt_model *model, const char *plan, int64_t length, sxt_plan_info *info,
                            sxt_error *error) {
    SXT_NEED(model && plan && info, "the model, the plan or the output pointer");
    SXT_NEED(!model->vocab_only, "the model's weights");
    SXT_NEED(length >= 0, "a length of 0 or more");
    sxt_plan_model plan_model = sxt_session_plan_model(model);
    sxt_plan_request request;
    SXT_TRY(sxt_plan_parse(plan, &plan_model, &request, error));
    char reason[sizeof info->reason];
    sxt_plan chosen = sxt_plan_choose(&request, length, NULL, reason, sizeof reason);
    if (sxt_plan_lacks_prompt(&chosen)) chosen.n_prompt = length;
    sxt_plan_memory memory = sxt_session_plan_memory(model, &(sxt_session_params){0}, &request);
    describe_plan(model, &request, &chosen, memory, length, plan, reason, info);
    return SXT_OK;
}

sxt_status sxt_memory_needed(const sxt_model *model, const sxt_session_params *params, sxt_memory_plan *plan,
                             sxt_error *error) {
    SXT_NEED(model && plan, "the model or the output pointer");
    sxt_session_params checked;
    SXT_TRY(sxt_session_params_check(model, params, &checked, error));
    return sxt_session_memory(model, &checked, plan, error);
}

const int32_t *sxt_session_tokens(const sxt_session *session, int64_t *n_tokens) {
    const sxt_history *history = &session->history;
    *n_tokens = history->n - history->first;
    return history->tokens;
}

void sxt_session_describe(const sxt_session *session, sxt_session_stats *stats) {
    *stats = session->stats;
    stats->n_tokens = session->history.n;
}

void sxt_session_plan(const sxt_session *s, sxt_plan_info *info) {
    describe_plan(s->model, &s->request, &s->plan, s->memory, s->plan_length, s->asked, s->reason, info);
}

static sxt_status count_threads(int32_t asked, int32_t *n, sxt_error *error) {
    *n = asked == 0 ? sxt_default_threads() : asked;
    if (*n >= 1 && *n <= SXT_MAX_THREADS) return SXT_OK;
    return sxt_fail(error, SXT_E_ARGUMENT, "the number of threads is %d; give 1 to %d", (int)*n,
                    (int)SXT_MAX_THREADS);
}

sxt_status sxt_measure_ceilings(int32_t n_threads, sxt_ceilings *ceilings, sxt_error *error) {
    SXT_NEED(ceilings, "the output pointer");
    int32_t n;
    sxt_pool *pool;
    SXT_TRY(count_threads(n_threads, &n, error));
    SXT_TRY(sxt_pool_new(n, &pool, error));
    sxt_status status = sxt_ceilings_measure(pool, ceilings, error);
    sxt_pool_free(pool);
    return status;
}

sxt_convert_params sxt_convert_params_default(void) { return (sxt_convert_params){.type = "f16"}; }

sxt_status sxt_convert(const char *input, const char *output, const sxt_convert_params *params,
                       sxt_convert_report *report, sxt_error *error) {
    SXT_NEED(input && *input, "the input's path");
    SXT_NEED(output && *output, "the output's path");
    sxt_model_params model_params = sxt_model_params_default();
    sxt_convert_params chosen = params ? *params : sxt_convert_params_default();
    sxt_convert_report told;
    sxt_model *model;
    SXT_TRY(sxt_model_load(input, &model_params, &model, error));
    sxt_status status = sxt_convert_model(model, output, &chosen, &told, error);
    if (status == SXT_E_NUMERIC || status == SXT_E_FORMAT) sxt_fail_in(error, status, input);
    if (status == SXT_OK && report) *report = told;
    sxt_model_unload(model);
    return status;
}

sxt_status sxt_convert_random(const char *config, const char *vocab, const char *output, uint64_t seed,
                              const sxt_convert_params *params, sxt_error *error) {
    SXT_NEED(config && *config, "the path of config.json");
    SXT_NEED(vocab && *vocab, "the path of the vocabulary");
    SXT_NEED(output && *output, "the output's path");
    sxt_convert_params chosen = params ? *params : sxt_convert_params_default();
    if (!chosen.type) chosen.type = "f16";
    SXT_TRY(count_threads(chosen.n_threads, &chosen.n_threads, error));
    return sxt_random_model_write(config, vocab, output, seed, &chosen, error);
}

const char *sxt_convert_type(int64_t i, const char **summary) {
    const sxt_recipe *recipe = sxt_recipe_at(i);
    if (recipe && summary) *summary = recipe->summary;
    return recipe ? recipe->name : NULL;
}
