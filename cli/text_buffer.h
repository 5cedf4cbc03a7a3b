/* Growing bytes, and the rule by which bytes that are not plain text become visible: <0xNN>. */
#ifndef SEXTANT_CLI_TEXT_BUFFER_H
#define SEXTANT_CLI_TEXT_BUFFER_H

#include <stdbool.h>
#include <stddef.h>

/* Memory or the end of the process: the command line has nothing to do without it. */
void *must_allocate(size_t n_bytes);
void *must_reallocate(void *memory, size_t n_bytes);

typedef struct text_buffer {
    char *bytes; /* n_bytes and a NUL, or NULL when empty */
    size_t n_bytes;
    size_t capacity;
} text_buffer;

void text_buffer_add(text_buffer *buffer, const char *bytes, size_t n_bytes);
void text_buffer_print(text_buffer *buffer, const char *format, ...) __attribute__((format(printf, 2, 3)));
void text_buffer_free(text_buffer *buffer);

typedef enum visible_rule {
    VISIBLE_UTF8,    /* valid UTF-8, control characters kept (JSON escapes them) */
    VISIBLE_TEXT,    /* for a terminal: \n and \t are the only control characters kept */
    VISIBLE_ONE_LINE /* for a message: no control character at all */
} visible_rule;

/* Adds `bytes`, what the rule does not keep as <0xNN>. A character cut off at the end counts as
 * bytes that are not UTF-8 when `at_end`; else it is left out, and the number of bytes used returned. */
size_t text_buffer_add_visible(text_buffer *buffer, const char *bytes, size_t n_bytes, visible_rule rule,
                               bool at_end);

#endif
