/* A growing run of bytes. After a failed append the buffer is `failed` and stays as it was. */
#ifndef SXT_BASE_BUFFER_H
#define SXT_BASE_BUFFER_H

#include "base/error.h"

typedef struct sxt_buffer {
    char *data; /* (size), then room; owned */
    size_t size, room;
    bool failed;
} sxt_buffer;

void sxt_buffer_append(sxt_buffer *buffer, const void *bytes, size_t n);
void sxt_buffer_text(sxt_buffer *buffer, const char *text);
void sxt_buffer_print(sxt_buffer *buffer, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The bytes plus a NUL, now the caller's (sxt_free()); NULL when an append failed. Empties the buffer. */
char *sxt_buffer_take(sxt_buffer *buffer);
void sxt_buffer_free(sxt_buffer *buffer);

#endif
