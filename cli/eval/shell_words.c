#include "shell_words.h"

#include <string.h>

static bool is_plain(unsigned char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           strchr("_-./,:=+%@", c) != NULL;
}

static bool is_visible(const char *word) {
    text_buffer shown = {0};
    text_buffer_add_visible(&shown, word, strlen(word), VISIBLE_ONE_LINE, true);
    bool same = shown.bytes != NULL && strcmp(shown.bytes, word) == 0;
    text_buffer_free(&shown);
    return same;
}

static void add_quoted(text_buffer *line, const char *word) {
    text_buffer_add(line, "'", 1);
    for (; *word != '\0'; word++)
        if (*word == '\'')
            text_buffer_print(line, "'\\''");
        else
            text_buffer_add(line, word, 1);
    text_buffer_add(line, "'", 1);
}

static void add_escaped(text_buffer *line, const char *word) {
    text_buffer_print(line, "$'");
    for (; *word != '\0'; word++) {
        unsigned char c = (unsigned char)*word;
        if (c >= 0x20 && c < 0x7F && c != '\'' && c != '\\')
            text_buffer_add(line, word, 1);
        else
            text_buffer_print(line, "\\x%02x", c);
    }
    text_buffer_add(line, "'", 1);
}

void shell_words_add(text_buffer *line, const char *word) {
    size_t n = 0;
    while (word[n] != '\0' && is_plain((unsigned char)word[n])) n++;
    if (line->n_bytes > 0) text_buffer_add(line, " ", 1);
    if (n > 0 && word[n] == '\0')
        text_buffer_add(line, word, n);
    else if (word[0] == '\0')
        text_buffer_print(line, "''");
    else if (is_visible(word))
        add_quoted(line, word);
    else
        add_escaped(line, word);
}
