#include "format/gguf_file.h"

#include "base/memory.h"
#include "format/foreign.h"
#include "format/gguf_value.h"
#include "format/limits.h"

#include <stdlib.h>
#include <string.h>

typedef unsigned long long ull; /* for %llu */

/* Where a tensor says it lies, until the start of the data is known. */
typedef struct placement {
    uint64_t i_tensor;
    uint64_t record; /* where its record starts in the file */
    uint64_t field;  /* where its offset stands in the file */
    uint64_t offset; /* from the start of the data */
} placement;

typedef struct parser {
    sxt_reader r;
    sxt_gguf_file *file;
    placement *places; /* (file->n_tensors) */
    uint64_t alignment;
    sxt_error *error;
} parser;

void sxt_gguf_file_free(sxt_gguf_file *file) {
    for (uint64_t i = 0; i < file->n_values; i++) sxt_free((void *)(uintptr_t)file->values[i].key);
    for (uint64_t i = 0; i < file->n_tensors; i++) sxt_free((void *)(uintptr_t)file->tensors[i].name);
    sxt_free(file->values);
    sxt_free(file->tensors);
    sxt_name_index_free(&file->keys);
    memset(file, 0, sizeof *file);
}

const sxt_gguf_value *sxt_gguf_file_find(const sxt_gguf_file *file, const char *key) {
    const sxt_named *found = sxt_name_index_find(&file->keys, key);
    return found ? &file->values[found->i] : NULL;
}

/* ---- Header ----------------------------------------------------------------------------------- */

static sxt_status check_version(uint32_t version, sxt_error *error) {
    if (version == 2 || version == 3) return SXT_OK;
    if (version == 0) return sxt_fail_at(error, SXT_E_FORMAT, 4, "GGUF version 0 does not exist: damaged file");
    if ((version & 0xFFFF) == 0)
        return sxt_fail_at(error, SXT_E_UNSUPPORTED, 4,
                           "this is a big-endian GGUF file; use the little-endian version of the model");
    if (version == 1)
        return sxt_fail_at(
            error, SXT_E_UNSUPPORTED, 4,
            "GGUF version 1 is not read; use a newer download of the model, or convert it again");
    return sxt_fail_at(error, SXT_E_UNSUPPORTED, 4,
                       "GGUF version %u is not known (2 and 3 are read); update this program", version);
}

static sxt_status check_magic(sxt_reader *r, sxt_error *error) {
    const char *hint = sxt_foreign_hint(r->data, r->size);
    if (r->size >= 4 && memcmp(r->data, "GGUF", 4) == 0) {
        r->pos = 4;
        return SXT_OK;
    }
    if (r->size == 0) return sxt_fail_at(error, SXT_E_FORMAT, 0, "the file is empty; download it again");
    return sxt_fail_at(error, SXT_E_FORMAT, 0, "not a GGUF file: it does not begin with GGUF; %s",
                       hint ? hint : "give a .gguf file or a Hugging Face folder");
}

/* A count is believed when so many records of the least size fit in what is left. */
static sxt_status check_count(const parser *p, uint64_t at, uint64_t n, uint64_t most, uint64_t least_bytes,
                              const char *what) {
    if (n > most)
        return sxt_fail_at(p->error, SXT_E_FORMAT, at, "the file announces %llu %s; at most %llu are allowed",
                           (ull)n, what, (ull)most);
    if (n > sxt_reader_left(&p->r) / least_bytes)
        return sxt_fail_at(p->error, SXT_E_FORMAT, at,
                           "the file announces %llu %s, but only %llu bytes are left; it is cut off or damaged",
                           (ull)n, what, (ull)sxt_reader_left(&p->r));
    return SXT_OK;
}

