/* The commands: each reads its options, does its work through sextant.h, and returns an exit code. */
#ifndef SEXTANT_CLI_COMMAND_H
#define SEXTANT_CLI_COMMAND_H

#include "options.h"

int command_run(const option_values *options);
int command_info(const option_values *options);
int command_tokenize(const option_values *options);
int command_convert(const option_values *options);
int command_logits(const option_values *options);
int command_perplexity(const option_values *options);
int command_passkey(const option_values *options);
int command_bench(const option_values *options);
int command_compare(const option_values *options);
int command_methods(const option_values *options);
#ifdef SXT_WITH_EVAL
int command_short(const option_values *options);
int command_tune(const option_values *options);
int command_needle(const option_values *options);
int command_report(const option_values *options);
int command_compare_runs(const option_values *options);
int command_longbench(const option_values *options);
#endif
int command_help(const option_values *options);
int command_version(const option_values *options);

#endif
