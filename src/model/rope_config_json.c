/* Rotary parameters of a config.json. */
#include "model/rope_block.h"
#include "model/rope_config.h"
#include "model/rope_config_parts.h"

#include <math.h>

/* found NULL: it has to be there. */
static sxt_status read_factor(const sxt_config *block, sxt_rope_params *rope, bool *found, sxt_error *error) {
    static const sxt_config_key key = {NULL, "factor"};
    double factor;
    bool is_there;
    SXT_TRY(sxt_config_number(block, key, -HUGE_VAL, HUGE_VAL, &factor, &is_there, error));
    if (found) *found = is_there;
    if (!is_there && found) return SXT_OK;
    if (!is_there)
        return sxt_fail(error, SXT_E_FORMAT,
                        "%sfactor is missing; give it, or remove the block where nothing is scaled",
                        block->where);
    if (factor < SXT_ROPE_MIN_FACTOR || factor > SXT_ROPE_MAX_FACTOR)
        return sxt_fail(error, SXT_E_FORMAT,
                        "%sfactor is %g; needed %g to %g, or no block where nothing is scaled", block->where,
                        factor, SXT_ROPE_MIN_FACTOR, SXT_ROPE_MAX_FACTOR);
    rope->factor = factor;
    return SXT_OK;
}

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
    SXT_TRY(read_factor(config, rope, &has_factor, error));
    SXT_TRY(sxt_rope_longrope_factor(config, n_ctx_train, has_factor, rope, error));
    return sxt_config_number(config, (sxt_config_key){NULL, "attention_factor"}, 0.01, 100,
                             &rope->attention_factor, &found, error);
}

static sxt_status hf_scaling(const sxt_config *config, const sxt_config *whole, int64_t n_ctx_train,
                             sxt_rope_params *rope, sxt_error *error) {
    sxt_config_key key;
    const char *type;
    size_t n;
    SXT_TRY(sxt_rope_block_type(config, &key, &type, &n, error));
    if (sxt_rope_is_named(type, n, "default")) return SXT_OK;
    if (sxt_rope_is_named(type, n, "longrope") || sxt_rope_is_named(type, n, "su"))
        return hf_longrope(config, whole, n_ctx_train, rope, error);
    bool is_linear = sxt_rope_is_named(type, n, "linear"), is_yarn = sxt_rope_is_named(type, n, "yarn");
    bool is_dynamic = sxt_rope_is_named(type, n, "dynamic");
    if (!is_linear && !is_yarn && !is_dynamic && !sxt_rope_is_named(type, n, "llama3"))
        return sxt_rope_fail_scaling(config, key, type, n, error);
    SXT_TRY(read_factor(config, rope, NULL, error));
    if (is_yarn) return hf_yarn(config, n_ctx_train, rope, error);
    rope->scaling = is_linear ? SXT_ROPE_LINEAR : SXT_ROPE_DYNAMIC;
    if (is_linear) return SXT_OK;
    if (is_dynamic) return sxt_rope_read_original(config, n_ctx_train, rope, error);
    return hf_llama3(config, n_ctx_train, rope, error);
}

/* Rotated dimensions: a part of each head, under the name of today or one that families had of their own. */
static sxt_status read_n_rot(const sxt_config *config, const sxt_config *block, int32_t head_dim, double usual,
                             sxt_rope_params *rope, sxt_error *error) {
    static const char *const names[] = {"partial_rotary_factor", "rotary_pct", "rope_pct"};
    sxt_rope_said said = {.name = NULL};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        SXT_TRY(sxt_rope_hear(block, names[i], 0, 1, &said, error));
        SXT_TRY(sxt_rope_hear(config, names[i], 0, 1, &said, error));
    }
    if (!said.name && usual > 0 && usual < 1) said = (sxt_rope_said){config->where, names[0], usual};
    double part = said.name ? said.value : 1;
    return sxt_rope_set_n_rot(said.name ? said.where : config->where, said.name ? said.name : "head_dim",
                              (int64_t)(head_dim * part), head_dim, rope, error);
}

static sxt_status read_theta(const sxt_config *config, const sxt_config *block, double usual,
                             sxt_rope_params *rope, sxt_error *error) {
    const double low = SXT_ROPE_MIN_THETA, high = SXT_ROPE_MAX_THETA;
    sxt_rope_said said = {.name = NULL};
    SXT_TRY(sxt_rope_hear(block, "rope_theta", low, high, &said, error));
    SXT_TRY(sxt_rope_hear(config, "rope_theta", low, high, &said, error));
    SXT_TRY(sxt_rope_hear(config, "rotary_emb_base", low, high, &said, error)); /* the name in GPT-NeoX */
    rope->theta = said.name ? said.value : usual;
    return SXT_OK;
}

sxt_status sxt_rope_read_json(const sxt_config *config, int32_t head_dim, int64_t n_ctx_train,
                              const sxt_rope_usual *usual, sxt_rope_params *rope, sxt_error *error) {
    sxt_config block;
    SXT_TRY(sxt_rope_block_find(config, &block, error));
    SXT_TRY(sxt_rope_block_check(&block, error));
    SXT_TRY(read_n_rot(config, &block, head_dim, usual->part, rope, error));
    SXT_TRY(read_theta(config, &block, usual->theta, rope, error));
    return block.json ? hf_scaling(&block, config, n_ctx_train, rope, error) : SXT_OK;
}

/* Only a base of their own: what Gemma 3 is, and all that GGUF has a key for. */
sxt_status sxt_rope_read_json_local(const sxt_config *config, int32_t head_dim, sxt_rope_params *rope,
                                    sxt_error *error) {
    const double low = SXT_ROPE_MIN_THETA, high = SXT_ROPE_MAX_THETA;
    sxt_rope_said said = {.name = NULL}, part = {.name = NULL};
    sxt_config block;
    sxt_config_key key;
    const char *type;
    size_t n;
    SXT_TRY(sxt_rope_block_find_sliding(config, &block, error));
    SXT_TRY(sxt_rope_block_check(&block, error));
    SXT_TRY(sxt_rope_block_type(&block, &key, &type, &n, error));
    if (!sxt_rope_is_named(type, n, "default"))
        return sxt_fail(error, SXT_E_UNSUPPORTED,
                        "%s%s is \"%.*s\"; layers with a window can have a base of their own, and no scaling",
                        block.where, key.hf, (int)(n < 64 ? n : 64), type);
    SXT_TRY(sxt_rope_hear(&block, "partial_rotary_factor", 0, 1, &part, error));
    if (part.name && (int32_t)(head_dim * part.value) != rope->n_rot)
        return sxt_fail(error, SXT_E_UNSUPPORTED,
                        "%s%s is %g; needed what rotates %d dimensions, as other layers do", part.where,
                        part.name, part.value, rope->n_rot);
    SXT_TRY(sxt_rope_hear(&block, "rope_theta", low, high, &said, error));
    SXT_TRY(sxt_rope_hear(config, "rope_local_base_freq", low, high, &said, error));
    if (said.name) rope->theta = said.value;
    return SXT_OK;
}

sxt_status sxt_rope_config_list(const sxt_json *document, bool is_long, int32_t n, float *list,
                                sxt_error *error) {
    const sxt_config config = {NULL, document, "config.json: "};
    sxt_config sub;
    SXT_TRY(sxt_rope_block_find(&config, &sub, error));
    return read_list(&sub, is_long, n, list, error);
}
