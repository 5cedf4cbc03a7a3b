/* The parameters of a method: "group=8,window=64" into checked whole numbers. */
#ifndef SXT_PLAN_OPTION_H
#define SXT_PLAN_OPTION_H

#include "plan/plan.h"

/* A parameter that a method takes. *value holds the default and is overwritten when the user gives one. */
typedef struct sxt_plan_number {
    const char *name;
    int64_t min, max; /* INT64_MAX: no upper end */
    const char *why;  /* what sets the upper end, "" when nothing needs saying */
    int64_t *value;
} sxt_plan_number;

enum { SXT_PLAN_MAX_OPTIONS = 8 };

/* Cuts "name=value,name=value" (NULL: no parameters) into at most SXT_PLAN_MAX_OPTIONS options. */
sxt_status sxt_plan_split_options(const char *method, const char *text, sxt_plan_option *options,
                                  int *n_options, sxt_error *error);

/* Reads every option into the number of its name. Unknown names, duplicates, values that are not whole
 * numbers and values out of range are refused. */
sxt_status sxt_plan_read_numbers(const char *method, const sxt_plan_number *numbers, int n_numbers,
                                 const sxt_plan_option *options, int n_options, sxt_error *error);

#endif
