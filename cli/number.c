#include "number.h"

#include "text_buffer.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_NUMBER_TEXT = 64 };

bool number_integer(const char *text, int64_t min, int64_t max, int64_t *value) {
    if (!isdigit((unsigned char)text[0]) && text[0] != '-') return false;
    char *end;
    errno = 0;
    long long parsed = strtoll(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0' || parsed < min || parsed > max) return false;
    *value = parsed;
    return true;
}

bool number_length(const char *text, int64_t min, int64_t max, int64_t *value) {
    char digits[MAX_NUMBER_TEXT];
    size_t n = strlen(text);
    int64_t unit = 1, count;
    if (n == 0 || n >= sizeof digits) return false;
    if (tolower((unsigned char)text[n - 1]) == 'k') unit = 1024;
    if (tolower((unsigned char)text[n - 1]) == 'm') unit = 1048576;
    memcpy(digits, text, n + 1);
    if (unit > 1) digits[n - 1] = '\0';
    if (!number_integer(digits, 0, max / unit, &count) || count * unit < min) return false;
    *value = count * unit;
    return true;
}

bool number_unsigned(const char *text, uint64_t *value) {
    if (!isdigit((unsigned char)text[0])) return false;
    char *end;
    errno = 0;
    unsigned long long parsed = strtoull(text, &end, 10);
    if (errno != 0 || *end != '\0') return false;
    *value = parsed;
    return true;
}

bool number_real(const char *text, double min, double max, double *value) {
    if (strspn(text, "0123456789.eE+-") != strlen(text)) return false;
    char *end;
    double parsed = strtod(text, &end);
    if (end == text || *end != '\0' || !isfinite(parsed) || parsed < min || parsed > max) return false;
    *value = parsed;
    return true;
}

/* Copies the item at *text without surrounding spaces and moves *text past its comma (to NULL at the end). */
static bool next_item(const char **text, char item[MAX_NUMBER_TEXT]) {
    const char *begin = *text, *comma = strchr(begin, ',');
    const char *end = comma != NULL ? comma : begin + strlen(begin);
    *text = comma != NULL ? comma + 1 : NULL;
    while (begin < end && *begin == ' ') begin++;
    while (end > begin && end[-1] == ' ') end--;
    size_t length = (size_t)(end - begin);
    if (length == 0 || length >= MAX_NUMBER_TEXT) return false;
    memcpy(item, begin, length);
    item[length] = '\0';
    return true;
}

static size_t most_items(const char *text) {
    size_t n = 1;
    for (; *text != '\0'; text++) n += *text == ',';
    return n;
}

bool number_integer_list(const char *text, int64_t min, int64_t max, integer_list *list) {
    char item[MAX_NUMBER_TEXT];
    int64_t *values = must_allocate(most_items(text) * sizeof *values), n = 0;
    while (text != NULL) {
        if (!next_item(&text, item) || !number_integer(item, min, max, &values[n])) {
            free(values);
            return false;
        }
        n++;
    }
    free(list->values);
    *list = (integer_list){values, n};
    return true;
}

bool number_real_list(const char *text, double min, double max, real_list *list) {
    char item[MAX_NUMBER_TEXT];
    double *values = must_allocate(most_items(text) * sizeof *values);
    int64_t n = 0;
    while (text != NULL) {
        if (!next_item(&text, item) || !number_real(item, min, max, &values[n])) {
            free(values);
            return false;
        }
        n++;
    }
    free(list->values);
    *list = (real_list){values, n};
    return true;
}

bool number_length_list(const char *text, int64_t min, int64_t max, integer_list *list) {
    char item[MAX_NUMBER_TEXT];
    int64_t *values = must_allocate(most_items(text) * sizeof *values), n = 0;
    while (text != NULL) {
        if (!next_item(&text, item) || !number_length(item, min, max, &values[n])) {
            free(values);
            return false;
        }
        n++;
    }
    free(list->values);
    *list = (integer_list){values, n};
    return true;
}

/* START:END:STEP, both ends included; the steps are counted, so that no rounding adds up. */
static bool percent_range(const char *text, real_list *list) {
    enum { MOST_STEPS = 10000 };
    char part[3][MAX_NUMBER_TEXT];
    double start, end, step;
    if (sscanf(text, "%63[^:]:%63[^:]:%63[^:]", part[0], part[1], part[2]) != 3) return false;
    if (!number_real(part[0], 0, 100, &start) || !number_real(part[1], start, 100, &end)) return false;
    if (!number_real(part[2], 0.01, 100, &step)) return false;
    int64_t n = (int64_t)floor((end - start) / step + 1e-9) + 1;
    if (n > MOST_STEPS) return false;
    double *values = must_allocate((size_t)n * sizeof *values);
    for (int64_t i = 0; i < n; i++) values[i] = start + (double)i * step;
    free(list->values);
    *list = (real_list){values, n};
    return true;
}

bool number_percent_list(const char *text, real_list *list) {
    return strchr(text, ':') != NULL ? percent_range(text, list) : number_real_list(text, 0, 100, list);
}

int64_t number_greatest(const integer_list *list) {
    int64_t most = 0;
    for (int64_t i = 0; i < list->n; i++)
        if (list->values[i] > most) most = list->values[i];
    return most;
}

static int ascending(const void *a, const void *b) {
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static int ascending_reals(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

void number_sort_reals_once(real_list *list) {
    int64_t n = 0;
    if (list->n > 1) qsort(list->values, (size_t)list->n, sizeof *list->values, ascending_reals);
    for (int64_t i = 0; i < list->n; i++)
        if (n == 0 || list->values[n - 1] != list->values[i]) list->values[n++] = list->values[i];
    list->n = n;
}

void number_sort_once(integer_list *list) {
    int64_t n = 0;
    if (list->n > 1) qsort(list->values, (size_t)list->n, sizeof *list->values, ascending);
    for (int64_t i = 0; i < list->n; i++)
        if (n == 0 || list->values[n - 1] != list->values[i]) list->values[n++] = list->values[i];
    list->n = n;
}
