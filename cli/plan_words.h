/* Plans in llama.cpp's words: --rope-scaling yarn --rope-scale 4 is --extend yarn:factor=4. */
#ifndef SEXTANT_CLI_PLAN_WORDS_H
#define SEXTANT_CLI_PLAN_WORDS_H

#include "options.h"

/* -gan and -gaw, which are no clusters of letters, as long names; any other argument as it is. */
char *plan_words_spell_out(const command_row *command, char *argument);

/* Adds the plan that the words say together. An exit code, after a message when they do not go together. */
int plan_words_apply(option_values *options);

/* The words that ask for a method; NULL where there are none. */
const char *plan_words_for(const char *method);

#endif
