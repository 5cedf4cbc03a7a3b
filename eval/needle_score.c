#include "eval/needle_score.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

enum { MAX_VALUES = 64 };

static bool contains(const char *text, size_t n_bytes, const char *word) {
    size_t n = strlen(word);
    for (size_t i = 0; n <= n_bytes && i <= n_bytes - n; i++)
        if (strncasecmp(text + i, word, n) == 0) return true;
    return false;
}

static bool in_word(char byte) {
    unsigned char c = (unsigned char)byte;
    return isalnum(c) || c == '-' || c == '_' || c >= 0x80;
}

static bool is_number(const char *word, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (!isdigit((unsigned char)word[i])) return false;
    return n > 0;
}

/* The next word at *at; its size, 0 at the end. */
static size_t next_word(const char *text, size_t n_bytes, size_t *at) {
    while (*at < n_bytes && !in_word(text[*at])) (*at)++;
    size_t n = 0;
    while (*at + n < n_bytes && in_word(text[*at + n])) n++;
    return n;
}

/* Each of the first words must be a value that no word before it was. */
static bool begins_with(const char *text, size_t n_bytes, const char *const *values, int n_values) {
    bool taken[MAX_VALUES] = {false}, numbers = is_number(values[0], strlen(values[0]));
    int n_taken = 0;
    size_t at = 0, n;
    while (n_taken < n_values && (n = next_word(text, n_bytes, &at)) > 0) {
        const char *word = text + at;
        at += n;
        if ((n == 3 && memcmp(word, "and", 3) == 0) || (!numbers && is_number(word, n))) continue;
        int i = 0;
        while (i < n_values && (taken[i] || strlen(values[i]) != n || memcmp(values[i], word, n) != 0)) i++;
        if (i == n_values) return false;
        taken[i] = true;
        n_taken++;
    }
    return n_taken == n_values;
}

needle_score needle_score_of(const char *answer, size_t n_bytes, const char *const *values, int n_values) {
    needle_score score = {0};
    if (n_values < 1 || n_values > MAX_VALUES) return score;
    for (int i = 0; i < n_values; i++) score.n_found += contains(answer, n_bytes, values[i]);
    score.exact = begins_with(answer, n_bytes, values, n_values);
    score.settled = score.n_found == n_values && n_bytes > 0 && !in_word(answer[n_bytes - 1]);
    return score;
}
