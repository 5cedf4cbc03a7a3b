/* Texts of any origin, made fit for pictures and pages. Results are released with free(); NULL: out of memory.
 */
#ifndef SEXTANT_EVAL_DISPLAY_TEXT_H
#define SEXTANT_EVAL_DISPLAY_TEXT_H

#include <stddef.h>
#include <stdio.h>

/* A copy in valid UTF-8 without control characters: each byte that is no part of a letter becomes U+FFFD, each
 * control character a blank. NULL is "". */
char *display_text_clean(const char *text);

/* Code points of a clean text. */
size_t display_text_letters(const char *clean);

/* The first and last letters of a clean text with an ellipsis between them, n_letters (at least 2) besides it.
 */
char *display_text_shorten(const char *clean, size_t n_letters);

/* A clean text with <, >, & and quotes escaped, for XML and HTML. */
void display_text_write_xml(const char *clean, FILE *file);

/* A number of tokens as people write it: 512, 1k (1024), 1.5k, 1M; others as they are. */
void display_text_tokens(double n, char *out, size_t n_out);

#endif
