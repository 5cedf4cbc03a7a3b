#include "format/gguf.h"

#include "base/file.h"
#include "base/memory.h"
#include "format/gguf_file.h"
#include "format/gguf_split.h"
#include "format/gguf_value.h"
#include "format/limits.h"

#include <string.h>

struct sxt_gguf {
    struct part {
        sxt_map map; /* zeroed when the bytes are the caller's */
        sxt_gguf_file file;
    } * parts; /* (n_parts); the first holds the model's values */
    size_t n_parts;
    sxt_tensor *tensors; /* (n_tensors) of all parts */
    uint64_t n_tensors;
    sxt_name_index names;
};

static void close_parts(sxt_gguf *gguf) {
    for (size_t i = 0; i < gguf->n_parts; i++) {
        sxt_gguf_file_free(&gguf->parts[i].file);
        sxt_map_close(&gguf->parts[i].map);
    }
    sxt_free(gguf->parts);
    gguf->parts = NULL;
    gguf->n_parts = 0;
}

void sxt_gguf_close(sxt_gguf *gguf) {
    if (!gguf) return;
    close_parts(gguf);
    sxt_free(gguf->tensors);
    sxt_name_index_free(&gguf->names);
    sxt_free(gguf);
}

/* ---- Parts ------------------------------------------------------------------------------------ */

/* What a part says of the split it belongs to; a file that is not split says no = 0, count = 1. */
typedef struct split {
    int64_t no, count;
    int64_t n_tensors; /* of all parts; -1 when not given */
} split;

static sxt_status read_key(const sxt_gguf_file *file, const char *key, int64_t *out, sxt_error *error) {
    const sxt_gguf_value *value = sxt_gguf_file_find(file, key);
    return value ? sxt_gguf_value_integer(value, out, error) : SXT_OK;
}

static sxt_status read_split(const sxt_gguf_file *file, split *out, sxt_error *error) {
    split s = {0, 1, -1};
    SXT_TRY(read_key(file, "split.no", &s.no, error));
    SXT_TRY(read_key(file, "split.count", &s.count, error));
    SXT_TRY(read_key(file, "split.tensors.count", &s.n_tensors, error));
    if (s.count == 0) s.count = 1; /* what merged files carry */
    if (s.count < 1 || s.count > SXT_MAX_PARTS)
        return sxt_fail(error, SXT_E_FORMAT, "key 'split.count' is %lld; 1 to %lld are read",
                        (long long)s.count, (long long)SXT_MAX_PARTS);
    if (s.no < 0 || s.no >= s.count)
        return sxt_fail(error, SXT_E_FORMAT, "key 'split.no' is %lld; 0 to %lld is possible with %lld parts",
                        (long long)s.no, (long long)s.count - 1, (long long)s.count);
    *out = s;
    return SXT_OK;
}

static sxt_status make_parts(sxt_gguf *gguf, size_t n, sxt_error *error) {
    gguf->parts = sxt_alloc(n, sizeof *gguf->parts);
    if (!gguf->parts) return sxt_fail_memory(error, "the list of a model's parts", n * sizeof *gguf->parts);
    return SXT_OK;
}

/* Maps and parses the next part; the room for it is there. */
static sxt_status open_part(sxt_gguf *gguf, const char *path, bool vocab_only, sxt_error *error) {
    struct part *part = &gguf->parts[gguf->n_parts];
    SXT_TRY(sxt_map_open(path, &part->map, error));
    gguf->n_parts++;
    sxt_status status = sxt_gguf_file_parse(part->map.data, part->map.size, vocab_only, &part->file, error);
    return sxt_fail_in(error, status, path);
}

static sxt_status open_numbered(sxt_gguf *gguf, const char *path, int64_t no, int64_t count, bool vocab_only,
                                sxt_error *error) {
    if (!sxt_path_exists(path))
        return sxt_fail(error, SXT_E_IO,
                        "%.300s: part %lld of %lld of the model is missing; put all parts in one folder", path,
                        (long long)no, (long long)count);
    SXT_TRY(open_part(gguf, path, vocab_only, error));
    split s = {0};
    sxt_status status = read_split(&gguf->parts[gguf->n_parts - 1].file, &s, error);
    if (status == SXT_OK && (s.no != no - 1 || s.count != count))
        status = sxt_fail(error, SXT_E_FORMAT,
                          "by its name part %lld of %lld, by its keys part %lld of %lld; give the files their "
                          "original names",
                          (long long)no, (long long)count, (long long)s.no + 1, (long long)s.count);
    return sxt_fail_in(error, status, path);
}

