/* perplexity --stream: a text of any length read once, from its beginning to its end. */
#ifndef SEXTANT_CLI_PERPLEXITY_STREAM_H
#define SEXTANT_CLI_PERPLEXITY_STREAM_H

#include "options.h"

/* Returns the exit code. */
int perplexity_stream(const option_values *options);

#endif
