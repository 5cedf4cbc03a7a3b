#include "base/buffer.h"

#include "base/memory.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static bool make_room(sxt_buffer *buffer, size_t n) {
    if (buffer->failed) return false;
    if (n < buffer->room - buffer->size) return true; /* one byte stays for the NUL */
    size_t room = buffer->room ? buffer->room : 64;
    while (room - buffer->size <= n) {
        if (room > SIZE_MAX / 4) break;
        room *= 2;
    }
    char *data = room - buffer->size > n ? sxt_resize(buffer->data, room, 1) : NULL;
    if (!data) {
        buffer->failed = true;
        return false;
    }
    buffer->data = data;
    buffer->room = room;
    return true;
}

void sxt_buffer_append(sxt_buffer *buffer, const void *bytes, size_t n) {
    if (!make_room(buffer, n)) return;
    if (n) memcpy(buffer->data + buffer->size, bytes, n);
    buffer->size += n;
}

void sxt_buffer_text(sxt_buffer *buffer, const char *text) { sxt_buffer_append(buffer, text, strlen(text)); }

void sxt_buffer_print(sxt_buffer *buffer, const char *format, ...) {
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, format, args);
    if (n >= 0 && make_room(buffer, (size_t)n)) {
        vsnprintf(buffer->data + buffer->size, (size_t)n + 1, format, again);
        buffer->size += (size_t)n;
    }
    va_end(again);
    va_end(args);
}

char *sxt_buffer_take(sxt_buffer *buffer) {
    if (!make_room(buffer, 0)) return NULL;
    buffer->data[buffer->size] = 0;
    char *data = buffer->data;
    memset(buffer, 0, sizeof *buffer);
    return data;
}

void sxt_buffer_free(sxt_buffer *buffer) {
    sxt_free(buffer->data);
    memset(buffer, 0, sizeof *buffer);
}
