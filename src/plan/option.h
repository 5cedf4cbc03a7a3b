/* The parameters of a method: "group=8,window=64" into checked numbers, and numbers into text. */
#ifndef SXT_PLAN_OPTION_H
#define SXT_PLAN_OPTION_H

#include "plan/plan.h"

/* A parameter that a method takes: a whole number; or a real one where `real` is set; or one of a few words
 * where `words` is set, by its place among them. What it points to is overwritten when the user gives one. */
struct sxt_plan_number {
    const char *name;
    int64_t min, max;          /* of a whole number; INT64_MAX: no upper end */
    int64_t standard;          /* its default: for lists, and for sxt_plan_configure() */
    const char *end, *formula; /* max and default in words of the trained window L, where they follow it */
    int64_t *value;            /* of a whole number, or the place of a word */
    double least, most, usual; /* the range and default of a real number */
    double *real;              /* instead of value */
    const char *why;           /* what sets the upper end; NULL when nothing needs saying */
    const char *words;         /* "int|float"; the first is the default */
    const char *computed;      /* the default in words, where no value of the range is it: 0 stands for it */
    bool unsaid;               /* left out of a plan's text at its default, as words and computed ones are */
};

/* Cuts "name=value,name=value" (NULL: no parameters) into at most SXT_PLAN_MAX_OPTIONS options. */
sxt_status sxt_plan_split_options(const char *method, const char *text, sxt_plan_option *options,
                                  int *n_options, sxt_error *error);

/* The value of a name, NULL when the user did not give it. */
const char *sxt_plan_option_value(const sxt_plan_option *options, int n_options, const char *name);

/* Reads every option into the number of its name. Unknown names, duplicates, values that are not numbers (or
 * words) of their kind and values out of range are refused. */
sxt_status sxt_plan_read_numbers(const char *method, const sxt_plan_number *numbers, int n_numbers,
                                 const sxt_plan_option *options, int n_options, sxt_error *error);

/* A plan of the method before its parameters. */
sxt_plan sxt_plan_begin(const sxt_plan_method *method, const sxt_plan_model *model);
/* A plan of the method: its parameters' defaults, then what the options say, if method and model agree. */
sxt_status sxt_plan_configure(const sxt_plan_method *method, sxt_plan *plan, const sxt_plan_model *model,
                              const sxt_plan_option *options, int n_options, sxt_error *error);

/* Refuses a model without rotary positions, or with a window of one token, for a method that moves positions.
 */
sxt_status sxt_plan_need_far(const char *method, const sxt_plan_model *model, sxt_error *error);

/* "1 to 255" or "1 and 255", by what joins the ends; "at least 1" without an upper end. */
void sxt_plan_print_range(const sxt_plan_number *number, const char *joint, char *text, size_t n);
bool sxt_plan_has_end(const sxt_plan_number *number);

/* "self-extend:group=8,window=64": the method's name and parameters. */
void sxt_plan_print_numbers(const sxt_plan *plan, char *text, size_t n);

#endif
