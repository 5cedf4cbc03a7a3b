/* Help texts, all made from the tables of options.h. */
#ifndef SEXTANT_CLI_HELP_H
#define SEXTANT_CLI_HELP_H

#include "options.h"
#include "text_buffer.h"

#include <stdio.h>

void help_overview(FILE *out);
void help_command(const command_row *command, FILE *out);
void help_man_page(FILE *out);
void help_completions(const char *shell, FILE *out);

/* "range, default" of an option in words: "from 1 to 65536; default 512"; may be empty. */
void help_value_note(const option_row *row, text_buffer *note);

/* Fills lines of `width` characters, each after `indent` spaces; the first begins at column `column`. */
void help_fill(FILE *out, const char *text, int column, int indent, int width);

#endif
