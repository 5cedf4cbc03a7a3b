#include "format/gguf_writer.h"

#include "base/buffer.h"
#include "base/file.h"
#include "base/memory.h"
#include "format/limits.h"
#include "format/name_index.h"

#include <string.h>

enum { ALIGNMENT = 32 }; /* GGUF's default, so general.alignment need not be written */

/* Names one after the other, each with its NUL. */
typedef struct name_list {
    sxt_buffer text;
    uint64_t n;
} name_list;

struct sxt_gguf_writer {
    sxt_writer *file;
    sxt_buffer values, tensors; /* their records, as they will stand in the file */
    name_list keys, names;
    sxt_buffer sizes;      /* uint64_t per tensor: its bytes */
    uint64_t data_bytes;   /* of all tensors, padded */
    uint64_t strings_left; /* of the string array that is being declared */
    uint64_t i_tensor;     /* current, once begun */
    uint64_t tensor_done;  /* bytes of it that are written */
    bool begun;
    sxt_error fault; /* the first thing that went wrong while declaring */
};

sxt_status sxt_gguf_writer_new(const char *path, sxt_gguf_writer **out, sxt_error *error) {
    sxt_gguf_writer *w = sxt_alloc(1, sizeof *w);
    if (!w) return sxt_fail_memory(error, "a GGUF writer", sizeof *w);
    sxt_status status = sxt_writer_open(path, &w->file, error);
    if (status != SXT_OK) {
        sxt_free(w);
        return status;
    }
    *out = w;
    return SXT_OK;
}

void sxt_gguf_writer_abort(sxt_gguf_writer *w) {
    if (!w) return;
    sxt_writer_abort(w->file);
    sxt_buffer_free(&w->values);
    sxt_buffer_free(&w->tensors);
    sxt_buffer_free(&w->keys.text);
    sxt_buffer_free(&w->names.text);
    sxt_buffer_free(&w->sizes);
    sxt_free(w);
}

/* ---- Declaring -------------------------------------------------------------------------------- */

static bool may_declare(sxt_gguf_writer *w, const char *name) {
    if (w->fault.status != SXT_OK) return false;
    if (w->begun)
        sxt_fail(&w->fault, SXT_E_ARGUMENT, "'%.100s' was declared after the file was begun", name);
    else if (w->strings_left)
        sxt_fail(&w->fault, SXT_E_ARGUMENT, "the string array before '%.100s' lacks %llu strings", name,
                 (unsigned long long)w->strings_left);
    return w->fault.status == SXT_OK;
}

static void put_u32(sxt_buffer *b, uint32_t value) { sxt_buffer_append(b, &value, sizeof value); }
static void put_u64(sxt_buffer *b, uint64_t value) { sxt_buffer_append(b, &value, sizeof value); }

static void put_string(sxt_buffer *b, const char *text, size_t n) {
    put_u64(b, n);
    sxt_buffer_append(b, text, n);
}

static bool put_name(sxt_gguf_writer *w, name_list *list, sxt_buffer *b, const char *name, uint64_t most) {
    size_t n = strlen(name);
    if (!may_declare(w, name)) return false;
    if (n == 0 || n > most) {
        sxt_fail(&w->fault, SXT_E_ARGUMENT, "the name '%.100s' has %zu bytes; GGUF takes 1 to %llu", name, n,
                 (unsigned long long)most);
        return false;
    }
    sxt_buffer_append(&list->text, name, n + 1);
    list->n++;
    put_string(b, name, n);
    return true;
}

static bool put_key(sxt_gguf_writer *w, const char *key, sxt_gguf_type type) {
    if (!put_name(w, &w->keys, &w->values, key, SXT_MAX_KEY_BYTES)) return false;
    put_u32(&w->values, (uint32_t)type);
    return true;
}

static void put_scalar(sxt_gguf_writer *w, const char *key, sxt_gguf_type type, const void *value, size_t n) {
    if (put_key(w, key, type)) sxt_buffer_append(&w->values, value, n);
}

void sxt_gguf_writer_string(sxt_gguf_writer *w, const char *key, const char *text, size_t n) {
    if (put_key(w, key, SXT_GGUF_STRING)) put_string(&w->values, text, n);
}

void sxt_gguf_writer_bool(sxt_gguf_writer *w, const char *key, bool value) {
    uint8_t byte = value;
    put_scalar(w, key, SXT_GGUF_BOOL, &byte, 1);
}

void sxt_gguf_writer_u16(sxt_gguf_writer *w, const char *key, uint16_t value) {
    put_scalar(w, key, SXT_GGUF_U16, &value, sizeof value);
}

void sxt_gguf_writer_u32(sxt_gguf_writer *w, const char *key, uint32_t value) {
    put_scalar(w, key, SXT_GGUF_U32, &value, sizeof value);
}

