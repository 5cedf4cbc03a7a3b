#include "model/rope_config.h"

#include "model/rope_config_parts.h"

#include <math.h>
#include <string.h>

bool sxt_rope_is_named(const char *text, size_t n, const char *name) {
    return strlen(name) == n && memcmp(text, name, n) == 0;
}

double sxt_rope_yarn_scale(double factor, double weight) {
    return factor <= 1 ? 1 : 0.1 * weight * log(factor) + 1;
}

sxt_status sxt_rope_fail_scaling(const sxt_config *config, sxt_config_key key, const char *text, size_t n,
                                 sxt_error *error) {
    return sxt_fail(error, SXT_E_UNSUPPORTED,
                    "%s%s is \"%.*s\"; supported: none (default), linear, dynamic, yarn, llama3, longrope",
                    config->where, sxt_config_key_name(config, key), (int)(n < 64 ? n : 64), text);
}

/* ---- Parameters that both sources have ---- */

sxt_status sxt_rope_read_betas(const sxt_config *config, sxt_rope_params *rope, sxt_error *error) {
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

sxt_status sxt_rope_read_original(const sxt_config *config, int64_t n_ctx_train, sxt_rope_params *rope,
                                  sxt_error *error) {
    static const sxt_config_key key = {"rope.scaling.original_context_length",
                                       "original_max_position_embeddings"};
    bool found;
    rope->original_context = (double)n_ctx_train;
    return sxt_config_number(config, key, 1, SXT_ROPE_MAX_CONTEXT, &rope->original_context, &found, error);
}

/* The factor that longrope's scale on cos and sin follows from: the trained window over the original one. */
sxt_status sxt_rope_longrope_factor(const sxt_config *config, int64_t n_ctx_train, bool has_factor,
                                    sxt_rope_params *rope, sxt_error *error) {
    if (rope->original_context < 2)
        return sxt_fail(error, SXT_E_FORMAT, "%sthe original context length is %g; longrope needs at least 2",
                        config->where, rope->original_context);
    if (!has_factor) rope->factor = (double)n_ctx_train / rope->original_context;
    return SXT_OK;
}

/* ---- GGUF ---- */

static sxt_status gguf_factor(const sxt_config *config, sxt_rope_params *rope, sxt_error *error) {
    static const sxt_config_key key = {"rope.scaling.factor", NULL}, old_key = {"rope.scale_linear", NULL};
    bool found;
    double factor = 0;
    SXT_TRY(sxt_config_number(config, key, 0, SXT_ROPE_MAX_FACTOR, &factor, &found, error));
    if (factor == 0)
        SXT_TRY(sxt_config_number(config, old_key, 0, SXT_ROPE_MAX_FACTOR, &factor, &found, error));
    if (factor == 0) factor = 1; /* how this format writes "not scaled" */
    if (factor < SXT_ROPE_MIN_FACTOR)
        return sxt_fail(error, SXT_E_FORMAT, "%srope.scaling.factor is %g; needed %g to %g", config->where,
                        factor, SXT_ROPE_MIN_FACTOR, SXT_ROPE_MAX_FACTOR);
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

/* attn_factor multiplies YaRN's own scale; under other scalings it is the scale. */
static sxt_status gguf_attention_factor(const sxt_config *config, sxt_rope_params *rope, sxt_error *error) {
    static const sxt_config_key key = {"rope.scaling.attn_factor", NULL};
    bool found;
    double factor = 1;
    SXT_TRY(sxt_config_number(config, key, 0.01, 100, &factor, &found, error));
    bool is_usual = factor == 1 && rope->scaling != SXT_ROPE_LONGROPE;
    if (found && !is_usual) rope->attention_factor = factor;
    if (found && rope->scaling == SXT_ROPE_YARN) rope->attention_factor *= sxt_rope_yarn_scale(rope->factor, 1);
    return gguf_refuse_unusual(config, error);
}

/* What no other reader knows: `type` is "none" for them, and they are right up to the trained window. */
static sxt_status gguf_dynamic(const sxt_config *config, int64_t n_ctx_train, sxt_rope_params *rope,
                               sxt_error *error) {
    static const sxt_config_key key = {"rope.scaling.dynamic_factor", NULL};
    bool found;
    rope->factor = 1;
    SXT_TRY(
        sxt_config_number(config, key, SXT_ROPE_MIN_FACTOR, SXT_ROPE_MAX_FACTOR, &rope->factor, &found, error));
    if (!found) return SXT_OK;
    rope->scaling = SXT_ROPE_DYNAMIC;
    return sxt_rope_read_original(config, n_ctx_train, rope, error);
}

/* The lists themselves are tensors, which the weights bind. Some converters leave the type out, so two lists
 * without a type count. */
static bool gguf_has_lists(const sxt_config *config) {
    return sxt_gguf_find_tensor(config->gguf, "rope_factors_long.weight") &&
           sxt_gguf_find_tensor(config->gguf, "rope_factors_short.weight");
}

static sxt_status gguf_longrope(const sxt_config *config, int64_t n_ctx_train, bool has_factor,
                                sxt_rope_params *rope, sxt_error *error) {
    if (!gguf_has_lists(config))
        return sxt_fail(error, SXT_E_FORMAT,
                        "%srope.scaling.type is longrope, and rope_factors_long.weight or "
                        "rope_factors_short.weight is missing; convert the model again",
                        config->where);
    rope->scaling = SXT_ROPE_LONGROPE;
    SXT_TRY(sxt_rope_read_original(config, n_ctx_train, rope, error));
    return sxt_rope_longrope_factor(config, n_ctx_train, has_factor, rope, error);
}

/* Also where the scaling itself does without it: under divisors a plan wants to know it. */
static sxt_status gguf_stretched_window(const sxt_config *config, sxt_rope_params *rope, sxt_error *error) {
    static const sxt_config_key key = {"rope.scaling.original_context_length", NULL};
    bool found;
    return sxt_config_number(config, key, 0, SXT_ROPE_MAX_CONTEXT, &rope->original_context, &found, error);
}

static sxt_status gguf_scaling(const sxt_config *config, int64_t n_ctx_train, sxt_rope_params *rope,
                               sxt_error *error) {
    static const sxt_config_key key = {"rope.scaling.type", NULL}, tuned = {"rope.scaling.finetuned", NULL};
    const char *type = "linear"; /* what a missing type means when a factor is there */
    size_t n = strlen(type);
    bool found, is_tuned = false, has_tuned;
    SXT_TRY(sxt_config_string(config, key, &type, &n, &found, error));
    SXT_TRY(gguf_factor(config, rope, error));
    /* Says where the scaling comes from, changes nothing. */
    SXT_TRY(sxt_config_bool(config, tuned, &is_tuned, &has_tuned, error));
    if (sxt_rope_is_named(type, n, "longrope") || (!found && gguf_has_lists(config))) {
        SXT_TRY(gguf_longrope(config, n_ctx_train, rope->factor != 1, rope, error));
    } else if (sxt_rope_is_named(type, n, "none")) {
        SXT_TRY(gguf_dynamic(config, n_ctx_train, rope, error));
    } else if (sxt_rope_is_named(type, n, "linear")) {
        rope->scaling = rope->factor != 1 ? SXT_ROPE_LINEAR : SXT_ROPE_NONE;
    } else if (sxt_rope_is_named(type, n, "yarn")) {
        rope->scaling = SXT_ROPE_YARN;
        SXT_TRY(sxt_rope_read_betas(config, rope, error));
        SXT_TRY(sxt_rope_read_original(config, n_ctx_train, rope, error));
    } else {
        return sxt_rope_fail_scaling(config, key, type, n, error);
    }
    SXT_TRY(gguf_stretched_window(config, rope, error));
    return gguf_attention_factor(config, rope, error);
}

/* ---- Both ---- */

enum { MIN_ROT = 4 };

sxt_status sxt_rope_set_n_rot(const char *where, const char *name, int64_t n_rot, int32_t head_dim,
                              sxt_rope_params *rope, sxt_error *error) {
    if (n_rot < MIN_ROT || n_rot % 2 != 0)
        return sxt_fail(error, SXT_E_FORMAT,
                        "%s%s gives %lld rotated dimensions of %d; needed an even number of at least %d", where,
                        name, (long long)n_rot, head_dim, MIN_ROT);
    rope->n_rot = (int32_t)n_rot;
    return SXT_OK;
}

static sxt_status read_gguf(const sxt_config *config, int32_t head_dim, int64_t n_ctx_train,
                            sxt_rope_params *rope, sxt_error *error) {
    static const sxt_config_key theta = {"rope.freq_base", NULL}, count = {"rope.dimension_count", NULL};
    int64_t n_rot = head_dim;
    bool found;
    SXT_TRY(sxt_config_integer(config, count, MIN_ROT, head_dim, &n_rot, &found, error));
    SXT_TRY(sxt_rope_set_n_rot(config->where, count.gguf, n_rot, head_dim, rope, error));
    SXT_TRY(
        sxt_config_number(config, theta, SXT_ROPE_MIN_THETA, SXT_ROPE_MAX_THETA, &rope->theta, &found, error));
    return gguf_scaling(config, n_ctx_train, rope, error);
}

sxt_status sxt_rope_config_read(const sxt_config *config, int32_t head_dim, int64_t n_ctx_train,
                                const sxt_rope_usual *usual, sxt_rope_params *rope, sxt_error *error) {
    sxt_rope_params made = {.theta = 10000, .scaling = SXT_ROPE_NONE, .factor = 1};
    if (config->gguf)
        SXT_TRY(read_gguf(config, head_dim, n_ctx_train, &made, error));
    else
        SXT_TRY(sxt_rope_read_json(config, head_dim, n_ctx_train, usual, &made, error));
    *rope = made;
    return SXT_OK;
}

sxt_status sxt_rope_config_read_local(const sxt_config *config, int32_t head_dim, sxt_rope_params *rope,
                                      sxt_error *error) {
    static const sxt_config_key key = {"rope.freq_base_swa", NULL};
    bool found;
    if (!config->gguf) return sxt_rope_read_json_local(config, head_dim, rope, error);
    return sxt_config_number(config, key, SXT_ROPE_MIN_THETA, SXT_ROPE_MAX_THETA, &rope->theta, &found, error);
}
