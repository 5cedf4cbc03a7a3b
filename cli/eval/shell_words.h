/* Commands as they are typed into a shell. */
#ifndef SEXTANT_CLI_EVAL_SHELL_WORDS_H
#define SEXTANT_CLI_EVAL_SHELL_WORDS_H

#include "text_buffer.h"

/* Adds a blank (unless the line is empty) and the word, quoted where the shell would read it otherwise. Any
 * bytes: what a page could not show stands as $'\xNN', which bash and zsh read. */
void shell_words_add(text_buffer *line, const char *word);

#endif
