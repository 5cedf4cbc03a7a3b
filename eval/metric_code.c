/* Likeness of a line of code. */
#include "eval/metric_answer.h"

#include <math.h>
#include <stdlib.h>

/* Code that is neither a comment nor the fence of a code block. */
static bool is_code(text_span line) {
    return !text_contains(line, text_span_of("`")) && !text_contains(line, text_span_of("#")) &&
           !text_contains(line, text_span_of("//"));
}

static text_span first_code_line(text_span text) {
    while (text.n > 0 && text.bytes[0] == '\n') text = text_cut(text, 1, text.n);
    for (;;) {
        size_t stop = text_find(text, text_span_of("\n"));
        text_span line = text_cut(text, 0, stop);
        if (is_code(line)) return line;
        if (stop >= text.n) return text_cut(text, 0, 0);
        text = text_cut(text, stop + 1, text.n);
    }
}

/* The characters of `text`; NULL where memory was not to be had. */
static int32_t *characters_of(text_span text, size_t *n) {
    int32_t *characters = malloc((text.n + 1) * sizeof *characters);
    for (*n = 0; characters != NULL && text.n > 0;) characters[(*n)++] = text_next(&text);
    return characters;
}

/* The length of a longest common subsequence; `row` (n_b + 1) is zero. */
static int64_t common_length(const int32_t *a, size_t n_a, const int32_t *b, size_t n_b, int64_t *row) {
    for (size_t i = 0; i < n_a; i++) {
        int64_t diagonal = 0;
        for (size_t j = 0; j < n_b; j++) {
            int64_t above = row[j + 1];
            if (a[i] == b[j])
                row[j + 1] = diagonal + 1;
            else if (row[j] > above)
                row[j + 1] = row[j];
            diagonal = above;
        }
    }
    return row[n_b];
}

static bool ratio(text_span line, text_span reference, double *percent) {
    size_t n_a, n_b;
    int32_t *a = characters_of(line, &n_a), *b = characters_of(reference, &n_b);
    int64_t *row = b == NULL ? NULL : calloc(n_b + 1, sizeof *row);
    bool good = a != NULL && row != NULL;
    if (good) *percent = rint(100 * (2.0 * (double)common_length(a, n_a, b, n_b, row) / (double)(n_a + n_b)));
    free(a);
    free(b);
    free(row);
    return good;
}

bool metric_code(text_span prediction, text_span reference, double *score) {
    text_span line = first_code_line(prediction);
    double percent = 100;
    bool good = true;
    if (!text_equal(line, reference)) {
        percent = 0;
        if (line.n > 0 && reference.n > 0) good = ratio(line, reference, &percent);
    }
    if (good) *score = percent / 100;
    return good;
}
