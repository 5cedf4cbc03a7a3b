/* Everything the user is told apart from results: one line on stderr each, "sextant: ...". */
#ifndef SEXTANT_CLI_MESSAGE_H
#define SEXTANT_CLI_MESSAGE_H

#include "sextant.h"

/* Prints "sextant: error: ..." and returns `exit_code`, so that `return message_error(...)` reads well. */
int message_error(int exit_code, const char *format, ...) __attribute__((format(printf, 2, 3)));
void message_warning(const char *format, ...) __attribute__((format(printf, 1, 2)));
void message_note(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Without a label: the summary. */
void message_line(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Prints the library's error and returns the exit code for its status. */
int message_library_error(const sxt_error *error);

#endif
