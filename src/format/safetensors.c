#include "format/safetensors.h"

#include "base/file.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/reader.h"
#include "format/foreign.h"
#include "format/limits.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef unsigned long long ull; /* for %llu */

/* Where a tensor lies in the data that follows the header: [begin, end). */
typedef struct slot {
    sxt_safetensors_entry entry;
    uint64_t begin, end;
    uint64_t bits; /* of an element */
} slot;

struct sxt_safetensors {
    sxt_map map; /* zeroed when the bytes are the caller's */
    uint64_t size;
    sxt_json *header; /* owns the names */
    slot *slots;      /* (n), by offset */
    uint64_t n;
};

/* Every dtype that the format knows; type is -1 where this library does not read it. */
static const struct dtype {
    const char *name;
    int bits, type;
} dtypes[] = {
    {"F32", 32, SXT_TYPE_F32},
    {"F16", 16, SXT_TYPE_F16},
    {"BF16", 16, SXT_TYPE_BF16},
    {"F64", 64, -1},
    {"BOOL", 8, -1},
    {"U8", 8, -1},
    {"I8", 8, -1},
    {"U16", 16, -1},
    {"I16", 16, -1},
    {"U32", 32, -1},
    {"I32", 32, -1},
    {"U64", 64, -1},
    {"I64", 64, -1},
    {"C64", 64, -1},
    {"F8_E4M3", 8, -1},
    {"F8_E5M2", 8, -1},
    {"F8_E8M0", 8, -1},
    {"F6_E2M3", 6, -1},
    {"F6_E3M2", 6, -1},
    {"F4", 4, -1},
};

void sxt_safetensors_close(sxt_safetensors *file) {
    if (!file) return;
    sxt_free(file->slots);
    sxt_json_free(file->header);
    sxt_map_close(&file->map);
    sxt_free(file);
}

/* ---- One tensor of the header ----------------------------------------------------------------- */

static sxt_status invalid(const slot *s, const char *what, sxt_error *error) {
    return sxt_fail_at(error, SXT_E_FORMAT, 8, "tensor '%.100s': %s; the file is damaged", s->entry.tensor.name,
                       what);
}

static void set_unusable(slot *s, const char *why, const char *name) {
    s->entry.tensor.traits = NULL;
    snprintf(s->entry.why_not, sizeof s->entry.why_not, "%s%s", why, name);
}

static sxt_status read_dtype(const sxt_json *info, slot *s, sxt_error *error) {
    const char *text;
    size_t n;
    if (!sxt_json_string(sxt_json_get(info, "dtype"), &text, &n))
        return invalid(s, "'dtype' is missing or not a string", error);
    for (size_t i = 0; i < sizeof dtypes / sizeof dtypes[0]; i++) {
        if (strlen(dtypes[i].name) != n || memcmp(dtypes[i].name, text, n) != 0) continue;
        s->bits = (uint64_t)dtypes[i].bits;
        if (dtypes[i].type >= 0) s->entry.tensor.traits = sxt_type_find((uint32_t)dtypes[i].type);
        if (!s->entry.tensor.traits) set_unusable(s, "is stored as ", dtypes[i].name);
        return SXT_OK;
    }
    return sxt_fail_at(error, SXT_E_UNSUPPORTED, 8,
                       "tensor '%.100s' has dtype '%.40s', which is not known; use "
                       "a version of the model in F32, F16 or BF16",
                       s->entry.tensor.name, text);
}

static bool read_size(const sxt_json *node, uint64_t *value) {
    int64_t integer;
    if (!sxt_json_integer(node, &integer) || integer < 0) return false;
    *value = (uint64_t)integer;
    return true;
}

static sxt_status read_shape(const sxt_json *info, slot *s, uint64_t *elements, sxt_error *error) {
    const sxt_json *shape = sxt_json_get(info, "shape");
    if (sxt_json_kind_of(shape) != SXT_JSON_ARRAY) return invalid(s, "'shape' is missing or no array", error);
    size_t n = sxt_json_size(shape);
    *elements = 1;
    for (size_t i = 0; i < n; i++) {
        uint64_t dim;
        if (!read_size(sxt_json_at(shape, i), &dim)) return invalid(s, "'shape' is not made of sizes", error);
        if (!sxt_mul_ok(*elements, dim, elements)) return invalid(s, "'shape' is too large", error);
        if (i < SXT_MAX_DIMS) s->entry.tensor.dims[i] = (int64_t)dim;
    }
    if (n > SXT_MAX_DIMS)
        set_unusable(s, "has more than four dimensions", "");
    else if (*elements == 0)
        set_unusable(s, "has no elements", "");
    else
        s->entry.tensor.n_dims = (int32_t)n;
    return SXT_OK;
}

