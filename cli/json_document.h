/* JSON out and in. Bytes that are not UTF-8 are written as <0xNN>. */
#ifndef SEXTANT_CLI_JSON_DOCUMENT_H
#define SEXTANT_CLI_JSON_DOCUMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

typedef struct json_document json_document; /* an object, an array or a value */

json_document *document_object(void);
json_document *document_array(void);
json_document *document_text(const char *bytes, size_t n_bytes);
json_document *document_integers(const int32_t *values, int64_t n);
/* Numbers that are finite. */
json_document *document_reals(const double *values, int64_t n);

/* `object` keeps the order of these calls and owns what it is given. A number that is not finite is null. */
void document_put(json_document *object, const char *key, json_document *value);
void document_put_text(json_document *object, const char *key, const char *text);
void document_put_integer(json_document *object, const char *key, int64_t value);
/* null for INT64_MAX: there is no end. */
void document_put_bound(json_document *object, const char *key, int64_t value);
void document_put_real(json_document *object, const char *key, double value);
void document_put_flag(json_document *object, const char *key, bool value);
void document_put_null(json_document *object, const char *key);
void document_append(json_document *array, json_document *value);

/* Prints it and a newline on standard output, and releases it. On a terminal control characters that JSON
 * leaves alone are made visible. */
void document_print(json_document *document);
/* Writes it to a file, a member a line, and releases it. */
void document_write(json_document *document, FILE *stream);
/* Its text, without a newline; released with free(). Numbers have 15 digits, or as many as tell every double
 * apart.
 */
char *document_dump(const json_document *document);
char *document_dump_exact(const json_document *document);
void document_free(json_document *document);

/* Parses one JSON value; NULL when it is none, with the parser's complaint in `problem` (n_problem). */
json_document *document_parse(const char *bytes, size_t n_bytes, char *problem, size_t n_problem);
bool document_is_object(const json_document *document);
bool document_has(const json_document *object, const char *key);
/* NULL unless the value is a string; valid as long as the document. */
const char *document_get_text(const json_document *object, const char *key, size_t *n_bytes);
bool document_get_integer(const json_document *object, const char *key, int64_t *value);
bool document_get_real(const json_document *object, const char *key, double *value);
/* What lies inside: valid as long as the document, NULL where there is none. */
const json_document *document_get(const json_document *object, const char *key);
const json_document *document_at(const json_document *array, size_t i);
/* The values of an array; 0 for anything else. */
size_t document_count(const json_document *array);
/* Reads an array of at most n_values numbers, the rest is 0; false for anything else. */
bool document_get_reals(const json_document *object, const char *key, double *values, int64_t n_values);
/* NULL unless the value is a string, as document_get_text(). */
const char *document_string(const json_document *value, size_t *n_bytes);

#endif
