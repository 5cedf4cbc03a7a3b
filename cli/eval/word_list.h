/* RULER's common words: a numbered list in which ten words come more often than the others. */
#ifndef SEXTANT_CLI_EVAL_WORD_LIST_H
#define SEXTANT_CLI_EVAL_WORD_LIST_H

#include "text_buffer.h"

#include <stdint.h>

/* Different words of a text, in the order of the alphabet. */
typedef struct vocabulary {
    char *letters; /* the words one after another, each with a NUL */
    const char **words;
    int64_t n;
} vocabulary;

/* Words of four small letters or more. */
void vocabulary_of(const char *text, size_t n_bytes, vocabulary *vocabulary);
void vocabulary_free(vocabulary *vocabulary);

enum { N_COMMON = 10 };

/* Adds "1. river 2. stone ..." of n_words different words, drawn and shuffled by the seed: N_COMMON of them
 * stand there `common_repeats` times, the others `other_repeats` times. `common` points into the vocabulary. */
void word_list_add(const vocabulary *vocabulary, uint64_t seed, int64_t n_words, int common_repeats,
                   int other_repeats, text_buffer *text, const char *common[N_COMMON]);

#endif
