/* Class names and numbers that stand in an answer. */
#include "eval/metric_answer.h"

#include <stdlib.h>
#include <string.h>

static void take_out(const text_span **found, size_t *n_found, const text_span *name) {
    size_t i = 0;
    while (i + 1 < *n_found && !text_equal(*found[i], *name)) i++;
    memmove(found + i, found + i + 1, (*n_found - i - 1) * sizeof *found);
    --*n_found;
}

bool metric_classes(text_span prediction, text_span reference, const text_span *classes, size_t n_classes,
                    double *score) {
    const text_span **found = malloc((n_classes + 1) * sizeof(const text_span *));
    size_t n_found = 0;
    if (found == NULL) return false;
    for (size_t i = 0; i < n_classes; i++)
        if (text_contains(prediction, classes[i])) found[n_found++] = &classes[i];
    for (size_t i = 0; i < n_found; i++)
        if (text_contains(reference, *found[i]) && !text_equal(reference, *found[i]))
            take_out(found, &n_found, found[i]);
    *score = 0;
    for (size_t i = 0; i < n_found; i++)
        if (text_equal(*found[i], reference)) *score = 1.0 / (double)n_found;
    free(found);
    return true;
}

void metric_count(text_span prediction, text_span reference, double *score) {
    int64_t n = 0, n_right = 0;
    text_span number;
    while (text_next_number(&prediction, &number)) {
        n++;
        n_right += text_equal(number, reference);
    }
    *score = n == 0 ? 0 : (double)n_right / (double)n;
}

bool metric_retrieval_number(text_span reference, const char *label, text_span *number) {
    text_span name = text_span_of(label);
    size_t at;
    while ((at = text_find(reference, name)) <= reference.n && reference.n > 0) {
        text_span behind = text_cut(reference, at + name.n, reference.n), rest = behind;
        if (text_next_number(&rest, number) && number->bytes == behind.bytes) return true;
        reference = behind;
    }
    return false;
}

void metric_retrieval(text_span prediction, text_span reference, const char *label, double *score) {
    text_span number;
    *score = 0;
    if (metric_retrieval_number(reference, label, &number)) metric_count(prediction, number, score);
}
