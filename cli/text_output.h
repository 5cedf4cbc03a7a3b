/* Streamed text on standard output: characters leave whole, and what could command a terminal becomes
 * visible when it is one. */
#ifndef SEXTANT_CLI_TEXT_OUTPUT_H
#define SEXTANT_CLI_TEXT_OUTPUT_H

#include "text_buffer.h"

typedef struct text_output {
    bool is_terminal;
    bool ends_line;   /* nothing written yet, or the last byte was \n */
    bool failed;      /* something could not be delivered */
    text_buffer held; /* the beginning of a character */
} text_output;

text_output text_output_open(void);
/* False when the text cannot be delivered any more. */
bool text_output_write(text_output *output, const char *bytes, size_t n_bytes);
/* Writes what is held back; on a terminal also ends the line. True when all of the text was delivered. */
bool text_output_close(text_output *output);

#endif
