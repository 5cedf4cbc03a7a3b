#include "model/rope_config.h"

#include <math.h>
#include <string.h>

static const double MIN_THETA = 1.001, MAX_THETA = 1e30, MIN_FACTOR = 0.01, MAX_FACTOR = 1e6;
static const double MAX_CONTEXT = 2147483648.0;

static bool is_named(const char *text, size_t n, const char *name) {
    return strlen(name) == n && memcmp(text, name, n) == 0;
}

/* The scale on cos and sin that YaRN uses for a factor when the file gives none. */
static double yarn_mscale(double factor, double weight) {
    return factor <= 1 ? 1 : 0.1 * weight * log(factor) + 1;
}

static sxt_status fail_scaling(const sxt_config *config, sxt_config_key key, const char *text, size_t n,
                               sxt_error *error) {
    return sxt_fail(error, SXT_E_UNSUPPORTED,
                    "%s%s is \"%.*s\"; supported: none (default), linear, yarn, llama3", config->where,
                    sxt_config_key_name(config, key), (int)(n < 64 ? n : 64), text);
}

/* ---- Parameters that both sources have ---- */

static sxt_status read_betas(const sxt_config *config, sxt_rope_params *rope, sxt_error *error) {
    static const sxt_config_key fast = {"rope.scaling.yarn_beta_fast", "beta_fast"};
    static const sxt_config_key slow = {"rope.scaling.yarn_beta_slow", "beta_slow"};
    bool found;
    rope->beta_fast = 32;
    rope->beta_slow = 1;
    SXT_TRY(sxt_config_number(config, fast, 1e-3, 1e6, &rope->beta_fast, &found, error));
    SXT_TRY(sxt_config_number(config, slow, 1e-3, 1e6, &rope->beta_slow, &found, error));
    if (rope->beta_fast < rope->beta_slow)
        return sxt_fail(error, SXT_E_FORMAT, "%s%s is %g, less than %s %g; needed the greater of the two",
                        config->where, sxt_config_key_name(config, fast), rope->beta_fast,
                        sxt_config_key_name(config, slow), rope->beta_slow);
    return SXT_OK;
}

static sxt_status read_original_context(const sxt_config *config, int64_t n_ctx_train, sxt_rope_params *rope,
                                        sxt_error *error) {
    static const sxt_config_key key = {"rope.scaling.original_context_length",
                                       "original_max_position_embeddings"};
    bool found;
    rope->original_context = (double)n_ctx_train;
    return sxt_config_number(config, key, 1, MAX_CONTEXT, &rope->original_context, &found, error);
}

/* ---- GGUF ---- */

static sxt_status gguf_factor(const sxt_config *config, sxt_rope_params *rope, sxt_error *error) {
    static const sxt_config_key key = {"rope.scaling.factor", NULL}, old_key = {"rope.scale_linear", NULL};
    bool found;
    double factor = 0;
    SXT_TRY(sxt_config_number(config, key, 0, MAX_FACTOR, &factor, &found, error));
    if (factor == 0) SXT_TRY(sxt_config_number(config, old_key, 0, MAX_FACTOR, &factor, &found, error));
    if (factor == 0) factor = 1; /* how this format writes "not scaled" */
    if (factor < MIN_FACTOR)
        return sxt_fail(error, SXT_E_FORMAT, "%srope.scaling.factor is %g; needed %g to %g", config->where,
                        factor, MIN_FACTOR, MAX_FACTOR);
    rope->factor = factor;
    return SXT_OK;
}

/* Keys of other families that would change the angles; negative means "the reader's default". */
static sxt_status gguf_refuse_unusual(const sxt_config *config, sxt_error *error) {
    static const struct {
        sxt_config_key key;
        double needed;
    } rows[] = {{{"rope.scaling.yarn_log_multiplier", NULL}, 0},
                {{"rope.scaling.yarn_attn_factor", NULL}, 1},
                {{"rope.scaling.yarn_ext_factor", NULL}, 1}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        double value = rows[i].needed;
        bool found;
        SXT_TRY(sxt_config_number(config, rows[i].key, -1e6, 1e6, &value, &found, error));
        if (value >= 0 && value != rows[i].needed)
            return sxt_fail(error, SXT_E_UNSUPPORTED, "%s%s is %g; only %g is supported", config->where,
                            rows[i].key.gguf, value, rows[i].needed);
    }
    return SXT_OK;
}

