/* Words of texts that are compared, told apart by numbers. */
#ifndef SEXTANT_EVAL_METRIC_WORDS_H
#define SEXTANT_EVAL_METRIC_WORDS_H

#include "eval/metric_text.h"

typedef struct word_list {
    text_span *words; /* (n); they point into the text that they were taken from */
    int32_t *numbers; /* (n), after word_list_number(): equal words have equal ones, from 0 on */
    size_t n, capacity;
    int32_t n_different;
    bool failed; /* memory was not to be had */
} word_list;

void metric_words_add(word_list *list, text_span word);
/* The words of `text`: what white space separates. */
void word_list_add_words(word_list *list, text_span text);
/* False where memory was not to be had, here or before. */
bool word_list_number(word_list *list);
void word_list_free(word_list *list);

#endif
