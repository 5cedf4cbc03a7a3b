#include "word_list.h"

#include "eval/needle_task.h"

#include <stdlib.h>
#include <string.h>

enum { SHORTEST_WORD = 4, LONGEST_WORD = 31 };

static int compare_words(const void *a, const void *b) {
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool is_small(char byte) { return byte >= 'a' && byte <= 'z'; }

static bool is_letter(char byte) {
    return is_small(byte) || (byte >= 'A' && byte <= 'Z') || (byte & 0x80) != 0;
}

/* Copies every word of small letters; names and the beginnings of sentences are left out. */
static int64_t copy_words(const char *text, size_t n_bytes, char *letters) {
    int64_t n = 0;
    for (size_t at = 0; at < n_bytes;) {
        size_t size = 0, small = 0;
        for (; at + size < n_bytes && is_letter(text[at + size]); size++) small += is_small(text[at + size]);
        if (size == small && size >= SHORTEST_WORD && size <= LONGEST_WORD) {
            memcpy(letters, text + at, size);
            letters[size] = '\0';
            letters += size + 1;
            n++;
        }
        at += size > 0 ? size : 1;
    }
    return n;
}

void vocabulary_of(const char *text, size_t n_bytes, vocabulary *v) {
    *v = (vocabulary){.letters = must_allocate(n_bytes + 2)};
    int64_t n = copy_words(text, n_bytes, v->letters);
    v->words = must_allocate((size_t)(n + 1) * sizeof *v->words);
    const char *word = v->letters;
    for (int64_t i = 0; i < n; i++, word += strlen(word) + 1) v->words[i] = word;
    qsort(v->words, (size_t)n, sizeof *v->words, compare_words);
    for (int64_t i = 0; i < n; i++)
        if (v->n == 0 || strcmp(v->words[v->n - 1], v->words[i]) != 0) v->words[v->n++] = v->words[i];
}

void vocabulary_free(vocabulary *v) {
    free(v->letters);
    free(v->words);
    *v = (vocabulary){0};
}

static void shuffle(const char **words, int64_t n, uint64_t *random) {
    for (int64_t i = n - 1; i > 0; i--) {
        int64_t k = (int64_t)(needle_random(random) % (uint64_t)(i + 1));
        const char *word = words[i];
        words[i] = words[k];
        words[k] = word;
    }
}

void word_list_add(const vocabulary *v, uint64_t seed, int64_t n_words, int common_repeats, int other_repeats,
                   text_buffer *text, const char *common[N_COMMON]) {
    int64_t n_list = N_COMMON * (int64_t)common_repeats + (n_words - N_COMMON) * other_repeats, n = 0;
    const char **drawn = must_allocate((size_t)v->n * sizeof *drawn);
    const char **list = must_allocate((size_t)n_list * sizeof *list);
    memcpy(drawn, v->words, (size_t)v->n * sizeof *drawn);
    shuffle(drawn, v->n, &seed);
    for (int64_t i = 0; i < n_words; i++)
        for (int k = 0; k < (i < N_COMMON ? common_repeats : other_repeats); k++) list[n++] = drawn[i];
    for (int i = 0; i < N_COMMON; i++) common[i] = drawn[i];
    shuffle(list, n, &seed);
    for (int64_t i = 0; i < n; i++)
        text_buffer_print(text, "%s%lld. %s", i > 0 ? " " : "", (long long)i + 1, list[i]);
    free(drawn);
    free(list);
}