void sxt_gguf_writer_i32(sxt_gguf_writer *w, const char *key, int32_t value) {
    put_scalar(w, key, SXT_GGUF_I32, &value, sizeof value);
}

void sxt_gguf_writer_u64(sxt_gguf_writer *w, const char *key, uint64_t value) {
    put_scalar(w, key, SXT_GGUF_U64, &value, sizeof value);
}

void sxt_gguf_writer_i64(sxt_gguf_writer *w, const char *key, int64_t value) {
    put_scalar(w, key, SXT_GGUF_I64, &value, sizeof value);
}

void sxt_gguf_writer_f32(sxt_gguf_writer *w, const char *key, float value) {
    put_scalar(w, key, SXT_GGUF_F32, &value, sizeof value);
}

void sxt_gguf_writer_f64(sxt_gguf_writer *w, const char *key, double value) {
    put_scalar(w, key, SXT_GGUF_F64, &value, sizeof value);
}

static bool put_array(sxt_gguf_writer *w, const char *key, sxt_gguf_type type, uint64_t n) {
    if (!put_key(w, key, SXT_GGUF_ARRAY)) return false;
    put_u32(&w->values, (uint32_t)type);
    put_u64(&w->values, n);
    return true;
}

void sxt_gguf_writer_i32_array(sxt_gguf_writer *w, const char *key, const int32_t *values, uint64_t n) {
    if (put_array(w, key, SXT_GGUF_I32, n)) sxt_buffer_append(&w->values, values, n * sizeof *values);
}

void sxt_gguf_writer_bool_array(sxt_gguf_writer *w, const char *key, const bool *values, uint64_t n) {
    if (!put_array(w, key, SXT_GGUF_BOOL, n)) return;
    for (uint64_t i = 0; i < n; i++) sxt_buffer_append(&w->values, &(uint8_t){values[i]}, 1);
}

void sxt_gguf_writer_f32_array(sxt_gguf_writer *w, const char *key, const float *values, uint64_t n) {
    if (put_array(w, key, SXT_GGUF_F32, n)) sxt_buffer_append(&w->values, values, n * sizeof *values);
}

void sxt_gguf_writer_string_array(sxt_gguf_writer *w, const char *key, uint64_t n) {
    if (put_array(w, key, SXT_GGUF_STRING, n)) w->strings_left = n;
}

void sxt_gguf_writer_next_string(sxt_gguf_writer *w, const char *text, size_t n) {
    if (w->fault.status != SXT_OK) return;
    if (w->strings_left == 0) {
        sxt_fail(&w->fault, SXT_E_ARGUMENT, "a string was given to an array that is complete");
        return;
    }
    put_string(&w->values, text, n);
    w->strings_left--;
}

void sxt_gguf_writer_value(sxt_gguf_writer *w, const sxt_gguf_value *value) {
    if (strcmp(value->key, "general.alignment") == 0 || strncmp(value->key, "split.", 6) == 0) return;
    if (value->is_array ? put_array(w, value->key, value->type, value->n) : put_key(w, value->key, value->type))
        sxt_buffer_append(&w->values, value->data, value->n_bytes);
}

static bool tensor_bytes(sxt_gguf_writer *w, const char *name, sxt_type type, int32_t n_dims,
                         const int64_t *dims, uint64_t *bytes) {
    const sxt_type_traits *traits = sxt_type_find((uint32_t)type);
    uint64_t n_rows = 1;
    bool ok = traits && n_dims >= 1 && n_dims <= SXT_MAX_DIMS;
    for (int32_t i = 0; ok && i < n_dims; i++) {
        ok = dims[i] >= 1 && (uint64_t)dims[i] <= SXT_MAX_DIM;
        if (i + 1 < n_dims) ok = ok && sxt_mul_ok(n_rows, (uint64_t)dims[i], &n_rows);
    }
    ok = ok && sxt_type_bytes(traits, n_rows, (uint64_t)dims[n_dims - 1], bytes);
    if (!ok && w->fault.status == SXT_OK)
        sxt_fail(&w->fault, SXT_E_ARGUMENT, "tensor '%.64s' has a type or shape that GGUF does not store",
                 name);
    return ok;
}

void sxt_gguf_writer_tensor(sxt_gguf_writer *w, const char *name, sxt_type type, int32_t n_dims,
                            const int64_t *dims) {
    uint64_t bytes, end;
    if (!may_declare(w, name) || !tensor_bytes(w, name, type, n_dims, dims, &bytes)) return;
    if (!put_name(w, &w->names, &w->tensors, name, SXT_MAX_TENSOR_NAME_BYTES)) return;
    put_u32(&w->tensors, (uint32_t)n_dims);
    for (int32_t i = n_dims; i-- > 0;) put_u64(&w->tensors, (uint64_t)dims[i]); /* GGUF: fastest first */
    put_u32(&w->tensors, (uint32_t)type);
    put_u64(&w->tensors, w->data_bytes);
    put_u64(&w->sizes, bytes);
    if (!sxt_add_ok(w->data_bytes, bytes, &end) || end > INT64_MAX) {
        sxt_fail(&w->fault, SXT_E_ARGUMENT, "tensor '%.64s' makes the file larger than a file can be", name);
        return;
    }
    w->data_bytes = sxt_round_up(end, ALIGNMENT);
}

