/* convert --random: a model that does not exist yet, to see how fast it would be. */
#ifndef SEXTANT_CLI_CONVERT_RANDOM_H
#define SEXTANT_CLI_CONVERT_RANDOM_H

#include "options.h"

int convert_random(const option_values *options);

#endif
