/* GGUF v2 and v3, single files and splits, read without trust. */
#ifndef SXT_FORMAT_GGUF_H
#define SXT_FORMAT_GGUF_H

#include "base/reader.h"
#include "tensor/tensor.h"

typedef enum sxt_gguf_type {
    SXT_GGUF_U8 = 0,
    SXT_GGUF_I8,
    SXT_GGUF_U16,
    SXT_GGUF_I16,
    SXT_GGUF_U32,
    SXT_GGUF_I32,
    SXT_GGUF_F32,
    SXT_GGUF_BOOL,
    SXT_GGUF_STRING,
    SXT_GGUF_ARRAY,
    SXT_GGUF_U64,
    SXT_GGUF_I64,
    SXT_GGUF_F64
} sxt_gguf_type;

/* A key's value. Arrays give their element type; nothing nests. */
typedef struct sxt_gguf_value {
    const char *key;    /* NUL-terminated */
    sxt_gguf_type type; /* of the value, or of the elements of an array; never SXT_GGUF_ARRAY */
    bool is_array;
    uint64_t n;          /* elements; 1 for a scalar */
    const uint8_t *data; /* (n_bytes) as in the file, checked: strings are u64 length, bytes, ... */
    uint64_t n_bytes;
    uint64_t offset; /* of the data in its file */
} sxt_gguf_value;

typedef struct sxt_gguf sxt_gguf;

/* Opens a file, or all parts of a split when `path` is one of them. With `vocab_only` tensors are not
 * looked at, so types this version does not read are accepted. */
sxt_status sxt_gguf_open(const char *path, bool vocab_only, sxt_gguf **gguf, sxt_error *error);
/* The same over memory, which must outlive the result (tests, fuzzing). */
sxt_status sxt_gguf_parse(const void *data, size_t size, bool vocab_only, sxt_gguf **gguf, sxt_error *error);
void sxt_gguf_close(sxt_gguf *gguf);

uint32_t sxt_gguf_version(const sxt_gguf *gguf);

/* NULL when the key is absent. */
const sxt_gguf_value *sxt_gguf_find(const sxt_gguf *gguf, const char *key);
uint64_t sxt_gguf_n_values(const sxt_gguf *gguf);
const sxt_gguf_value *sxt_gguf_value_at(const sxt_gguf *gguf, uint64_t i);

/* Typed getters. Absent: *out keeps its value and the status is SXT_OK, *found (may be NULL) says which.
 * Any integer type is accepted for an integer, any number for a double. Wrong kind: SXT_E_FORMAT. */
sxt_status sxt_gguf_get_integer(const sxt_gguf *gguf, const char *key, int64_t *out, bool *found,
                                sxt_error *error);
sxt_status sxt_gguf_get_number(const sxt_gguf *gguf, const char *key, double *out, bool *found,
                               sxt_error *error);
sxt_status sxt_gguf_get_bool(const sxt_gguf *gguf, const char *key, bool *out, bool *found, sxt_error *error);
sxt_status sxt_gguf_get_string(const sxt_gguf *gguf, const char *key, const char **text, size_t *n, bool *found,
                               sxt_error *error);

/* An array of `type` exactly; *value is NULL when absent. */
sxt_status sxt_gguf_get_array(const sxt_gguf *gguf, const char *key, sxt_gguf_type type,
                              const sxt_gguf_value **value, sxt_error *error);

/* Walks a string array (checked at open): call n times. Start with a reader over value->data. */
static inline sxt_reader sxt_gguf_strings(const sxt_gguf_value *value) {
    return sxt_reader_make(value->data, value->n_bytes);
}
static inline const char *sxt_gguf_next_string(sxt_reader *r, size_t *n) {
    uint64_t size = sxt_read_u64(r);
    const uint8_t *at = sxt_read_bytes(r, size);
    *n = at ? (size_t)size : 0;
    return at ? (const char *)at : "";
}

/* Tensors of all parts, in file order; find: NULL when absent. */
int64_t sxt_gguf_n_tensors(const sxt_gguf *gguf);
const sxt_tensor *sxt_gguf_tensor_at(const sxt_gguf *gguf, int64_t i);
const sxt_tensor *sxt_gguf_find_tensor(const sxt_gguf *gguf, const char *name);

#endif
