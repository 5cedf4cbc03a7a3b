/* How sure a share of successes is. */
#ifndef SEXTANT_EVAL_INTERVAL_H
#define SEXTANT_EVAL_INTERVAL_H

#include <stdint.h>

/* Wilson's interval (1927) of n_good in n trials at the 95 % level; n = 0: from 0 to 1. */
void interval_wilson(int64_t n_good, int64_t n, double *low, double *high);

#endif
