/* Comparing text. */
#ifndef SXT_BASE_TEXT_H
#define SXT_BASE_TEXT_H

#include <stdbool.h>
#include <string.h>

static inline bool sxt_text_ends_with(const char *text, const char *tail) {
    size_t n = strlen(text), n_tail = strlen(tail);
    return n >= n_tail && strcmp(text + n - n_tail, tail) == 0;
}

#endif
