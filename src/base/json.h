/* JSON as this library reads it: strict, with errors that name the field. Wraps jansson. */
#ifndef SXT_BASE_JSON_H
#define SXT_BASE_JSON_H

#include "base/error.h"

/* A node of a parsed document; lives as long as the document. NULL stands for "absent" and is accepted
 * by every function here. */
typedef struct sxt_json sxt_json;

/* Parses n bytes: one value, no duplicate keys, valid UTF-8. Free with sxt_json_free(). */
sxt_status sxt_json_parse(const void *bytes, size_t n, sxt_json **document, sxt_error *error);
void sxt_json_free(sxt_json *document);

typedef enum sxt_json_kind {
    SXT_JSON_ABSENT,
    SXT_JSON_NULL,
    SXT_JSON_BOOL,
    SXT_JSON_INTEGER,
    SXT_JSON_REAL,
    SXT_JSON_STRING,
    SXT_JSON_ARRAY,
    SXT_JSON_OBJECT
} sxt_json_kind;

sxt_json_kind sxt_json_kind_of(const sxt_json *node);
/* Absent or null. */
bool sxt_json_is_none(const sxt_json *node);

/* Members, elements. */
const sxt_json *sxt_json_get(const sxt_json *object, const char *key);
size_t sxt_json_size(const sxt_json *node); /* of an array or object; else 0 */
const sxt_json *sxt_json_at(const sxt_json *array, size_t i);

/* Walks an object: start with NULL; NULL at the end. */
void *sxt_json_next(const sxt_json *object, void *iterator);
const char *sxt_json_key(void *iterator);
size_t sxt_json_key_size(void *iterator);
const sxt_json *sxt_json_value(void *iterator);

/* Values; false when the node is of another kind. Strings may hold NUL bytes: use the size. */
bool sxt_json_string(const sxt_json *node, const char **text, size_t *n);
bool sxt_json_bool(const sxt_json *node, bool *value);
bool sxt_json_integer(const sxt_json *node, int64_t *value);
bool sxt_json_equal(const sxt_json *a, const sxt_json *b); /* whole trees; 1 and 1.0 differ */
bool sxt_json_number(const sxt_json *node, double *value); /* integer or real */

#endif
