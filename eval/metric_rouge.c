/* ROUGE-L (Lin 2004), summary level. Of each pair of sentences a longest common subsequence of words is found;
 * the different words that stand in any of them, over the different words of either text, are recall and
 * precision. */
#include "eval/metric_answer.h"

#include "eval/metric_words.h"

#include <stdlib.h>

/* Words [begin, begin + n) of a word_list. */
typedef struct sentence {
    size_t begin, n;
} sentence;

typedef struct sentence_list {
    sentence *list;
    size_t n, capacity;
    bool failed;
} sentence_list;

static void add_sentence(sentence_list *sentences, sentence one) {
    if (sentences->failed) return;
    if (sentences->n == sentences->capacity) {
        size_t capacity = sentences->capacity * 2 + 16;
        sentence *grown = realloc(sentences->list, capacity * sizeof *grown);
        sentences->failed = grown == NULL;
        if (sentences->failed) return;
        sentences->list = grown;
        sentences->capacity = capacity;
    }
    sentences->list[sentences->n++] = one;
}

/* Nothing between two full stops is no sentence; blanks there are one, of a single empty word. */
static void split(text_span text, word_list *words, sentence_list *sentences) {
    while (text.n > 0) {
        size_t stop = text_find(text, text_span_of("."));
        text_span part = text_cut(text, 0, stop);
        if (part.n > 0) {
            sentence one = {words->n, 0};
            word_list_add_words(words, part);
            if (words->n == one.begin) metric_words_add(words, text_cut(part, 0, 0));
            one.n = words->n - one.begin;
            add_sentence(sentences, one);
        }
        text = text_cut(text, stop + 1, text.n);
    }
}

/* Marks the words of a longest common subsequence. Of several the one is taken that goes back in `b` first
 * where both ways are as good: which words are marked depends on that. */
static bool mark_common(const int32_t *a, size_t n_a, const int32_t *b, size_t n_b, bool *marked) {
    size_t width = n_b + 1;
    int32_t *table = calloc((n_a + 1) * width, sizeof *table); /* (n_a + 1, n_b + 1) lengths */
    if (table == NULL) return false;
    for (size_t i = 1; i <= n_a; i++)
        for (size_t j = 1; j <= n_b; j++) {
            int32_t up = table[(i - 1) * width + j], left = table[i * width + j - 1];
            table[i * width + j] =
                a[i - 1] == b[j - 1] ? table[(i - 1) * width + j - 1] + 1 : (up > left ? up : left);
        }
    for (size_t i = n_a, j = n_b; i > 0 && j > 0;) {
        if (a[i - 1] == b[j - 1]) {
            marked[a[i - 1]] = true;
            i--;
            j--;
        } else if (table[(i - 1) * width + j] > table[i * width + j - 1]) {
            i--;
        } else {
            j--;
        }
    }
    free(table);
    return true;
}

static double n_set(const bool *set, int32_t n) {
    int64_t count = 0;
    for (int32_t i = 0; i < n; i++) count += set[i];
    return (double)count;
}

static double n_different(const word_list *words, size_t begin, size_t end, bool *seen) {
    for (int32_t i = 0; i < words->n_different; i++) seen[i] = false;
    for (size_t i = begin; i < end; i++) seen[words->numbers[i]] = true;
    return n_set(seen, words->n_different);
}

/* The prediction's words are those before `middle`. */
static bool score_sentences(const word_list *words, size_t middle, const sentence_list *predicted,
                            const sentence_list *wanted, double *score) {
    bool *marked = calloc((size_t)words->n_different + 1, sizeof *marked);
    bool *seen = calloc((size_t)words->n_different + 1, sizeof *seen);
    bool good = marked != NULL && seen != NULL;
    for (size_t r = 0; good && r < wanted->n; r++)
        for (size_t p = 0; good && p < predicted->n; p++)
            good = mark_common(words->numbers + wanted->list[r].begin, wanted->list[r].n,
                               words->numbers + predicted->list[p].begin, predicted->list[p].n, marked);
    if (good) {
        double n_common = n_set(marked, words->n_different);
        double recall = n_common / n_different(words, middle, words->n, seen);
        double precision = n_common / n_different(words, 0, middle, seen);
        *score = 2 * (precision * recall / (precision + recall + 1e-8)); /* the package's guard against 0/0 */
    }
    free(marked);
    free(seen);
    return good;
}

bool metric_rouge_l(text_span prediction, text_span reference, double *score) {
    word_list words = {0};
    sentence_list predicted = {0}, wanted = {0};
    split(prediction, &words, &predicted);
    size_t middle = words.n;
    split(reference, &words, &wanted);
    bool good = !predicted.failed && !wanted.failed && word_list_number(&words);
    if (good && (predicted.n == 0 || wanted.n == 0))
        *score = 0;
    else if (good)
        good = score_sentences(&words, middle, &predicted, &wanted, score);
    free(predicted.list);
    free(wanted.list);
    word_list_free(&words);
    return good;
}
