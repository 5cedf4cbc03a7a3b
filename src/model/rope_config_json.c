/* Rotary parameters of a config.json. */
#include "model/rope_config.h"
#include "model/rope_config_parts.h"

#include <string.h>

static sxt_status hf_yarn(const sxt_config *config, int64_t n_ctx_train, sxt_rope_params *rope,
                          sxt_error *error) {
    bool found, has_mscale, has_all, is_tuned, truncate = true;
    double mscale = 0, mscale_all = 0;
    rope->scaling = SXT_ROPE_YARN;
    SXT_TRY(sxt_rope_read_betas(config, rope, error));
    SXT_TRY(sxt_rope_read_original(config, n_ctx_train, rope, error));
    SXT_TRY(sxt_config_bool(config, (sxt_config_key){NULL, "truncate"}, &truncate, &found, error));
    /* Says where the scaling comes from, changes nothing. */
    SXT_TRY(sxt_config_bool(config, (sxt_config_key){NULL, "finetuned"}, &is_tuned, &found, error));
    rope->exact_ramp = !truncate;
    SXT_TRY(sxt_config_number(config, (sxt_config_key){NULL, "mscale"}, 0, 100, &mscale, &has_mscale, error));
    SXT_TRY(sxt_config_number(config, (sxt_config_key){NULL, "mscale_all_dim"}, 0, 100, &mscale_all, &has_all,
                              error));
    if (mscale > 0 && mscale_all > 0)
        rope->attention_factor =
            sxt_rope_yarn_scale(rope->factor, mscale) / sxt_rope_yarn_scale(rope->factor, mscale_all);
    return sxt_config_number(config, (sxt_config_key){NULL, "attention_factor"}, 0.01, 100,
                             &rope->attention_factor, &found, error);
}

static sxt_status hf_llama3(const sxt_config *config, int64_t n_ctx_train, sxt_rope_params *rope,
                            sxt_error *error) {
    rope->scaling = SXT_ROPE_LLAMA3;
    SXT_TRY(sxt_rope_read_original(config, n_ctx_train, rope, error));
    SXT_TRY(sxt_config_number(config, (sxt_config_key){NULL, "low_freq_factor"}, 1e-3, 1e6,
                              &rope->low_freq_factor, NULL, error));
    SXT_TRY(sxt_config_number(config, (sxt_config_key){NULL, "high_freq_factor"}, 1e-3, 1e6,
                              &rope->high_freq_factor, NULL, error));
    if (rope->high_freq_factor <= rope->low_freq_factor)
        return sxt_fail(error, SXT_E_FORMAT, "%shigh_freq_factor is %g; needed more than low_freq_factor %g",
                        config->where, rope->high_freq_factor, rope->low_freq_factor);
    return SXT_OK;
}