/* attn_factor multiplies YaRN's own scale. Under other scalings no Llama model has it. */
static sxt_status gguf_attention_factor(const sxt_config *config, sxt_rope_params *rope, sxt_error *error) {
    static const sxt_config_key key = {"rope.scaling.attn_factor", NULL};
    bool found;
    double factor = 1;
    SXT_TRY(sxt_config_number(config, key, 0.01, 100, &factor, &found, error));
    if (rope->scaling == SXT_ROPE_YARN) {
        rope->attention_factor = found ? factor * yarn_mscale(rope->factor, 1) : 0;
    } else if (factor != 1) {
        return sxt_fail(error, SXT_E_UNSUPPORTED, "%srope.scaling.attn_factor is %g without yarn scaling",
                        config->where, factor);
    }
    return gguf_refuse_unusual(config, error);
}

static sxt_status read_gguf(const sxt_config *config, int64_t n_ctx_train, sxt_rope_params *rope,
                            sxt_error *error) {
    static const sxt_config_key key = {"rope.scaling.type", NULL};
    const char *type = "linear"; /* what a missing type means when a factor is there */
    size_t n = strlen(type);
    bool found;
    SXT_TRY(sxt_config_string(config, key, &type, &n, &found, error));
    SXT_TRY(gguf_factor(config, rope, error));
    if (is_named(type, n, "none")) {
        rope->factor = 1;
    } else if (is_named(type, n, "linear")) {
        rope->scaling = rope->factor != 1 ? SXT_ROPE_LINEAR : SXT_ROPE_NONE;
    } else if (is_named(type, n, "yarn")) {
        rope->scaling = SXT_ROPE_YARN;
        SXT_TRY(read_betas(config, rope, error));
        SXT_TRY(read_original_context(config, n_ctx_train, rope, error));
    } else {
        return fail_scaling(config, key, type, n, error);
    }
    return gguf_attention_factor(config, rope, error);
}

/* ---- config.json ---- */

static sxt_status hf_yarn(const sxt_config *config, int64_t n_ctx_train, sxt_rope_params *rope,
                          sxt_error *error) {
    bool found, has_mscale, has_all, truncate = true;
    double mscale = 0, mscale_all = 0;
    rope->scaling = SXT_ROPE_YARN;
    SXT_TRY(read_betas(config, rope, error));
    SXT_TRY(read_original_context(config, n_ctx_train, rope, error));
    SXT_TRY(sxt_config_bool(config, (sxt_config_key){NULL, "truncate"}, &truncate, &found, error));
    if (!truncate)
        return sxt_fail(error, SXT_E_UNSUPPORTED, "%struncate is false; only true is supported", config->where);
    SXT_TRY(sxt_config_number(config, (sxt_config_key){NULL, "mscale"}, 0, 100, &mscale, &has_mscale, error));
    SXT_TRY(sxt_config_number(config, (sxt_config_key){NULL, "mscale_all_dim"}, 0, 100, &mscale_all, &has_all,
                              error));
    if (mscale > 0 && mscale_all > 0)
        rope->attention_factor = yarn_mscale(rope->factor, mscale) / yarn_mscale(rope->factor, mscale_all);
    return sxt_config_number(config, (sxt_config_key){NULL, "attention_factor"}, 0.01, 100,
                             &rope->attention_factor, &found, error);
}

static sxt_status hf_llama3(const sxt_config *config, int64_t n_ctx_train, sxt_rope_params *rope,
                            sxt_error *error) {
    rope->scaling = SXT_ROPE_LLAMA3;
    SXT_TRY(read_original_context(config, n_ctx_train, rope, error));
    SXT_TRY(sxt_config_number(config, (sxt_config_key){NULL, "low_freq_factor"}, 1e-3, 1e6,
                              &rope->low_freq_factor, NULL, error));
    SXT_TRY(sxt_config_number(config, (sxt_config_key){NULL, "high_freq_factor"}, 1e-3, 1e6,
                              &rope->high_freq_factor, NULL, error));
    if (rope->high_freq_factor <= rope->low_freq_factor)
        return sxt_fail(error, SXT_E_FORMAT, "%shigh_freq_factor is %g; needed more than low_freq_factor %g",
                        config->where, rope->high_freq_factor, rope->low_freq_factor);
    return SXT_OK;
}

