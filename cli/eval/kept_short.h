/* What plans change in windows of a short text, kept in the folder of -o as kept_trial.h keeps other trials. */
#ifndef SEXTANT_CLI_EVAL_KEPT_SHORT_H
#define SEXTANT_CLI_EVAL_KEPT_SHORT_H

#include "eval/short_trial.h"
#include "output_folder.h"

/* One window under one plan. */
typedef struct kept_short {
    bool is_done;
    prediction_change change; /* from `none` */
} kept_short;

int kept_short_load(result_store *store, const char *plan, int64_t length, int64_t k, kept_short *window);
/* Reads window k under `none` and every plan of the reader; `windows` (reader->n_plans). */
int kept_short_measure(const short_trial *reader, result_store *store, int64_t length, int64_t k,
                       kept_short *windows);

#endif