static sxt_status read_slot(const sxt_json *info, slot *s, sxt_error *error) {
    uint64_t elements = 0, bits;
    if (sxt_json_kind_of(info) != SXT_JSON_OBJECT) return invalid(s, "its entry is not an object", error);
    SXT_TRY(read_dtype(info, s, error));
    SXT_TRY(read_shape(info, s, &elements, error));
    const sxt_json *offsets = sxt_json_get(info, "data_offsets");
    if (sxt_json_kind_of(offsets) != SXT_JSON_ARRAY || sxt_json_size(offsets) != 2 ||
        !read_size(sxt_json_at(offsets, 0), &s->begin) || !read_size(sxt_json_at(offsets, 1), &s->end))
        return invalid(s, "'data_offsets' is not a pair of sizes", error);
    if (s->end < s->begin) return invalid(s, "'data_offsets' run backwards", error);
    if (!sxt_mul_ok(elements, s->bits, &bits)) return invalid(s, "'shape' is too large", error);
    if (bits % 8 != 0) return invalid(s, "its elements do not fill whole bytes", error);
    if (s->end - s->begin != bits / 8)
        return sxt_fail_at(
            error, SXT_E_FORMAT, 8,
            "tensor '%.100s': 'data_offsets' span %llu bytes, its shape and dtype need %llu; the "
            "file is damaged",
            s->entry.tensor.name, (ull)(s->end - s->begin), (ull)(bits / 8));
    s->entry.tensor.n_bytes = bits / 8;
    return SXT_OK;
}

/* ---- The whole file --------------------------------------------------------------------------- */

static sxt_status check_metadata(const sxt_json *metadata, sxt_error *error) {
    if (sxt_json_is_none(metadata)) return SXT_OK;
    bool ok = sxt_json_kind_of(metadata) == SXT_JSON_OBJECT;
    for (void *i = ok ? sxt_json_next(metadata, NULL) : NULL; i; i = sxt_json_next(metadata, i))
        ok = ok && sxt_json_kind_of(sxt_json_value(i)) == SXT_JSON_STRING;
    if (ok) return SXT_OK;
    return sxt_fail_at(error, SXT_E_FORMAT, 8, "'__metadata__' does not map names to strings; damaged file");
}

static sxt_status read_slots(sxt_safetensors *file, sxt_error *error) {
    const sxt_json *header = file->header;
    if (sxt_json_kind_of(header) != SXT_JSON_OBJECT)
        return sxt_fail_at(error, SXT_E_FORMAT, 8, "the header is not a JSON object; the file is damaged");
    SXT_TRY(check_metadata(sxt_json_get(header, "__metadata__"), error));
    size_t n = sxt_json_size(header);
    file->slots = sxt_alloc(n, sizeof *file->slots);
    if (!file->slots) return sxt_fail_memory(error, "the tensors of a safetensors file", n * sizeof(slot));
    for (void *i = sxt_json_next(header, NULL); i; i = sxt_json_next(header, i)) {
        if (strcmp(sxt_json_key(i), "__metadata__") == 0) continue;
        slot *s = &file->slots[file->n++];
        s->entry.tensor.name = sxt_json_key(i);
        SXT_TRY(read_slot(sxt_json_value(i), s, error));
    }
    return SXT_OK;
}

static int by_offset(const void *a, const void *b) {
    const slot *x = a, *y = b;
    if (x->begin != y->begin) return x->begin < y->begin ? -1 : 1;
    return x->end < y->end ? -1 : x->end > y->end;
}