static sxt_status hf_scaling(const sxt_config *config, int64_t n_ctx_train, sxt_rope_params *rope,
                             sxt_error *error) {
    sxt_config_key key = {NULL, "rope_type"};
    const char *type = "default";
    size_t n = strlen(type);
    bool found;
    SXT_TRY(sxt_config_string(config, key, &type, &n, &found, error));
    if (!found) {
        key.hf = "type"; /* the name until 2024 */
        SXT_TRY(sxt_config_string(config, key, &type, &n, &found, error));
    }
    if (!found && sxt_json_get(config->json, "factor"))
        return sxt_fail(error, SXT_E_FORMAT, "%srope_type is missing; needed linear, yarn or llama3",
                        config->where);
    if (is_named(type, n, "default")) return SXT_OK;
    bool is_linear = is_named(type, n, "linear"), is_yarn = is_named(type, n, "yarn");
    if (!is_linear && !is_yarn && !is_named(type, n, "llama3"))
        return fail_scaling(config, key, type, n, error);
    SXT_TRY(sxt_config_number(config, (sxt_config_key){NULL, "factor"}, MIN_FACTOR, MAX_FACTOR, &rope->factor,
                              NULL, error));
    if (is_yarn) return hf_yarn(config, n_ctx_train, rope, error);
    if (!is_linear) return hf_llama3(config, n_ctx_train, rope, error);
    rope->scaling = SXT_ROPE_LINEAR;
    return SXT_OK;
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

static sxt_status read_hf(const sxt_config *config, int64_t n_ctx_train, sxt_rope_params *rope,
                          sxt_error *error) {
    static const sxt_config_key theta = {NULL, "rope_theta"};
    sxt_config sub = {.where = "config.json: rope_parameters."};
    bool found;
    SXT_TRY(find_object(config, "rope_parameters", &sub.json, error));
    if (!sub.json) {
        sub.where = "config.json: rope_scaling.";
        SXT_TRY(find_object(config, "rope_scaling", &sub.json, error));
    }
    if (!sub.json) return SXT_OK;
    for (void *it = sxt_json_next(sub.json, NULL); it; it = sxt_json_next(sub.json, it))
        if (sxt_json_kind_of(sxt_json_value(it)) == SXT_JSON_OBJECT)
            return sxt_fail(error, SXT_E_UNSUPPORTED,
                            "%s%.64s is an object; rotary parameters that differ between layers are not "
                            "supported",
                            sub.where, sxt_json_key(it));
    SXT_TRY(sxt_config_number(&sub, theta, MIN_THETA, MAX_THETA, &rope->theta, &found, error));
    return hf_scaling(&sub, n_ctx_train, rope, error);
}

/* ---- Both ---- */

enum { MIN_ROT = 4 };

/* Rotated dimensions: GGUF counts them, config.json gives the part of a head. */
static sxt_status read_n_rot(const sxt_config *config, int32_t head_dim, sxt_rope_params *rope,
                             sxt_error *error) {
    static const sxt_config_key count = {"rope.dimension_count", NULL};
    static const char *const older[] = {"rotary_pct", "rope_pct"}; /* names that families had of their own */
    sxt_config_key part = {NULL, "partial_rotary_factor"};
    for (size_t i = 0; i < 2 && sxt_json_is_none(sxt_json_get(config->json, part.hf)); i++)
        if (!sxt_json_is_none(sxt_json_get(config->json, older[i]))) part.hf = older[i];
    const sxt_json *nested = sxt_json_get(sxt_json_get(config->json, "rope_parameters"), part.hf);
    sxt_config sub = {NULL, sxt_json_get(config->json, "rope_parameters"), "config.json: rope_parameters."};
    int64_t n_rot = head_dim;
    double factor = 1;
    bool found, has_part;
    SXT_TRY(sxt_config_integer(config, count, MIN_ROT, head_dim, &n_rot, &found, error));
    SXT_TRY(sxt_config_number(nested ? &sub : config, part, 0, 1, &factor, &has_part, error));
    if (has_part) n_rot = (int64_t)(head_dim * factor);
    if (n_rot < MIN_ROT || n_rot % 2 != 0)
        return sxt_fail(error, SXT_E_FORMAT,
                        "%s%s gives %lld rotated dimensions of %d; needed an even number of at least %d",
                        config->where,
                        has_part       ? part.hf
                        : config->gguf ? count.gguf
                                       : "head_dim",
                        (long long)n_rot, head_dim, MIN_ROT);
    rope->n_rot = (int32_t)n_rot;
    return SXT_OK;
}

sxt_status sxt_rope_config_read(const sxt_config *config, int32_t head_dim, int64_t n_ctx_train,
                                sxt_rope_params *rope, sxt_error *error) {
    static const sxt_config_key theta = {"rope.freq_base", "rope_theta"};
    sxt_rope_params made = {.theta = 10000, .scaling = SXT_ROPE_NONE, .factor = 1};
    bool found;
    SXT_TRY(read_n_rot(config, head_dim, &made, error));
    SXT_TRY(sxt_config_number(config, theta, MIN_THETA, MAX_THETA, &made.theta, &found, error));
    if (!found) /* the name in GPT-NeoX */
        SXT_TRY(sxt_config_number(config, (sxt_config_key){NULL, "rotary_emb_base"}, MIN_THETA, MAX_THETA,
                                  &made.theta, &found, error));
    if (config->gguf)
        SXT_TRY(read_gguf(config, n_ctx_train, &made, error));
    else
        SXT_TRY(read_hf(config, n_ctx_train, &made, error));
    *rope = made;
    return SXT_OK;
}
