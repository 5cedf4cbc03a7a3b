#include "json_document.h"

#include "exit_code.h"
#include "message.h"
#include "text_buffer.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* A json_document is a json_t under another name, so that jansson is seen here alone. */
static json_t *inside(json_document *document) { return (json_t *)document; }
static const json_t *inside_const(const json_document *document) { return (const json_t *)document; }
static json_document *outside(json_t *value) { return (json_document *)value; }

json_document *document_object(void) { return outside(json_object()); }
json_document *document_array(void) { return outside(json_array()); }

json_document *document_text(const char *bytes, size_t n_bytes) {
    text_buffer visible = {0};
    text_buffer_add(&visible, "", 0);
    text_buffer_add_visible(&visible, bytes, n_bytes, VISIBLE_UTF8, true);
    json_t *text = json_stringn_nocheck(visible.bytes, visible.n_bytes);
    text_buffer_free(&visible);
    return outside(text);
}

json_document *document_integers(const int32_t *values, int64_t n) {
    json_t *array = json_array();
    for (int64_t i = 0; i < n; i++) json_array_append_new(array, json_integer(values[i]));
    return outside(array);
}

json_document *document_reals(const double *values, int64_t n) {
    json_t *array = json_array();
    for (int64_t i = 0; i < n; i++) json_array_append_new(array, json_real(values[i]));
    return outside(array);
}

void document_put(json_document *object, const char *key, json_document *value) {
    json_object_set_new(inside(object), key, inside(value));
}

void document_put_text(json_document *object, const char *key, const char *text) {
    size_t n_bytes = 0;
    while (text[n_bytes] != '\0') n_bytes++;
    document_put(object, key, document_text(text, n_bytes));
}

void document_put_integer(json_document *object, const char *key, int64_t value) {
    json_object_set_new(inside(object), key, json_integer(value));
}

void document_put_real(json_document *object, const char *key, double value) {
    json_object_set_new(inside(object), key, isfinite(value) ? json_real(value) : json_null());
}

void document_put_flag(json_document *object, const char *key, bool value) {
    json_object_set_new(inside(object), key, json_boolean(value));
}

void document_put_null(json_document *object, const char *key) {
    json_object_set_new(inside(object), key, json_null());
}

void document_put_bound(json_document *object, const char *key, int64_t value) {
    if (value == INT64_MAX)
        document_put_null(object, key);
    else
        document_put_integer(object, key, value);
}

void document_append(json_document *array, json_document *value) {
    json_array_append_new(inside(array), inside(value));
}

static char *dump(const json_document *document, size_t n_digits) {
    char *text = json_dumps(inside_const(document), JSON_REAL_PRECISION(n_digits) | JSON_ENCODE_ANY);
    if (text == NULL) exit(message_error(EXIT_CODE_FAILURE, "not enough memory for the JSON document"));
    return text;
}

char *document_dump(const json_document *document) { return dump(document, 15); }
char *document_dump_exact(const json_document *document) { return dump(document, 17); }

void document_print(json_document *document) {
    char *text = document_dump(document);
    json_decref(inside(document));
    size_t n_bytes = 0;
    while (text[n_bytes] != '\0') n_bytes++;
    text_buffer visible = {0};
    if (isatty(STDOUT_FILENO))
        text_buffer_add_visible(&visible, text, n_bytes, VISIBLE_TEXT, true);
    else
        text_buffer_add(&visible, text, n_bytes);
    text_buffer_add(&visible, "\n", 1);
    fwrite(visible.bytes, 1, visible.n_bytes, stdout);
    text_buffer_free(&visible);
    free(text);
}

void document_write(json_document *document, FILE *stream) {
    int status = json_dumpf(inside(document), stream, JSON_INDENT(2) | JSON_REAL_PRECISION(15));
    json_decref(inside(document));
    if (status != 0 && !ferror(stream))
        exit(message_error(EXIT_CODE_FAILURE, "not enough memory for the JSON document"));
    fputc('\n', stream);
}

void document_free(json_document *document) { json_decref(inside(document)); }

json_document *document_parse(const char *bytes, size_t n_bytes, char *problem, size_t n_problem) {
    json_error_t error;
    json_t *value =
        json_loadb(bytes, n_bytes, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY | JSON_ALLOW_NUL, &error);
    if (value == NULL) snprintf(problem, n_problem, "%s", error.text);
    return outside(value);
}

bool document_is_object(const json_document *document) { return json_is_object(inside_const(document)); }

bool document_has(const json_document *object, const char *key) {
    return json_object_get(inside_const(object), key) != NULL;
}

const char *document_get_text(const json_document *object, const char *key, size_t *n_bytes) {
    const json_t *value = json_object_get(inside_const(object), key);
    if (!json_is_string(value)) return NULL;
    *n_bytes = json_string_length(value);
    return json_string_value(value);
}

bool document_get_integer(const json_document *object, const char *key, int64_t *value) {
    const json_t *number = json_object_get(inside_const(object), key);
    if (!json_is_integer(number)) return false;
    *value = json_integer_value(number);
    return true;
}

bool document_get_real(const json_document *object, const char *key, double *value) {
    const json_t *number = json_object_get(inside_const(object), key);
    if (!json_is_number(number)) return false;
    *value = json_number_value(number);
    return true;
}

const json_document *document_get(const json_document *object, const char *key) {
    return outside(json_object_get(inside_const(object), key));
}

const json_document *document_at(const json_document *array, size_t i) {
    return outside(json_array_get(inside_const(array), i));
}

size_t document_count(const json_document *array) { return json_array_size(inside_const(array)); }

bool document_get_reals(const json_document *object, const char *key, double *values, int64_t n_values) {
    const json_t *array = json_object_get(inside_const(object), key);
    if (!json_is_array(array) || json_array_size(array) > (size_t)n_values) return false;
    for (int64_t i = 0; i < n_values; i++) {
        const json_t *number = json_array_get(array, (size_t)i);
        if (number != NULL && !json_is_number(number)) return false;
        values[i] = json_number_value(number);
    }
    return true;
}

const char *document_string(const json_document *value, size_t *n_bytes) {
    if (!json_is_string(inside_const(value))) return NULL;
    *n_bytes = json_string_length(inside_const(value));
    return json_string_value(inside_const(value));
}