static sxt_status read_header(parser *p, uint64_t *n_values, uint64_t *n_tensors) {
    SXT_TRY(check_magic(&p->r, p->error));
    p->file->version = sxt_read_u32(&p->r);
    if (p->r.failed) return sxt_gguf_cut_off(&p->r, "the header", p->error);
    SXT_TRY(check_version(p->file->version, p->error));
    *n_tensors = sxt_read_u64(&p->r);
    *n_values = sxt_read_u64(&p->r);
    if (p->r.failed) return sxt_gguf_cut_off(&p->r, "the header", p->error);
    SXT_TRY(check_count(p, 8, *n_tensors, SXT_MAX_TENSORS, 8 + 1 + 4 + 8 + 4 + 8, "tensors"));
    return check_count(p, 16, *n_values, SXT_MAX_VALUES, 8 + 1 + 4 + 1, "keys");
}

/* ---- Values ----------------------------------------------------------------------------------- */

static sxt_status index_keys(parser *p) {
    sxt_gguf_file *file = p->file;
    SXT_TRY(sxt_name_index_make(&file->keys, file->n_values, p->error));
    for (uint64_t i = 0; i < file->n_values; i++) file->keys.entries[i] = (sxt_named){file->values[i].key, i};
    const sxt_named *again = sxt_name_index_sort(&file->keys);
    if (again)
        return sxt_fail_at(p->error, SXT_E_FORMAT, file->values[again->i].offset,
                           "key '%.100s' stands twice in the file; it is damaged", again->name);
    return SXT_OK;
}

static sxt_status read_values(parser *p, uint64_t n) {
    sxt_gguf_file *file = p->file;
    file->values = sxt_alloc(n, sizeof *file->values);
    if (!file->values) return sxt_fail_memory(p->error, "the keys of a GGUF file", n * sizeof *file->values);
    for (uint64_t i = 0; i < n; i++) {
        char *key;
        SXT_TRY(sxt_gguf_read_name(&p->r, SXT_MAX_KEY_BYTES, "a key", &key, p->error));
        file->values[i].key = key;
        file->n_values = i + 1; /* from here on the key is freed with the file */
        SXT_TRY(sxt_gguf_read_value(&p->r, &file->values[i], p->error));
    }
    return index_keys(p);
}

static sxt_status read_alignment(parser *p) {
    const sxt_gguf_value *v = sxt_gguf_file_find(p->file, "general.alignment");
    int64_t alignment = 32;
    if (v) SXT_TRY(sxt_gguf_value_integer(v, &alignment, p->error));
    p->alignment = (uint64_t)alignment;
    if (alignment < (int64_t)SXT_MIN_ALIGNMENT || alignment > (int64_t)SXT_MAX_ALIGNMENT ||
        (alignment & (alignment - 1)) != 0)
        return sxt_fail_at(p->error, SXT_E_FORMAT, v->offset,
                           "key 'general.alignment' is %lld; a power of two from %llu to %llu is needed",
                           (long long)alignment, (ull)SXT_MIN_ALIGNMENT, (ull)SXT_MAX_ALIGNMENT);
    return SXT_OK;
}

/* ---- Tensors ---------------------------------------------------------------------------------- */

/* GGUF's names for its type numbers, to say what a file holds when it is not read. */
static const char *const type_names[] = {
    [3] = "Q4_1",   [6] = "Q5_0",     [7] = "Q5_1",    [9] = "Q8_1",     [10] = "Q2_K",  [11] = "Q3_K",
    [15] = "Q8_K",  [16] = "IQ2_XXS", [17] = "IQ2_XS", [18] = "IQ3_XXS", [19] = "IQ1_S", [20] = "IQ4_NL",
    [21] = "IQ3_S", [22] = "IQ2_S",   [23] = "IQ4_XS", [24] = "I8",      [25] = "I16",   [26] = "I32",
    [27] = "I64",   [28] = "F64",     [29] = "IQ1_M",  [34] = "TQ1_0",   [35] = "TQ2_0", [39] = "MXFP4",
};

