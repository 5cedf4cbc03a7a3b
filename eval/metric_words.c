#include "eval/metric_words.h"

#include <stdlib.h>
#include <string.h>

void metric_words_add(word_list *list, text_span word) {
    if (list->failed) return;
    if (list->n == list->capacity) {
        size_t capacity = list->capacity * 2 + 64;
        text_span *grown = realloc(list->words, capacity * sizeof *grown);
        list->failed = grown == NULL;
        if (list->failed) return;
        list->words = grown;
        list->capacity = capacity;
    }
    list->words[list->n++] = word;
}

void word_list_add_words(word_list *list, text_span text) {
    text_span word;
    while (text_next_word(&text, &word)) metric_words_add(list, word);
}

/* A word and its place in the list. */
typedef struct placed_word {
    text_span word;
    size_t place;
} placed_word;

static int compare_words(const void *left, const void *right) {
    const text_span a = ((const placed_word *)left)->word, b = ((const placed_word *)right)->word;
    if (a.n != b.n) return a.n < b.n ? -1 : 1;
    return a.n == 0 ? 0 : memcmp(a.bytes, b.bytes, a.n);
}

bool word_list_number(word_list *list) {
    if (list->failed) return false;
    placed_word *sorted = malloc((list->n + 1) * sizeof *sorted);
    free(list->numbers);
    list->numbers = malloc((list->n + 1) * sizeof *list->numbers);
    list->failed = sorted == NULL || list->numbers == NULL;
    list->n_different = 0;
    if (!list->failed) {
        for (size_t i = 0; i < list->n; i++) sorted[i] = (placed_word){list->words[i], i};
        qsort(sorted, list->n, sizeof *sorted, compare_words);
        for (size_t i = 0; i < list->n; i++) {
            if (i == 0 || compare_words(&sorted[i - 1], &sorted[i]) != 0) list->n_different++;
            list->numbers[sorted[i].place] = list->n_different - 1;
        }
    }
    free(sorted);
    return !list->failed;
}

void word_list_free(word_list *list) {
    free(list->words);
    free(list->numbers);
    *list = (word_list){0};
}
