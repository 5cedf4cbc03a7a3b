/* A preset: a small JSON file with the plan that `sextant tune` chose for a model. */
#ifndef SEXTANT_CLI_PRESET_H
#define SEXTANT_CLI_PRESET_H

#include "options.h"
#include "sextant.h"

/* The model's fingerprint as a preset and other files write it: 16 hexadecimal digits. */
void preset_fingerprint(const sxt_model *model, char text[20]);

/* What tune measured with the plan, for people: commands that read a preset do not need it. */
typedef struct preset_figures {
    int64_t target; /* tokens */
    int64_t n_windows, n_keys;
    double perplexity; /* of the last quarter; not finite: not measured */
    double accuracy;   /* share of the keys that were found; not finite: not measured */
} preset_figures;

/* Writes it whole or not at all. */
int preset_write(const char *path, const sxt_model *model, const char *plan, const preset_figures *figures);

/* Reads what --preset names into options->from_preset; its plan is taken where no other was asked for. */
int preset_apply(option_values *options);

/* Refuses a preset of another model, and one whose plan this model cannot run. Nothing without --preset. */
int preset_check(const option_values *options, const sxt_model *model);

#endif