/* All parts of the split that `path` belongs to; the vocabulary is in the first alone. */
static sxt_status open_all_parts(sxt_gguf *gguf, const char *path, const split *found, bool vocab_only,
                                 sxt_error *error) {
    sxt_split_name name;
    if (!sxt_split_name_parse(path, &name) || name.count != found->count)
        return sxt_fail(error, SXT_E_FORMAT,
                        "%.300s: is part %lld of %lld of a split model, so its name must end in "
                        "-%05d-of-%05d.gguf; give the files their original names",
                        path, (long long)found->no + 1, (long long)found->count, (int)found->no + 1,
                        (int)found->count);
    SXT_TRY(make_parts(gguf, (size_t)name.count, error));
    for (int64_t no = 1; no <= (vocab_only ? 1 : name.count); no++) {
        char *part = sxt_split_name_of(path, &name, no);
        if (!part) return sxt_fail_memory(error, "a file name", strlen(path));
        sxt_status status = open_numbered(gguf, part, no, name.count, vocab_only, error);
        sxt_free(part);
        SXT_TRY(status);
    }
    return SXT_OK;
}

/* ---- Opening ---------------------------------------------------------------------------------- */

static sxt_status gather_tensors(sxt_gguf *gguf, sxt_error *error) {
    uint64_t n = 0;
    for (size_t i = 0; i < gguf->n_parts; i++) n += gguf->parts[i].file.n_tensors;
    if (n > SXT_MAX_TENSORS)
        return sxt_fail(error, SXT_E_FORMAT, "the parts hold more than %llu tensors",
                        (unsigned long long)SXT_MAX_TENSORS);
    gguf->tensors = sxt_alloc(n, sizeof *gguf->tensors);
    if (!gguf->tensors) return sxt_fail_memory(error, "the tensor list", n * sizeof *gguf->tensors);
    SXT_TRY(sxt_name_index_make(&gguf->names, n, error));
    for (size_t i = 0; i < gguf->n_parts; i++) {
        const sxt_gguf_file *file = &gguf->parts[i].file;
        for (uint64_t k = 0; k < file->n_tensors; k++) {
            gguf->names.entries[gguf->n_tensors] = (sxt_named){file->tensors[k].name, gguf->n_tensors};
            gguf->tensors[gguf->n_tensors++] = file->tensors[k];
        }
    }
    const sxt_named *again = sxt_name_index_sort(&gguf->names);
    if (again)
        return sxt_fail(error, SXT_E_FORMAT, "tensor '%.64s' stands in two parts of the model", again->name);
    return SXT_OK;
}

static sxt_status open_files(sxt_gguf *gguf, const char *path, bool vocab_only, sxt_error *error) {
    split s = {0};
    SXT_TRY(make_parts(gguf, 1, error));
    SXT_TRY(open_part(gguf, path, vocab_only, error));
    SXT_TRY(sxt_fail_in(error, read_split(&gguf->parts[0].file, &s, error), path));
    if (s.count > 1) {
        close_parts(gguf);
        SXT_TRY(open_all_parts(gguf, path, &s, vocab_only, error));
        SXT_TRY(sxt_fail_in(error, read_split(&gguf->parts[0].file, &s, error), path));
    }
    SXT_TRY(sxt_fail_in(error, gather_tensors(gguf, error), path));
    if (s.count > 1 && !vocab_only && s.n_tensors != (int64_t)gguf->n_tensors)
        return sxt_fail(error, SXT_E_FORMAT,
                        "%.300s: key 'split.tensors.count' is %lld, but the %lld parts hold %llu tensors; they "
                        "do not belong together, download them again",
                        path, (long long)s.n_tensors, (long long)s.count, (unsigned long long)gguf->n_tensors);
    return SXT_OK;
}

static sxt_status parse_memory(sxt_gguf *gguf, const void *data, size_t size, bool vocab_only,
                               sxt_error *error) {
    split s = {0};
    SXT_TRY(make_parts(gguf, 1, error));
    SXT_TRY(sxt_gguf_file_parse(data, size, vocab_only, &gguf->parts[0].file, error));
    gguf->n_parts = 1;
    SXT_TRY(read_split(&gguf->parts[0].file, &s, error));
    if (s.count > 1 && !vocab_only)
        return sxt_fail(error, SXT_E_UNSUPPORTED,
                        "one part of a split model cannot be read without the others");
    return gather_tensors(gguf, error);
}

