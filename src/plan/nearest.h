/* The name a user probably meant. */
#ifndef SXT_PLAN_NEAREST_H
#define SXT_PLAN_NEAREST_H

#include <stddef.h>

/* Index of the name with the smallest edit distance to `text`; the first of equals. n_names >= 1. */
size_t sxt_nearest_name(const char *text, const char *const *names, size_t n_names);

#endif
