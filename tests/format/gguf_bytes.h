/* Makes GGUF files byte by byte, right or wrong, without the library's writer. Every number that a reader
 * believes is noted as a field, and its place can be given a mark, so that tests can damage it. */
#ifndef SXT_TESTS_FORMAT_GGUF_BYTES_H
#define SXT_TESTS_FORMAT_GGUF_BYTES_H

#include "mutate.h"

enum { GGUF_BYTES_MARKS = 64 };

typedef struct gguf_bytes {
    uint8_t data[1 << 16];
    size_t n;
    mutate_field fields[1024];
    size_t n_fields;
    size_t marks[GGUF_BYTES_MARKS];
} gguf_bytes;

static inline void put_raw(gguf_bytes *g, const void *bytes, size_t n) {
    if (n > sizeof g->data - g->n) abort();
    if (n) memcpy(g->data + g->n, bytes, n);
    g->n += n;
}

static inline void put_number(gguf_bytes *g, uint64_t value, size_t width) {
    if (g->n_fields == sizeof g->fields / sizeof g->fields[0]) abort();
    g->fields[g->n_fields++] = (mutate_field){g->n, width};
    put_raw(g, &value, width);
}

static inline void mark(gguf_bytes *g, int name) { g->marks[name] = g->n; }

static inline void put_text(gguf_bytes *g, const char *text) {
    put_number(g, strlen(text), 8);
    put_raw(g, text, strlen(text));
}

static inline void put_header(gguf_bytes *g, uint32_t version, uint64_t n_tensors, uint64_t n_values) {
    put_raw(g, "GGUF", 4);
    put_number(g, version, 4);
    put_number(g, n_tensors, 8);
    put_number(g, n_values, 8);
}

static inline void put_value(gguf_bytes *g, const char *key, uint32_t type, uint64_t value, size_t width) {
    put_text(g, key);
    put_number(g, type, 4);
    put_number(g, value, width);
}

static inline void put_text_value(gguf_bytes *g, const char *key, const char *text) {
    put_text(g, key);
    put_number(g, 8, 4);
    put_text(g, text);
}

static inline void put_array_head(gguf_bytes *g, const char *key, uint32_t type, uint64_t n) {
    put_text(g, key);
    put_number(g, 9, 4);
    put_number(g, type, 4);
    put_number(g, n, 8);
}

/* dims in the file's order: fastest first. */
static inline void put_tensor(gguf_bytes *g, const char *name, uint32_t type, uint32_t n_dims,
                              const uint64_t *dims, uint64_t offset) {
    put_text(g, name);
    put_number(g, n_dims, 4);
    for (uint32_t i = 0; i < n_dims; i++) put_number(g, dims[i], 8);
    put_number(g, type, 4);
    put_number(g, offset, 8);
}

static inline void put_padding(gguf_bytes *g, size_t alignment) {
    while (g->n % alignment) put_raw(g, "", 1);
}

static inline void put_ramp(gguf_bytes *g, size_t n) {
    for (size_t i = 0; i < n; i++) {
        uint8_t byte = (uint8_t)(i * 7 + 1);
        put_raw(g, &byte, 1);
    }
}

#endif
