#include "format/gguf_value.h"

#include "base/memory.h"
#include "format/limits.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

typedef unsigned long long ull; /* for %llu */

static const struct {
    const char *name;
    uint8_t bytes; /* 0: of no fixed size */
} types[] = {
    [SXT_GGUF_U8] = {"u8", 1},       [SXT_GGUF_I8] = {"i8", 1},     [SXT_GGUF_U16] = {"u16", 2},
    [SXT_GGUF_I16] = {"i16", 2},     [SXT_GGUF_U32] = {"u32", 4},   [SXT_GGUF_I32] = {"i32", 4},
    [SXT_GGUF_F32] = {"f32", 4},     [SXT_GGUF_BOOL] = {"bool", 1}, [SXT_GGUF_STRING] = {"string", 0},
    [SXT_GGUF_ARRAY] = {"array", 0}, [SXT_GGUF_U64] = {"u64", 8},   [SXT_GGUF_I64] = {"i64", 8},
    [SXT_GGUF_F64] = {"f64", 8},
};
enum { N_TYPES = sizeof types / sizeof types[0] };

/* ---- Reading ---------------------------------------------------------------------------------- */

sxt_status sxt_gguf_cut_off(const sxt_reader *r, const char *what, sxt_error *error) {
    return sxt_fail_at(error, SXT_E_FORMAT, r->pos,
                       "the file ends inside %s: it has %llu bytes and needs more after byte %llu; it is cut "
                       "off or damaged, download it again",
                       what, (ull)r->size, (ull)r->pos);
}

/* Length and bytes; *text stays in the file. */
static sxt_status read_string(sxt_reader *r, uint64_t most, const char *what, const char **text, uint64_t *n,
                              sxt_error *error) {
    uint64_t start = r->pos, size = sxt_read_u64(r);
    if (!r->failed && size > most)
        return sxt_fail_at(error, SXT_E_FORMAT, start, "%s has %llu bytes; at most %llu are allowed", what,
                           (ull)size, (ull)most);
    const uint8_t *at = sxt_read_bytes(r, size);
    if (!at) return sxt_gguf_cut_off(r, what, error);
    *text = (const char *)at;
    *n = size;
    return SXT_OK;
}

sxt_status sxt_gguf_read_name(sxt_reader *r, uint64_t most, const char *what, char **name, sxt_error *error) {
    uint64_t start = r->pos, n;
    const char *text;
    SXT_TRY(read_string(r, most, what, &text, &n, error));
    if (n == 0) return sxt_fail_at(error, SXT_E_FORMAT, start, "%s is empty; the file is damaged", what);
    if (memchr(text, 0, n))
        return sxt_fail_at(error, SXT_E_FORMAT, start, "%s holds a NUL byte; the file is damaged", what);
    char *copy = sxt_copy_text(text, n);
    if (!copy) return sxt_fail_memory(error, what, n);
    *name = copy;
    return SXT_OK;
}

static sxt_status read_type(sxt_reader *r, const char *key, sxt_gguf_type *type, sxt_error *error) {
    uint64_t start = r->pos;
    uint32_t number = sxt_read_u32(r);
    if (r->failed) return sxt_gguf_cut_off(r, "a value's type", error);
    if (number >= N_TYPES)
        return sxt_fail_at(error, SXT_E_FORMAT, start, "key '%.100s' has value type %u; GGUF has 0 to %d", key,
                           number, N_TYPES - 1);
    *type = (sxt_gguf_type)number;
    return SXT_OK;
}

static sxt_status skip_strings(sxt_reader *r, uint64_t n, const char *key, sxt_error *error) {
    uint64_t first = r->pos, size;
    const char *text;
    for (uint64_t i = 0; i < n; i++) {
        SXT_TRY(read_string(r, SXT_MAX_STRING_BYTES, "a string value", &text, &size, error));
        if (r->pos - first > SXT_MAX_ARRAY_BYTES)
            return sxt_fail_at(error, SXT_E_FORMAT, first, "key '%.100s': the array has more than %llu bytes",
                               key, (ull)SXT_MAX_ARRAY_BYTES);
    }
    return SXT_OK;
}

static sxt_status skip_numbers(sxt_reader *r, const sxt_gguf_value *value, sxt_error *error) {
    uint64_t start = r->pos, bytes = 0;
    if (!sxt_mul_ok(value->n, types[value->type].bytes, &bytes) || bytes > SXT_MAX_ARRAY_BYTES)
        return sxt_fail_at(error, SXT_E_FORMAT, start, "key '%.100s': %llu elements of %s are too many",
                           value->key, (ull)value->n, types[value->type].name);
    const uint8_t *at = sxt_read_bytes(r, bytes);
    if (!at) return sxt_gguf_cut_off(r, "a value", error);
    for (uint64_t i = 0; value->type == SXT_GGUF_BOOL && i < bytes; i++)
        if (at[i] > 1)
            return sxt_fail_at(error, SXT_E_FORMAT, start + i, "key '%.100s': a bool is %u, not 0 or 1",
                               value->key, at[i]);
    return SXT_OK;
}