/* Refused rather than left out: what they say would change the angles. */
static sxt_status refuse_scales(const sxt_config *config, sxt_error *error) {
    static const char *const names[] = {"short_mscale", "long_mscale"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (!sxt_json_is_none(sxt_json_get(config->json, names[i])))
            return sxt_fail(error, SXT_E_UNSUPPORTED,
                            "%s%s: a scale for each of longrope's lists is not supported", config->where,
                            names[i]);
    return SXT_OK;
}

/* n numbers; `list` may be NULL: they are checked alone. */
static sxt_status read_list(const sxt_config *config, bool is_long, int32_t n, float *list, sxt_error *error) {
    const char *name = is_long ? "long_factor" : "short_factor";
    const sxt_json *node = sxt_json_get(config->json, name);
    if (sxt_json_is_none(node))
        return sxt_fail(error, SXT_E_FORMAT, "%s%s is missing; longrope cannot be computed without it",
                        config->where, name);
    if (sxt_json_kind_of(node) != SXT_JSON_ARRAY)
        return sxt_fail(error, SXT_E_FORMAT, "%s%s has a value of the wrong kind; needed an array of numbers",
                        config->where, name);
    if (sxt_json_size(node) != (size_t)n)
        return sxt_fail(error, SXT_E_FORMAT,
                        "%s%s has %zu numbers; needed %d, half of the rotated dimensions of a head",
                        config->where, name, sxt_json_size(node), n);
    for (int32_t i = 0; i < n; i++) {
        double value;
        if (!sxt_json_number(sxt_json_at(node, (size_t)i), &value))
            return sxt_fail(error, SXT_E_FORMAT, "%s%s[%d] has a value of the wrong kind; needed a number",
                            config->where, name, i);
        if (!(value >= 1e-6 && value <= 1e6))
            return sxt_fail(error, SXT_E_FORMAT, "%s%s[%d] is %g; needed 1e-06 to 1e+06", config->where, name,
                            i, value);
        if (list) list[i] = (float)value;
    }
    return SXT_OK;
}

/* Phi-3 keeps the original window outside the block. */
static sxt_status hf_longrope(const sxt_config *config, const sxt_config *whole, int64_t n_ctx_train,
                              sxt_rope_params *rope, sxt_error *error) {
    const sxt_json *inside = sxt_json_get(config->json, "original_max_position_embeddings");
    bool has_factor, found;
    rope->scaling = SXT_ROPE_LONGROPE;
    SXT_TRY(refuse_scales(config, error));
    SXT_TRY(read_list(config, true, rope->n_rot / 2, NULL, error));
    SXT_TRY(read_list(config, false, rope->n_rot / 2, NULL, error));
    SXT_TRY(sxt_rope_read_original(sxt_json_is_none(inside) ? whole : config, n_ctx_train, rope, error));
    SXT_TRY(sxt_config_number(config, (sxt_config_key){NULL, "factor"}, SXT_ROPE_MIN_FACTOR,
                              SXT_ROPE_MAX_FACTOR, &rope->factor, &has_factor, error));
    SXT_TRY(sxt_rope_longrope_factor(config, n_ctx_train, has_factor, rope, error));
    return sxt_config_number(config, (sxt_config_key){NULL, "attention_factor"}, 0.01, 100,
                             &rope->attention_factor, &found, error);
}

/* "default" when the block says nothing at all. `key` is the name that the file uses. */
static sxt_status read_type(const sxt_config *config, sxt_config_key *key, const char **type, size_t *n,
                            sxt_error *error) {
    bool found;
    *type = "default";
    *n = strlen(*type);
    SXT_TRY(sxt_config_string(config, *key, type, n, &found, error));
    if (!found) {
        key->hf = "type"; /* the name until 2024 */
        SXT_TRY(sxt_config_string(config, *key, type, n, &found, error));
    }
    if (!found && (sxt_json_get(config->json, "factor") || sxt_json_get(config->json, "long_factor")))
        return sxt_fail(error, SXT_E_FORMAT,
                        "%srope_type is missing; needed linear, dynamic, yarn, llama3 or longrope",
                        config->where);
    return SXT_OK;
}

static sxt_status hf_scaling(const sxt_config *config, const sxt_config *whole, int64_t n_ctx_train,
                             sxt_rope_params *rope, sxt_error *error) {
    sxt_config_key key = {NULL, "rope_type"};
    const char *type;
    size_t n;
    SXT_TRY(read_type(config, &key, &type, &n, error));
    if (sxt_rope_is_named(type, n, "default")) return SXT_OK;
    if (sxt_rope_is_named(type, n, "longrope") || sxt_rope_is_named(type, n, "su"))
        return hf_longrope(config, whole, n_ctx_train, rope, error);
    bool is_linear = sxt_rope_is_named(type, n, "linear"), is_yarn = sxt_rope_is_named(type, n, "yarn");
    bool is_dynamic = sxt_rope_is_named(type, n, "dynamic");
    if (!is_linear && !is_yarn && !is_dynamic && !sxt_rope_is_named(type, n, "llama3"))
        return sxt_rope_fail_scaling(config, key, type, n, error);
    SXT_TRY(sxt_config_number(config, (sxt_config_key){NULL, "factor"}, SXT_ROPE_MIN_FACTOR,
                              SXT_ROPE_MAX_FACTOR, &rope->factor, NULL, error));
    if (is_yarn) return hf_yarn(config, n_ctx_train, rope, error);
    rope->scaling = is_linear ? SXT_ROPE_LINEAR : SXT_ROPE_DYNAMIC;
    if (is_linear) return SXT_OK;
    if (is_dynamic) return sxt_rope_read_original(config, n_ctx_train, rope, error);
    return hf_llama3(config, n_ctx_train, rope, error);
}

/* An object of this name, NULL in *node when absent; anything else is refused. */
static sxt_status find_object(const sxt_config *config, const char *name, const sxt_json **node,
                              sxt_error *error) {
    const sxt_json *member = sxt_json_get(config->json, name);
    if (sxt_json_is_none(member)) return SXT_OK;
    if (sxt_json_kind_of(member) != SXT_JSON_OBJECT)
        return sxt_fail(error, SXT_E_FORMAT, "%s%s has a value of the wrong kind; needed an object",
                        config->where, name);
    *node = member;
    return SXT_OK;
}

/* The block that holds the parameters; sub->json is NULL where there is none. */
static sxt_status find_block(const sxt_config *config, sxt_config *sub, sxt_error *error) {
    *sub = (sxt_config){.where = "config.json: rope_parameters."};
    SXT_TRY(find_object(config, "rope_parameters", &sub->json, error));
    if (sub->json) return SXT_OK;
    sub->where = "config.json: rope_scaling.";
    return find_object(config, "rope_scaling", &sub->json, error);
}

sxt_status sxt_rope_read_json(const sxt_config *config, int64_t n_ctx_train, sxt_rope_params *rope,
                              sxt_error *error) {
    static const sxt_config_key theta = {NULL, "rope_theta"};
    sxt_config sub;
    bool found;
    SXT_TRY(find_block(config, &sub, error));
    if (!sub.json) return SXT_OK;
    for (void *it = sxt_json_next(sub.json, NULL); it; it = sxt_json_next(sub.json, it))
        if (sxt_json_kind_of(sxt_json_value(it)) == SXT_JSON_OBJECT)
            return sxt_fail(error, SXT_E_UNSUPPORTED,
                            "%s%.64s is an object; rotary parameters that differ between layers are not "
                            "supported",
                            sub.where, sxt_json_key(it));
    SXT_TRY(
        sxt_config_number(&sub, theta, SXT_ROPE_MIN_THETA, SXT_ROPE_MAX_THETA, &rope->theta, &found, error));
    return hf_scaling(&sub, config, n_ctx_train, rope, error);
}

sxt_status sxt_rope_config_list(const sxt_json *document, bool is_long, int32_t n, float *list,
                                sxt_error *error) {
    const sxt_config config = {NULL, document, "config.json: "};
    sxt_config sub;
    SXT_TRY(find_block(&config, &sub, error));
    return read_list(&sub, is_long, n, list, error);
}