/* ---- Writing ---------------------------------------------------------------------------------- */

static sxt_status check_names(const name_list *list, uint64_t most, const char *what, sxt_error *error) {
    if (list->n > most)
        return sxt_fail(error, SXT_E_ARGUMENT, "%llu %ss are more than the %llu a GGUF file may have",
                        (unsigned long long)list->n, what, (unsigned long long)most);
    sxt_name_index index = {0};
    SXT_TRY(sxt_name_index_make(&index, list->n, error));
    const char *name = list->text.data;
    for (uint64_t i = 0; i < list->n; i++, name += strlen(name) + 1) index.entries[i] = (sxt_named){name, i};
    sxt_status status = SXT_OK;
    const sxt_named *again = sxt_name_index_sort(&index);
    if (again) status = sxt_fail(error, SXT_E_ARGUMENT, "%s '%.100s' was given twice", what, again->name);
    sxt_name_index_free(&index);
    return status;
}

static sxt_status check_declared(sxt_gguf_writer *w, sxt_error *error) {
    const sxt_buffer *buffers[] = {&w->values, &w->tensors, &w->keys.text, &w->names.text, &w->sizes};
    may_declare(w, "the end");
    if (w->fault.status != SXT_OK) {
        if (error) *error = w->fault;
        return w->fault.status;
    }
    for (size_t i = 0; i < sizeof buffers / sizeof buffers[0]; i++)
        if (buffers[i]->failed)
            return sxt_fail_memory(error, "the header of a GGUF file", w->values.size + w->tensors.size);
    SXT_TRY(check_names(&w->keys, SXT_MAX_VALUES, "key", error));
    return check_names(&w->names, SXT_MAX_TENSORS, "tensor", error);
}

static sxt_status pad(sxt_gguf_writer *w, sxt_error *error) {
    static const uint8_t zeros[ALIGNMENT];
    uint64_t at = sxt_writer_offset(w->file);
    return sxt_writer_write(w->file, zeros, sxt_round_up(at, ALIGNMENT) - at, error);
}

sxt_status sxt_gguf_writer_begin(sxt_gguf_writer *w, sxt_error *error) {
    SXT_TRY(check_declared(w, error));
    w->begun = true;
    struct {
        char magic[4];
        uint32_t version;
        uint64_t n_tensors, n_values;
    } head = {{'G', 'G', 'U', 'F'}, 3, w->names.n, w->keys.n};
    SXT_TRY(sxt_writer_write(w->file, &head, sizeof head, error));
    SXT_TRY(sxt_writer_write(w->file, w->values.data, w->values.size, error));
    SXT_TRY(sxt_writer_write(w->file, w->tensors.data, w->tensors.size, error));
    return pad(w, error);
}

static uint64_t current_bytes(const sxt_gguf_writer *w) {
    uint64_t bytes = 0;
    if (w->i_tensor < w->names.n) memcpy(&bytes, w->sizes.data + w->i_tensor * sizeof bytes, sizeof bytes);
    return bytes;
}

sxt_status sxt_gguf_writer_data(sxt_gguf_writer *w, const void *bytes, size_t n, sxt_error *error) {
    uint64_t left = current_bytes(w) - w->tensor_done;
    if (!w->begun || n > left)
        return sxt_fail(error, SXT_E_ARGUMENT, "%zu bytes were given where tensor %llu takes %llu more", n,
                        (unsigned long long)w->i_tensor, (unsigned long long)left);
    SXT_TRY(sxt_writer_write(w->file, bytes, n, error));
    w->tensor_done += n;
    if (n < left || n == 0) return SXT_OK;
    w->i_tensor++;
    w->tensor_done = 0;
    return pad(w, error);
}

sxt_status sxt_gguf_writer_commit(sxt_gguf_writer *w, sxt_error *error) {
    sxt_status status = SXT_OK;
    if (!w->begun || w->i_tensor < w->names.n) {
        status = sxt_fail(error, SXT_E_ARGUMENT, "the file is not complete: %llu of %llu tensors are written",
                          (unsigned long long)w->i_tensor, (unsigned long long)w->names.n);
    } else {
        status = sxt_writer_commit(w->file, error);
        w->file = NULL;
    }
    sxt_gguf_writer_abort(w);
    return status;
}
