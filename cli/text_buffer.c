#include "text_buffer.h"

#include "exit_code.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void *must_reallocate(void *memory, size_t n_bytes) {
    void *grown = realloc(memory, n_bytes > 0 ? n_bytes : 1);
    if (grown == NULL) {
        fprintf(stderr, "sextant: error: not enough memory for another %zu bytes\n", n_bytes);
        exit(EXIT_CODE_FAILURE);
    }
    return grown;
}

void *must_allocate(size_t n_bytes) { return must_reallocate(NULL, n_bytes); }

static void reserve(text_buffer *buffer, size_t more) {
    size_t needed = buffer->n_bytes + more + 1;
    if (needed <= buffer->capacity) return;
    buffer->capacity = needed + needed / 2 + 64;
    buffer->bytes = must_reallocate(buffer->bytes, buffer->capacity);
}

void text_buffer_add(text_buffer *buffer, const char *bytes, size_t n_bytes) {
    reserve(buffer, n_bytes);
    if (n_bytes > 0) memcpy(buffer->bytes + buffer->n_bytes, bytes, n_bytes);
    buffer->n_bytes += n_bytes;
    buffer->bytes[buffer->n_bytes] = '\0';
}

void text_buffer_print(text_buffer *buffer, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    if (length < 0) return;
    reserve(buffer, (size_t)length);
    va_start(arguments, format);
    vsnprintf(buffer->bytes + buffer->n_bytes, (size_t)length + 1, format, arguments);
    va_end(arguments);
    buffer->n_bytes += (size_t)length;
}

void text_buffer_free(text_buffer *buffer) {
    free(buffer->bytes);
    *buffer = (text_buffer){0};
}

/* Bytes of the UTF-8 character that begins here: 1 to 4, 0 when it is cut off, -1 when it is none.
 * Overlong forms, surrogates and values past U+10FFFF are none. */
static int character_length(const unsigned char *bytes, size_t n_bytes) {
    unsigned char first = bytes[0], low = 0x80, high = 0xBF;
    int length;
    if (first < 0x80) return 1;
    if (first >= 0xC2 && first <= 0xDF)
        length = 2;
    else if (first >= 0xE0 && first <= 0xEF)
        length = 3;
    else if (first >= 0xF0 && first <= 0xF4)
        length = 4;
    else
        return -1;
    if (first == 0xE0) low = 0xA0;
    if (first == 0xED) high = 0x9F;
    if (first == 0xF0) low = 0x90;
    if (first == 0xF4) high = 0x8F;
    for (int i = 1; i < length; i++) {
        if ((size_t)i >= n_bytes) return 0;
        if (bytes[i] < low || bytes[i] > high) return -1;
        low = 0x80;
        high = 0xBF;
    }
    return length;
}

/* C0, DEL and the C1 characters, which many terminals obey too. */
static bool is_control(const unsigned char *bytes, int length) {
    if (length == 1) return bytes[0] < 0x20 || bytes[0] == 0x7F;
    return length == 2 && bytes[0] == 0xC2 && bytes[1] < 0xA0;
}

static bool is_kept(const unsigned char *bytes, int length, visible_rule rule) {
    if (length < 1) return false;
    if (rule == VISIBLE_UTF8 || !is_control(bytes, length)) return true;
    return rule == VISIBLE_TEXT && (bytes[0] == '\n' || bytes[0] == '\t');
}

size_t text_buffer_add_visible(text_buffer *buffer, const char *bytes, size_t n_bytes, visible_rule rule,
                               bool at_end) {
    const unsigned char *data = (const unsigned char *)bytes;
    size_t i = 0;
    while (i < n_bytes) {
        int length = character_length(data + i, n_bytes - i);
        if (length == 0 && !at_end) break;
        size_t step = length > 0 ? (size_t)length : 1;
        if (is_kept(data + i, length, rule))
            text_buffer_add(buffer, bytes + i, step);
        else
            for (size_t k = 0; k < step; k++) text_buffer_print(buffer, "<0x%02X>", data[i + k]);
        i += step;
    }
    return i;
}
