#include "base/error.h"

#include "base/utf8.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char *const status_names[] = {
    "SXT_OK",      "SXT_E_ARGUMENT", "SXT_E_MEMORY",  "SXT_E_IO",        "SXT_E_FORMAT", "SXT_E_UNSUPPORTED",
    "SXT_E_LIMIT", "SXT_E_MISMATCH", "SXT_E_NUMERIC", "SXT_E_CANCELLED",
};

const char *sxt_status_name(sxt_status status) {
    size_t i = (size_t)status;
    return i < sizeof status_names / sizeof status_names[0] ? status_names[i] : "SXT_E_?";
}

/* C0, DEL and C1. */
static bool is_control(const char *text, size_t n) {
    const unsigned char *s = (const unsigned char *)text;
    return (n == 1 && (s[0] < 0x20 || s[0] == 0x7F)) || (n == 2 && s[0] == 0xC2 && s[1] < 0xA0);
}

static void make_printable(char *text) {
    for (size_t left = strlen(text); left > 0;) {
        size_t n = sxt_utf8_length(text, left), step = n ? n : 1;
        if (n == 0 || is_control(text, n)) memset(text, '?', step);
        text += step;
        left -= step;
    }
}

int sxt_error_set(sxt_error *error, sxt_status status, uint64_t offset, const char *format, ...) {
    if (!error) return 0;
    error->status = status;
    error->offset = offset;
    va_list args;
    va_start(args, format);
    vsnprintf(error->text, sizeof error->text, format, args);
    va_end(args);
    make_printable(error->text);
    return 0;
}

void sxt_error_prefix(sxt_error *error, const char *path) {
    char front[304];
    int n = snprintf(front, sizeof front, "%.300s: ", path);
    size_t n_front = n < 0 ? 0 : (size_t)n < sizeof front ? (size_t)n : sizeof front - 1;
    size_t n_text = strlen(error->text), room = sizeof error->text - 1 - n_front;
    if (n_text > room) n_text = room;
    memmove(error->text + n_front, error->text, n_text);
    memcpy(error->text, front, n_front);
    error->text[n_front + n_text] = 0;
    make_printable(error->text);
}