sxt_status sxt_gguf_read_value(sxt_reader *r, sxt_gguf_value *value, sxt_error *error) {
    SXT_TRY(read_type(r, value->key, &value->type, error));
    value->is_array = value->type == SXT_GGUF_ARRAY;
    value->n = 1;
    if (value->is_array) {
        uint64_t start = r->pos;
        SXT_TRY(read_type(r, value->key, &value->type, error));
        if (value->type == SXT_GGUF_ARRAY)
            return sxt_fail_at(error, SXT_E_UNSUPPORTED, start,
                               "key '%.100s' is an array of arrays, which is not read; no known model needs it",
                               value->key);
        start = r->pos;
        value->n = sxt_read_u64(r);
        if (r->failed) return sxt_gguf_cut_off(r, "an array's length", error);
        uint64_t least = value->type == SXT_GGUF_STRING ? sizeof(uint64_t) : types[value->type].bytes;
        if (value->n > sxt_reader_left(r) / least)
            return sxt_fail_at(error, SXT_E_FORMAT, start,
                               "key '%.100s': an array of %llu elements needs more than the %llu bytes left; "
                               "the file is cut off or damaged",
                               value->key, (ull)value->n, (ull)sxt_reader_left(r));
    }
    value->offset = r->pos;
    value->data = r->data + r->pos;
    SXT_TRY(value->type == SXT_GGUF_STRING ? skip_strings(r, value->n, value->key, error)
                                           : skip_numbers(r, value, error));
    value->n_bytes = r->pos - value->offset;
    return SXT_OK;
}

/* ---- Meaning ---------------------------------------------------------------------------------- */

static sxt_status wrong_kind(const sxt_gguf_value *v, const char *needed, sxt_error *error) {
    return sxt_fail_at(error, SXT_E_FORMAT, v->offset, "key '%.100s' is %s%s; %s is needed", v->key,
                       v->is_array ? "an array of " : "of type ", types[v->type].name, needed);
}

#define SXT_AS(type, data) (*(const type *)memcpy(&(type){0}, data, sizeof(type)))

/* True for integers; u64 above INT64_MAX gives false in *fits. */
static bool integer_of(const sxt_gguf_value *v, int64_t *out, bool *fits) {
    *fits = true;
    switch (v->type) {
    case SXT_GGUF_U8: *out = SXT_AS(uint8_t, v->data); return true;
    case SXT_GGUF_I8: *out = (int64_t)SXT_AS(int8_t, v->data); return true;
    case SXT_GGUF_U16: *out = SXT_AS(uint16_t, v->data); return true;
    case SXT_GGUF_I16: *out = SXT_AS(int16_t, v->data); return true;
    case SXT_GGUF_U32: *out = SXT_AS(uint32_t, v->data); return true;
    case SXT_GGUF_I32: *out = SXT_AS(int32_t, v->data); return true;
    case SXT_GGUF_I64: *out = SXT_AS(int64_t, v->data); return true;
    case SXT_GGUF_U64: {
        uint64_t value = SXT_AS(uint64_t, v->data);
        *fits = value <= INT64_MAX;
        *out = *fits ? (int64_t)value : 0;
        return true;
    }
    default: return false;
    }
}

sxt_status sxt_gguf_value_integer(const sxt_gguf_value *v, int64_t *out, sxt_error *error) {
    bool fits;
    int64_t value;
    if (v->is_array || !integer_of(v, &value, &fits)) return wrong_kind(v, "an integer", error);
    if (!fits) return sxt_fail_at(error, SXT_E_FORMAT, v->offset, "key '%.100s' is larger than 2^63", v->key);
    *out = value;
    return SXT_OK;
}

sxt_status sxt_gguf_value_number(const sxt_gguf_value *v, double *out, sxt_error *error) {
    if (v->is_array || (v->type != SXT_GGUF_F32 && v->type != SXT_GGUF_F64)) {
        int64_t integer;
        bool fits;
        if (v->is_array || !integer_of(v, &integer, &fits)) return wrong_kind(v, "a number", error);
        SXT_TRY(sxt_gguf_value_integer(v, &integer, error));
        *out = (double)integer;
        return SXT_OK;
    }
    double value = v->type == SXT_GGUF_F32 ? (double)SXT_AS(float, v->data) : SXT_AS(double, v->data);
    if (!isfinite(value))
        return sxt_fail_at(error, SXT_E_FORMAT, v->offset, "key '%.100s' is not a finite number", v->key);
    *out = value;
    return SXT_OK;
}

sxt_status sxt_gguf_value_bool(const sxt_gguf_value *v, bool *out, sxt_error *error) {
    if (v->is_array || v->type != SXT_GGUF_BOOL) return wrong_kind(v, "a bool", error);
    *out = v->data[0] != 0;
    return SXT_OK;
}

sxt_status sxt_gguf_value_string(const sxt_gguf_value *v, const char **text, size_t *n, sxt_error *error) {
    if (v->is_array || v->type != SXT_GGUF_STRING) return wrong_kind(v, "a string", error);
    sxt_reader r = sxt_gguf_strings(v);
    *text = sxt_gguf_next_string(&r, n);
    return SXT_OK;
}

sxt_status sxt_gguf_value_array(const sxt_gguf_value *v, sxt_gguf_type type, sxt_error *error) {
    char needed[32];
    snprintf(needed, sizeof needed, "an array of %s", types[type].name);
    return v->is_array && v->type == type ? SXT_OK : wrong_kind(v, needed, error);
}
