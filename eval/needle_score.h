/* Whether an answer holds the values that were asked for. */
#ifndef SEXTANT_EVAL_NEEDLE_SCORE_H
#define SEXTANT_EVAL_NEEDLE_SCORE_H

#include <stdbool.h>
#include <stddef.h>

typedef struct needle_score {
    int n_found;  /* values that are somewhere in the answer, upper and lower case alike (RULER's rule) */
    bool exact;   /* the answer begins with them: its first n_values words are the values, in any order */
    bool settled; /* everything is found and the last word has ended: more text changes nothing */
} needle_score;

/* `answer` is n_bytes bytes, any bytes; values (n_values) are words without blanks. Words are letters, digits,
 * `-` and `_`; "and" is none, nor are the numbers of a list ("1. apple") where the values are no numbers
 * themselves. */
needle_score needle_score_of(const char *answer, size_t n_bytes, const char *const *values, int n_values);

#endif