static sxt_status make(sxt_gguf **gguf, sxt_error *error) {
    *gguf = sxt_alloc(1, sizeof **gguf);
    return *gguf ? SXT_OK : sxt_fail_memory(error, "a GGUF file", sizeof **gguf);
}

static sxt_status give(sxt_gguf *gguf, sxt_status status, sxt_gguf **out) {
    if (status == SXT_OK)
        *out = gguf;
    else
        sxt_gguf_close(gguf);
    return status;
}

sxt_status sxt_gguf_open(const char *path, bool vocab_only, sxt_gguf **out, sxt_error *error) {
    sxt_gguf *gguf;
    SXT_TRY(make(&gguf, error));
    return give(gguf, open_files(gguf, path, vocab_only, error), out);
}

sxt_status sxt_gguf_parse(const void *data, size_t size, bool vocab_only, sxt_gguf **out, sxt_error *error) {
    sxt_gguf *gguf;
    SXT_TRY(make(&gguf, error));
    return give(gguf, parse_memory(gguf, data, size, vocab_only, error), out);
}

/* ---- Looking up ------------------------------------------------------------------------------- */

uint32_t sxt_gguf_version(const sxt_gguf *gguf) { return gguf->parts[0].file.version; }
uint64_t sxt_gguf_n_values(const sxt_gguf *gguf) { return gguf->parts[0].file.n_values; }
int64_t sxt_gguf_n_tensors(const sxt_gguf *gguf) { return (int64_t)gguf->n_tensors; }
const sxt_gguf_value *sxt_gguf_value_at(const sxt_gguf *gguf, uint64_t i) {
    return i < sxt_gguf_n_values(gguf) ? &gguf->parts[0].file.values[i] : NULL;
}

const sxt_gguf_value *sxt_gguf_find(const sxt_gguf *gguf, const char *key) {
    return sxt_gguf_file_find(&gguf->parts[0].file, key);
}

const sxt_tensor *sxt_gguf_tensor_at(const sxt_gguf *gguf, int64_t i) {
    return i >= 0 && (uint64_t)i < gguf->n_tensors ? &gguf->tensors[i] : NULL;
}

const sxt_tensor *sxt_gguf_find_tensor(const sxt_gguf *gguf, const char *name) {
    const sxt_named *found = sxt_name_index_find(&gguf->names, name);
    return found ? &gguf->tensors[found->i] : NULL;
}

/* The value of a key, and whether it is there. */
static const sxt_gguf_value *look(const sxt_gguf *gguf, const char *key, bool *found) {
    const sxt_gguf_value *value = sxt_gguf_find(gguf, key);
    if (found) *found = value != NULL;
    return value;
}

sxt_status sxt_gguf_get_integer(const sxt_gguf *gguf, const char *key, int64_t *out, bool *found,
                                sxt_error *error) {
    const sxt_gguf_value *value = look(gguf, key, found);
    return value ? sxt_gguf_value_integer(value, out, error) : SXT_OK;
}

sxt_status sxt_gguf_get_number(const sxt_gguf *gguf, const char *key, double *out, bool *found,
                               sxt_error *error) {
    const sxt_gguf_value *value = look(gguf, key, found);
    return value ? sxt_gguf_value_number(value, out, error) : SXT_OK;
}

sxt_status sxt_gguf_get_bool(const sxt_gguf *gguf, const char *key, bool *out, bool *found, sxt_error *error) {
    const sxt_gguf_value *value = look(gguf, key, found);
    return value ? sxt_gguf_value_bool(value, out, error) : SXT_OK;
}

sxt_status sxt_gguf_get_string(const sxt_gguf *gguf, const char *key, const char **text, size_t *n, bool *found,
                               sxt_error *error) {
    const sxt_gguf_value *value = look(gguf, key, found);
    return value ? sxt_gguf_value_string(value, text, n, error) : SXT_OK;
}

sxt_status sxt_gguf_get_array(const sxt_gguf *gguf, const char *key, sxt_gguf_type type,
                              const sxt_gguf_value **out, sxt_error *error) {
    const sxt_gguf_value *value = sxt_gguf_find(gguf, key);
    if (value) SXT_TRY(sxt_gguf_value_array(value, type, error));
    *out = value;
    return SXT_OK;
}