static sxt_status unknown_type(const parser *p, uint64_t at, uint32_t type, const char *name) {
    const char *known = type < sizeof type_names / sizeof type_names[0] ? type_names[type] : NULL;
    return sxt_fail_at(p->error, SXT_E_UNSUPPORTED, at,
                       "tensor '%.64s' has type %s (number %u), which is not read; use a version of the model "
                       "in Q4_0, Q4_K, Q5_K, Q6_K, Q8_0, F16, BF16 or F32",
                       name, known ? known : "unknown", type);
}

static sxt_status read_dims(parser *p, sxt_tensor *t) {
    uint64_t at = p->r.pos, elements = 1;
    uint32_t n_dims = sxt_read_u32(&p->r);
    if (p->r.failed) return sxt_gguf_cut_off(&p->r, "a tensor's shape", p->error);
    if (n_dims < 1 || n_dims > SXT_MAX_DIMS)
        return sxt_fail_at(p->error, SXT_E_FORMAT, at, "tensor '%.64s' has %u dimensions; 1 to %d are needed",
                           t->name, n_dims, SXT_MAX_DIMS);
    t->n_dims = (int32_t)n_dims;
    for (uint32_t i = n_dims; i-- > 0;) { /* the file has the fastest first */
        at = p->r.pos;
        uint64_t dim = sxt_read_u64(&p->r);
        if (p->r.failed) return sxt_gguf_cut_off(&p->r, "a tensor's shape", p->error);
        if (dim < 1 || dim > SXT_MAX_DIM || !sxt_mul_ok(elements, dim, &elements) ||
            elements > SXT_MAX_ELEMENTS)
            return sxt_fail_at(p->error, SXT_E_FORMAT, at,
                               "tensor '%.64s' has a dimension of %llu; each is 1 to 2^31, their product at "
                               "most 2^40",
                               t->name, (ull)dim);
        t->dims[i] = (int64_t)dim;
    }
    return SXT_OK;
}

static sxt_status read_tensor(parser *p, sxt_tensor *t, placement *place) {
    SXT_TRY(read_dims(p, t));
    uint64_t at = p->r.pos;
    uint32_t type = sxt_read_u32(&p->r);
    place->field = p->r.pos;
    place->offset = sxt_read_u64(&p->r);
    if (p->r.failed) return sxt_gguf_cut_off(&p->r, "a tensor's record", p->error);
    t->traits = sxt_type_find(type);
    if (!t->traits) return unknown_type(p, at, type, t->name);
    uint64_t n_rows = 1, n_columns = (uint64_t)t->dims[t->n_dims - 1];
    for (int32_t i = 0; i + 1 < t->n_dims; i++) n_rows *= (uint64_t)t->dims[i]; /* at most 2^40, checked */
    if (!sxt_type_bytes(t->traits, n_rows, n_columns, &t->n_bytes))
        return sxt_fail_at(p->error, SXT_E_FORMAT, at,
                           "tensor '%.64s' has rows of %llu elements; %s needs a multiple of %lld", t->name,
                           (ull)n_columns, t->traits->name, (long long)t->traits->block);
    return SXT_OK;
}

static sxt_status read_tensors(parser *p, uint64_t n) {
    sxt_gguf_file *file = p->file;
    file->tensors = sxt_alloc(n, sizeof *file->tensors);
    p->places = sxt_alloc(n, sizeof *p->places);
    if (!file->tensors || !p->places)
        return sxt_fail_memory(p->error, "the tensor list of a GGUF file", n * sizeof *file->tensors);
    for (uint64_t i = 0; i < n; i++) {
        char *name;
        p->places[i] = (placement){.i_tensor = i, .record = p->r.pos};
        SXT_TRY(sxt_gguf_read_name(&p->r, SXT_MAX_TENSOR_NAME_BYTES, "a tensor's name", &name, p->error));
        file->tensors[i].name = name;
        file->n_tensors = i + 1;
        SXT_TRY(read_tensor(p, &file->tensors[i], &p->places[i]));
    }
    return SXT_OK;
}

