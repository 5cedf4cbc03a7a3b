#include "base/json.h"

#include "base/memory.h"

#include <jansson.h>
#include <string.h>

static json_t *node_of(const sxt_json *node) { return (json_t *)(uintptr_t)node; }
static const sxt_json *wrap(const json_t *node) { return (const sxt_json *)node; }

sxt_status sxt_json_parse(const void *bytes, size_t n, sxt_json **document, sxt_error *error) {
    json_error_t reason;
    json_t *root = json_loadb(bytes, n, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY | JSON_ALLOW_NUL, &reason);
    if (!root) {
        if (json_error_code(&reason) == json_error_out_of_memory)
            return sxt_fail_memory(error, "a JSON text", n);
        /* jansson quotes its input; sxt_fail_at() makes that printable. */
        return sxt_fail_at(error, SXT_E_FORMAT, reason.position > 0 ? (uint64_t)reason.position : 0,
                           "not valid JSON: line %d, column %d: %.120s", reason.line, reason.column,
                           reason.text);
    }
    *document = (sxt_json *)root;
    return SXT_OK;
}

void sxt_json_free(sxt_json *document) { json_decref((json_t *)document); }

sxt_json_kind sxt_json_kind_of(const sxt_json *node) {
    if (!node) return SXT_JSON_ABSENT;
    switch (json_typeof(node_of(node))) {
    case JSON_OBJECT: return SXT_JSON_OBJECT;
    case JSON_ARRAY: return SXT_JSON_ARRAY;
    case JSON_STRING: return SXT_JSON_STRING;
    case JSON_INTEGER: return SXT_JSON_INTEGER;
    case JSON_REAL: return SXT_JSON_REAL;
    case JSON_TRUE:
    case JSON_FALSE: return SXT_JSON_BOOL;
    default: return SXT_JSON_NULL;
    }
}

bool sxt_json_is_none(const sxt_json *node) { return !node || json_is_null(node_of(node)); }

const sxt_json *sxt_json_get(const sxt_json *object, const char *key) {
    return wrap(json_object_get(node_of(object), key));
}

size_t sxt_json_size(const sxt_json *node) {
    return json_is_array(node_of(node)) ? json_array_size(node_of(node)) : json_object_size(node_of(node));
}

const sxt_json *sxt_json_at(const sxt_json *array, size_t i) { return wrap(json_array_get(node_of(array), i)); }

void *sxt_json_next(const sxt_json *object, void *iterator) {
    return iterator ? json_object_iter_next(node_of(object), iterator) : json_object_iter(node_of(object));
}

const char *sxt_json_key(void *iterator) { return json_object_iter_key(iterator); }
size_t sxt_json_key_size(void *iterator) { return strlen(json_object_iter_key(iterator)); }
const sxt_json *sxt_json_value(void *iterator) { return wrap(json_object_iter_value(iterator)); }

bool sxt_json_string(const sxt_json *node, const char **text, size_t *n) {
    if (!json_is_string(node_of(node))) return false;
    *text = json_string_value(node_of(node));
    *n = json_string_length(node_of(node));
    return true;
}

bool sxt_json_bool(const sxt_json *node, bool *value) {
    if (!json_is_boolean(node_of(node))) return false;
    *value = json_is_true(node_of(node));
    return true;
}

bool sxt_json_integer(const sxt_json *node, int64_t *value) {
    if (!json_is_integer(node_of(node))) return false;
    *value = (int64_t)json_integer_value(node_of(node));
    return true;
}

bool sxt_json_equal(const sxt_json *a, const sxt_json *b) { return json_equal(node_of(a), node_of(b)) != 0; }

bool sxt_json_number(const sxt_json *node, double *value) {
    if (!json_is_number(node_of(node))) return false;
    *value = json_number_value(node_of(node));
    return true;
}
