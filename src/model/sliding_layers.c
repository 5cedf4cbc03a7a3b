/* Which layers have a sliding window, in each of the ways that files say it. */
#include "model/hparams_parts.h"

#include <stdio.h>
#include <string.h>

#define MAX_CONTEXT ((int64_t)1 << 31)

static sxt_status read_window(const sxt_config *config, sxt_hparams *h, sxt_error *error) {
    const sxt_arch *arch = h->arch;
    const sxt_config_key train = {"context_length", sxt_own_or(arch->keys.n_ctx, "max_position_embeddings")};
    static const sxt_config_key sliding = {"attention.sliding_window", "sliding_window"};
    static const sxt_config_key use = {NULL, "use_sliding_window"};
    bool found, is_used = config->gguf || !arch->window_is_opt_in;
    bool may_miss = !config->gguf && arch->hf_n_ctx > 0;
    h->n_ctx_train = arch->hf_n_ctx;
    SXT_TRY(
        sxt_config_integer(config, train, 1, MAX_CONTEXT, &h->n_ctx_train, may_miss ? &found : NULL, error));
    SXT_TRY(sxt_config_integer(config, sliding, 0, MAX_CONTEXT, &h->sliding_window, &found, error));
    SXT_TRY(sxt_config_bool(config, use, &is_used, &found, error));
    if (!is_used) h->sliding_window = 0;
    return SXT_OK;
}

/* Every layer, all but the last of every `period`, or in config.json those from max_window_layers on. */
static sxt_status read_period(const sxt_config *config, sxt_hparams *h, sxt_error *error) {
    static const sxt_config_key pattern = {NULL, "sliding_window_pattern"}, from = {NULL, "max_window_layers"};
    int64_t period = h->arch->window_period, first = 0;
    bool found;
    if (period > 0) SXT_TRY(sxt_config_integer(config, pattern, 1, SXT_MAX_LAYERS, &period, &found, error));
    if (h->arch->window_is_opt_in) {
        first = config->gguf ? 0 : 28; /* what Qwen's own code takes where the file says nothing */
        SXT_TRY(sxt_config_integer(config, from, 0, INT32_MAX, &first, &found, error));
    }
    for (int32_t i = 0; i < h->n_layers; i++)
        h->slides[i] = i >= first && (period == 0 || (i + 1) % period != 0);
    return SXT_OK;
}

/* Newer files say it for each layer. */
static sxt_status read_layer_types(const sxt_config *config, sxt_hparams *h, sxt_error *error) {
    const sxt_json *types = sxt_json_get(config->json, "layer_types");
    if (sxt_json_is_none(types)) return SXT_OK;
    if (sxt_json_kind_of(types) != SXT_JSON_ARRAY || sxt_json_size(types) != (size_t)h->n_layers)
        return sxt_fail(error, SXT_E_FORMAT, "%slayer_types is not a list of the %d layers", config->where,
                        h->n_layers);
    bool any = false;
    for (int32_t i = 0; i < h->n_layers; i++) {
        const char *text = "";
        size_t n = 0;
        sxt_json_string(sxt_json_at(types, (size_t)i), &text, &n);
        h->slides[i] = n == 17 && memcmp(text, "sliding_attention", n) == 0;
        any |= h->slides[i];
        if (!h->slides[i] && (n != 14 || memcmp(text, "full_attention", n) != 0))
            return sxt_fail(error, SXT_E_UNSUPPORTED,
                            "%slayer_types has something else than full_attention or sliding_attention for "
                            "layer %d",
                            config->where, i);
    }
    if (any && h->sliding_window == 0)
        return sxt_fail(
            error, SXT_E_FORMAT,
            "%slayer_types has layers with sliding_attention, and sliding_window gives them no width; give "
            "one, or make them full_attention",
            config->where);
    return SXT_OK;
}

/* The same in GGUF, as files for llama.cpp have it since 2025. */
static sxt_status read_layer_flags(const sxt_config *config, sxt_hparams *h, sxt_error *error) {
    char key[96];
    snprintf(key, sizeof key, "%sattention.sliding_window_pattern", config->where);
    const sxt_gguf_value *value = config->gguf ? sxt_gguf_find(config->gguf, key) : NULL;
    if (!value) return SXT_OK;
    if (!value->is_array || value->type != SXT_GGUF_BOOL || value->n != (uint64_t)h->n_layers)
        return sxt_fail_at(error, SXT_E_FORMAT, value->offset,
                           "%.100s is not an array of true or false for each of the %d layers", key,
                           h->n_layers);
    for (int32_t i = 0; i < h->n_layers; i++) h->slides[i] = value->data[i] != 0;
    return SXT_OK;
}

void sxt_hparams_settle_windows(sxt_hparams *h) {
    h->n_sliding = 0;
    for (int32_t i = 0; i < h->n_layers; i++) {
        h->slides[i] = h->slides[i] && h->sliding_window > 0;
        h->n_sliding += h->slides[i];
    }
    if (h->n_sliding == 0) h->sliding_window = 0;
}

bool sxt_hparams_local_alone(const sxt_hparams *h) {
    bool follows = h->rope.scaling == SXT_ROPE_DYNAMIC || h->rope.scaling == SXT_ROPE_LONGROPE;
    return h->n_sliding > 0 && h->sliding_window <= h->n_ctx_train && !follows;
}

const sxt_rope_params *sxt_hparams_local_rope(const sxt_hparams *h) {
    if (h->has_local_rope) return &h->local_rope;
    return sxt_hparams_local_alone(h) ? &h->rope : NULL;
}

sxt_status sxt_hparams_read_windows(const sxt_config *config, sxt_hparams *h, sxt_error *error) {
    SXT_TRY(read_window(config, h, error));
    SXT_TRY(read_period(config, h, error));
    SXT_TRY(read_layer_types(config, h, error));
    return read_layer_flags(config, h, error);
}
