#include "message.h"

#include "exit_code.h"
#include "text_buffer.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

/* Names of files and texts from models may hold anything: a message shows it and stays one line. */
static void print_line(const char *label, const char *format, va_list arguments) {
    char text[4096];
    vsnprintf(text, sizeof text, format, arguments);
    text_buffer line = {0};
    size_t n = 0;
    while (text[n] != '\0') n++;
    text_buffer_add_visible(&line, text, n, VISIBLE_ONE_LINE, true);
    fprintf(stderr, "sextant: %s%s\n", label, line.bytes == NULL ? "" : line.bytes);
    text_buffer_free(&line);
}

int message_error(int exit_code, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    print_line("error: ", format, arguments);
    va_end(arguments);
    return exit_code;
}

void message_warning(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    print_line("warning: ", format, arguments);
    va_end(arguments);
}

void message_note(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    print_line("note: ", format, arguments);
    va_end(arguments);
}

void message_line(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    print_line("", format, arguments);
    va_end(arguments);
}

static int exit_code_of(sxt_status status) {
    switch (status) {
    case SXT_OK: return EXIT_CODE_OK;
    case SXT_E_ARGUMENT:
    case SXT_E_LIMIT: return EXIT_CODE_USAGE;
    case SXT_E_UNSUPPORTED:
    case SXT_E_NUMERIC: return EXIT_CODE_MODEL;
    case SXT_E_CANCELLED: return EXIT_CODE_INTERRUPTED;
    default: return EXIT_CODE_FAILURE;
    }
}

int message_library_error(const sxt_error *error) {
    return message_error(exit_code_of(error->status), "%s", error->text);
}