static sxt_status check_tensor_names(const parser *p) {
    sxt_name_index names = {0};
    SXT_TRY(sxt_name_index_make(&names, p->file->n_tensors, p->error));
    for (uint64_t i = 0; i < names.n; i++) names.entries[i] = (sxt_named){p->file->tensors[i].name, i};
    sxt_status status = SXT_OK;
    const sxt_named *again = sxt_name_index_sort(&names);
    if (again)
        status = sxt_fail_at(p->error, SXT_E_FORMAT, p->places[again->i].record,
                             "tensor '%.64s' stands twice in the file; it is damaged", again->name);
    sxt_name_index_free(&names);
    return status;
}

static int by_offset(const void *a, const void *b) {
    const placement *x = a, *y = b;
    if (x->offset != y->offset) return x->offset < y->offset ? -1 : 1;
    return x->i_tensor < y->i_tensor ? -1 : x->i_tensor > y->i_tensor;
}

static sxt_status check_overlap(parser *p) {
    const sxt_tensor *tensors = p->file->tensors;
    if (p->file->n_tensors) qsort(p->places, p->file->n_tensors, sizeof *p->places, by_offset);
    for (uint64_t i = 1; i < p->file->n_tensors; i++) {
        const placement *a = &p->places[i - 1], *b = &p->places[i];
        if (b->offset - a->offset < tensors[a->i_tensor].n_bytes)
            return sxt_fail_at(p->error, SXT_E_FORMAT, b->field,
                               "tensors '%.64s' and '%.64s' overlap; the file is damaged",
                               tensors[a->i_tensor].name, tensors[b->i_tensor].name);
    }
    return SXT_OK;
}

/* Turns offsets into pointers: aligned, inside the file, no two over the same bytes. */
static sxt_status place_tensors(parser *p) {
    const sxt_reader *r = &p->r;
    uint64_t start = sxt_round_up(r->pos, p->alignment); /* cannot wrap: pos is inside a mapped file */
    uint64_t room = start < r->size ? r->size - start : 0;
    for (uint64_t i = 0; i < p->file->n_tensors; i++) {
        sxt_tensor *t = &p->file->tensors[i];
        const placement *place = &p->places[i];
        if (place->offset & (p->alignment - 1))
            return sxt_fail_at(p->error, SXT_E_FORMAT, place->field,
                               "tensor '%.64s' starts at %llu, not at a multiple of the alignment %llu",
                               t->name, (ull)place->offset, (ull)p->alignment);
        if (!sxt_range_ok(place->offset, t->n_bytes, room))
            return sxt_fail_at(p->error, SXT_E_FORMAT, place->field,
                               "tensor '%.64s' needs %llu bytes at %llu, but the file holds %llu bytes of "
                               "tensors; it is cut off or damaged, download it again",
                               t->name, (ull)t->n_bytes, (ull)place->offset, (ull)room);
        t->data = r->data + start + place->offset;
    }
    return check_overlap(p);
}

sxt_status sxt_gguf_file_parse(const void *data, uint64_t size, bool vocab_only, sxt_gguf_file *file,
                               sxt_error *error) {
    parser p = {.r = sxt_reader_make(data, size), .file = file, .error = error};
    uint64_t n_values = 0, n_tensors = 0;
    sxt_status status;
    memset(file, 0, sizeof *file);
    SXT_TRY_DONE(read_header(&p, &n_values, &n_tensors));
    SXT_TRY_DONE(read_values(&p, n_values));
    SXT_TRY_DONE(read_alignment(&p));
    if (vocab_only) goto done;
    SXT_TRY_DONE(read_tensors(&p, n_tensors));
    SXT_TRY_DONE(check_tensor_names(&p));
    SXT_TRY_DONE(place_tensors(&p));
done:
    sxt_free(p.places);
    if (status != SXT_OK) sxt_gguf_file_free(file);
    return status;
}
