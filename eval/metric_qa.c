/* F1 of words. */
#include "eval/metric_answer.h"

#include "eval/metric_normal.h"
#include "eval/metric_words.h"

#include <stdlib.h>

/* How many words both have, each as often as it stands in both; words [0, n_first) are the first text's. */
static bool count_common(const word_list *list, size_t n_first, int64_t *n_common) {
    int64_t *left = calloc((size_t)list->n_different + 1, sizeof *left);
    if (left == NULL) return false;
    *n_common = 0;
    for (size_t i = 0; i < n_first; i++) left[list->numbers[i]]++;
    for (size_t i = n_first; i < list->n; i++)
        if (left[list->numbers[i]]-- > 0) ++*n_common;
    free(left);
    return true;
}

static double f1(int64_t n_common, size_t n_prediction, size_t n_reference) {
    if (n_common == 0) return 0;
    double precision = (double)n_common / (double)n_prediction, recall = (double)n_common / (double)n_reference;
    return 2 * precision * recall / (precision + recall);
}

/* Of two normalised texts. */
static bool score_words(const text_made *first, const text_made *second, double *score) {
    word_list list = {0};
    int64_t n_common;
    word_list_add_words(&list, text_made_span(first));
    size_t n_first = list.n;
    word_list_add_words(&list, text_made_span(second));
    bool good =
        !first->failed && !second->failed && word_list_number(&list) && count_common(&list, n_first, &n_common);
    if (good) *score = f1(n_common, n_first, list.n - n_first);
    word_list_free(&list);
    return good;
}

bool metric_qa_f1(text_span prediction, text_span reference, double *score) {
    text_made first = {0}, second = {0};
    metric_normalise(prediction, true, &first);
    metric_normalise(reference, true, &second);
    bool good = score_words(&first, &second, score);
    text_made_free(&first);
    text_made_free(&second);
    return good;
}

bool metric_qa_f1_chinese(text_span prediction, text_span reference, double *score) {
    text_made first = {0}, second = {0};
    metric_normalise_chinese(prediction, &first);
    metric_normalise_chinese(reference, &second);
    bool good = score_words(&first, &second, score);
    text_made_free(&first);
    text_made_free(&second);
    return good;
}
