/* Numbers from the command line: the whole text must be one, and inside its range. */
#ifndef SEXTANT_CLI_NUMBER_H
#define SEXTANT_CLI_NUMBER_H

#include <stdbool.h>
#include <stdint.h>

typedef struct integer_list {
    int64_t *values;
    int64_t n;
} integer_list;

typedef struct real_list {
    double *values;
    int64_t n;
} real_list;

bool number_integer(const char *text, int64_t min, int64_t max, int64_t *value);
/* A length in tokens: a whole number, or one with a k (1024) or m (1048576) behind it. */
bool number_length(const char *text, int64_t min, int64_t max, int64_t *value);
bool number_unsigned(const char *text, uint64_t *value);
bool number_real(const char *text, double min, double max, double *value);
/* Separated by commas, at least one; the lists are released with free(values). */
bool number_integer_list(const char *text, int64_t min, int64_t max, integer_list *list);
bool number_real_list(const char *text, double min, double max, real_list *list);
/* Lengths in tokens: whole numbers, or with a k (1024) or m (1048576) behind them. */
bool number_length_list(const char *text, int64_t min, int64_t max, integer_list *list);
/* Per cent: a list, or START:END:STEP, of numbers from 0 to 100. */
bool number_percent_list(const char *text, real_list *list);
/* Ascending, each value once. */
void number_sort_once(integer_list *list);
void number_sort_reals_once(real_list *list);
/* The greatest of them; 0 when there is none. */
int64_t number_greatest(const integer_list *list);

#endif
