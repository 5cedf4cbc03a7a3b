#include "model/config.h"

#include <math.h>
#include <stdio.h>

enum { MAX_KEY = 128 };

const char *sxt_config_key_name(const sxt_config *config, sxt_config_key key) {
    const char *name = config->gguf ? key.gguf : key.hf;
    return name ? name : "";
}

static bool has_name(const sxt_config *config, sxt_config_key key) {
    return *sxt_config_key_name(config, key) != 0;
}

static const char *full_key(const sxt_config *config, sxt_config_key key, char text[MAX_KEY]) {
    snprintf(text, MAX_KEY, "%s%s", config->where, sxt_config_key_name(config, key));
    return text;
}

/* The member of config.json, NULL when it is absent or null. */
static const sxt_json *member(const sxt_config *config, sxt_config_key key) {
    if (config->gguf || !key.hf) return NULL;
    const sxt_json *node = sxt_json_get(config->json, key.hf);
    return sxt_json_is_none(node) ? NULL : node;
}

static sxt_status fail_kind(const sxt_config *config, sxt_config_key key, const char *needed,
                            sxt_error *error) {
    char name[MAX_KEY];
    return sxt_fail(error, SXT_E_FORMAT, "%s has a value of the wrong kind; needed %s",
                    full_key(config, key, name), needed);
}

/* Reports whether the value is there; an error when it is required and is not. */
static sxt_status settle(const sxt_config *config, sxt_config_key key, bool is_there, bool *found,
                         sxt_error *error) {
    char name[MAX_KEY];
    if (found) {
        *found = is_there;
    } else if (!is_there) {
        return sxt_fail(error, SXT_E_FORMAT, "%s is missing; the model cannot be read without it",
                        full_key(config, key, name));
    }
    return SXT_OK;
}

static bool array_element(const sxt_gguf_value *value, sxt_reader *r, int64_t *out) {
    switch (value->type) {
    case SXT_GGUF_U32: *out = sxt_read_u32(r); return !r->failed;
    case SXT_GGUF_I32: *out = (int32_t)sxt_read_u32(r); return !r->failed;
    case SXT_GGUF_I64: *out = sxt_read_i64(r); return !r->failed;
    case SXT_GGUF_U64: {
        uint64_t wide = sxt_read_u64(r);
        *out = wide <= INT64_MAX ? (int64_t)wide : INT64_MAX;
        return !r->failed;
    }
    default: return false;
    }
}

/* One value for each layer: taken when all are equal. */
static sxt_status read_layer_array(const sxt_gguf_value *value, int64_t *out, sxt_error *error) {
    sxt_reader r = sxt_reader_make(value->data, value->n_bytes);
    int64_t first = 0;
    for (uint64_t i = 0; i < value->n; i++) {
        int64_t element;
        if (!array_element(value, &r, &element))
            return sxt_fail_at(error, SXT_E_FORMAT, value->offset, "%.100s is not an array of integers",
                               value->key);
        if (i == 0) first = element;
        if (element != first)
            return sxt_fail_at(error, SXT_E_UNSUPPORTED, value->offset,
                               "%.100s differs between layers (%lld, then %lld at layer %llu); models whose "
                               "layers differ are not supported",
                               value->key, (long long)first, (long long)element, (unsigned long long)i);
    }
    if (value->n == 0)
        return sxt_fail_at(error, SXT_E_FORMAT, value->offset, "%.100s is an empty array", value->key);
    *out = first;
    return SXT_OK;
}

static sxt_status gguf_integer(const sxt_config *config, sxt_config_key key, int64_t *out, bool *is_there,
                               sxt_error *error) {
    char name[MAX_KEY];
    full_key(config, key, name);
    const sxt_gguf_value *value = sxt_gguf_find(config->gguf, name);
    *is_there = value != NULL;
    if (value && value->is_array) return read_layer_array(value, out, error);
    return sxt_gguf_get_integer(config->gguf, name, out, NULL, error);
}

sxt_status sxt_config_integer(const sxt_config *config, sxt_config_key key, int64_t low, int64_t high,
                              int64_t *out, bool *found, sxt_error *error) {
    bool is_there = false;
    int64_t value = 0;
    if (config->gguf && key.gguf) {
        SXT_TRY(gguf_integer(config, key, &value, &is_there, error));
    } else {
        const sxt_json *node = member(config, key);
        is_there = node != NULL;
        if (node && !sxt_json_integer(node, &value)) return fail_kind(config, key, "an integer", error);
    }
    SXT_TRY(settle(config, key, is_there, found, error));
    if (!is_there) return SXT_OK;
    char name[MAX_KEY];
    if (value < low || value > high)
        return sxt_fail(error, SXT_E_FORMAT, "%s is %lld; needed %lld to %lld", full_key(config, key, name),
                        (long long)value, (long long)low, (long long)high);
    *out = value;
    return SXT_OK;
}

sxt_status sxt_config_number(const sxt_config *config, sxt_config_key key, double low, double high, double *out,
                             bool *found, sxt_error *error) {
    char name[MAX_KEY];
    bool is_there = false;
    double value = 0;
    if (config->gguf && key.gguf) {
        SXT_TRY(sxt_gguf_get_number(config->gguf, full_key(config, key, name), &value, &is_there, error));
    } else {
        const sxt_json *node = member(config, key);
        is_there = node != NULL;
        if (node && !sxt_json_number(node, &value)) return fail_kind(config, key, "a number", error);
    }
    SXT_TRY(settle(config, key, is_there, found, error));
    if (!is_there) return SXT_OK;
    if (!isfinite(value) || value < low || value > high)
        return sxt_fail(error, SXT_E_FORMAT, "%s is %g; needed %g to %g", full_key(config, key, name), value,
                        low, high);
    *out = value;
    return SXT_OK;
}

sxt_status sxt_config_bool(const sxt_config *config, sxt_config_key key, bool *out, bool *found,
                           sxt_error *error) {
    char name[MAX_KEY];
    bool is_there = false;
    if (config->gguf) {
        if (has_name(config, key))
            SXT_TRY(sxt_gguf_get_bool(config->gguf, full_key(config, key, name), out, &is_there, error));
    } else {
        const sxt_json *node = member(config, key);
        is_there = node != NULL;
        if (node && !sxt_json_bool(node, out)) return fail_kind(config, key, "true or false", error);
    }
    return settle(config, key, is_there, found, error);
}

sxt_status sxt_config_string(const sxt_config *config, sxt_config_key key, const char **text, size_t *n,
                             bool *found, sxt_error *error) {
    char name[MAX_KEY];
    bool is_there = false;
    if (config->gguf) {
        if (has_name(config, key))
            SXT_TRY(sxt_gguf_get_string(config->gguf, full_key(config, key, name), text, n, &is_there, error));
    } else {
        const sxt_json *node = member(config, key);
        is_there = node != NULL;
        if (node && !sxt_json_string(node, text, n)) return fail_kind(config, key, "a string", error);
    }
    return settle(config, key, is_there, found, error);
}
