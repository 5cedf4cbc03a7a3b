/* Numbers as users write them, the same in every locale: what is read prints with the fewest digits that give
 * it back. */
#ifndef SXT_PLAN_DECIMAL_H
#define SXT_PLAN_DECIMAL_H

#include <stdbool.h>
#include <stddef.h>

/* "16", "2.5" or "1e6": a digit at both sides of a point, no sign in front, nothing infinite. */
bool sxt_decimal_read(const char *text, double *value);
/* The shortest such text, from 15 digits on, that reads as `value`, which is neither negative nor infinite. */
void sxt_decimal_print(double value, char *text, size_t n);

#endif