/* From the first byte of the data to the last, each byte belongs to exactly one tensor. */
static sxt_status place_slots(sxt_safetensors *file, const uint8_t *data, uint64_t size, sxt_error *error) {
    uint64_t end = 0;
    if (file->n) qsort(file->slots, file->n, sizeof *file->slots, by_offset);
    for (uint64_t i = 0; i < file->n; i++) {
        slot *s = &file->slots[i];
        if (s->begin != end)
            return invalid(s, s->begin > end ? "bytes before it belong to no tensor" : "it overlaps another",
                           error);
        if (s->end > size)
            return sxt_fail_at(
                error, SXT_E_FORMAT, file->size,
                "tensor '%.100s' ends at byte %llu of the data, but the file has %llu; it is cut "
                "off or damaged, download it again",
                s->entry.tensor.name, (ull)s->end, (ull)size);
        s->entry.tensor.data = data + s->begin;
        end = s->end;
    }
    if (end == size) return SXT_OK;
    return sxt_fail_at(error, SXT_E_FORMAT, file->size - (size - end),
                       "%llu bytes at the end of the file belong to no tensor; the file is damaged",
                       (ull)(size - end));
}

static sxt_status check_start(sxt_reader *r, uint64_t *n_header, sxt_error *error) {
    const char *hint = sxt_foreign_hint(r->data, r->size);
    if (r->size > 8 && r->data[8] != '{')
        return sxt_fail_at(error, SXT_E_FORMAT, 8,
                           "not a safetensors file: its header does not begin with '{'%s%s", hint ? "; " : "",
                           hint ? hint : "");
    *n_header = sxt_read_u64(r);
    if (r->failed)
        return sxt_fail_at(error, SXT_E_FORMAT, 0, "the file has %llu bytes; it is cut off", (ull)r->size);
    if (*n_header > SXT_MAX_SAFETENSORS_HEADER)
        return sxt_fail_at(error, SXT_E_FORMAT, 0, "the header has %llu bytes; at most %llu are allowed",
                           (ull)*n_header, (ull)SXT_MAX_SAFETENSORS_HEADER);
    if (*n_header > sxt_reader_left(r))
        return sxt_fail_at(
            error, SXT_E_FORMAT, 0,
            "the header has %llu bytes, but only %llu are left; the file is cut off, download it "
            "again",
            (ull)*n_header, (ull)sxt_reader_left(r));
    if (*n_header == 0) return sxt_fail_at(error, SXT_E_FORMAT, 0, "the header is empty; the file is damaged");
    return SXT_OK;
}

static sxt_status parse(sxt_safetensors *file, const void *bytes, uint64_t size, sxt_error *error) {
    sxt_reader r = sxt_reader_make(bytes, size);
    uint64_t n_header = 0;
    file->size = size;
    SXT_TRY(check_start(&r, &n_header, error));
    const uint8_t *header = sxt_read_bytes(&r, n_header);
    sxt_status status = sxt_json_parse(header, n_header, &file->header, error);
    if (status != SXT_OK && error) error->offset += sizeof(uint64_t); /* of the header to of the file */
    SXT_TRY(status);
    SXT_TRY(read_slots(file, error));
    return place_slots(file, r.data + r.pos, sxt_reader_left(&r), error);
}

static sxt_status make(sxt_safetensors **file, sxt_error *error) {
    *file = sxt_alloc(1, sizeof **file);
    return *file ? SXT_OK : sxt_fail_memory(error, "a safetensors file", sizeof **file);
}

static sxt_status give(sxt_safetensors *file, sxt_status status, sxt_safetensors **out) {
    if (status == SXT_OK)
        *out = file;
    else
        sxt_safetensors_close(file);
    return status;
}

sxt_status sxt_safetensors_open(const char *path, sxt_safetensors **out, sxt_error *error) {
    sxt_safetensors *file;
    SXT_TRY(make(&file, error));
    sxt_status status = sxt_map_open(path, &file->map, error);
    if (status == SXT_OK) status = sxt_fail_in(error, parse(file, file->map.data, file->map.size, error), path);
    return give(file, status, out);
}

sxt_status sxt_safetensors_parse(const void *data, size_t size, sxt_safetensors **out, sxt_error *error) {
    sxt_safetensors *file;
    SXT_TRY(make(&file, error));
    return give(file, parse(file, data, size, error), out);
}

uint64_t sxt_safetensors_n(const sxt_safetensors *file) { return file->n; }
const sxt_safetensors_entry *sxt_safetensors_at(const sxt_safetensors *file, uint64_t i) {
    return i < file->n ? &file->slots[i].entry : NULL;
}
