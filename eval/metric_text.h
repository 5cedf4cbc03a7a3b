/* Texts as the published scoring programs see them: characters and classes of Python's str. */
#ifndef SEXTANT_EVAL_METRIC_TEXT_H
#define SEXTANT_EVAL_METRIC_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Some bytes of a text that somebody else owns; they may hold NUL. */
typedef struct text_span {
    const char *bytes;
    size_t n;
} text_span;

text_span text_span_of(const char *text);
bool text_equal(text_span a, text_span b);
/* Where `part` first stands in `text`; text.n + 1 where it does not. An empty part stands at 0. */
size_t text_find(text_span text, text_span part);
bool text_contains(text_span text, text_span part);
/* What lies from byte `from` up to byte `end`. */
text_span text_cut(text_span text, size_t from, size_t end);
/* Without the line feeds in front, up to the next line feed. */
text_span text_first_line(text_span text);
/* Without white space at either end. */
text_span text_strip(text_span text);

/* Takes the next character off *rest, which is not empty; U+FFFD for a byte that is no UTF-8. */
int32_t text_next(text_span *rest);
/* Takes the next word off *rest, words being what white space separates; false when there is none. */
bool text_next_word(text_span *rest, text_span *word);
/* Takes the next run of decimal digits off *rest (Python's \d+); false when there is none. */
bool text_next_number(text_span *rest, text_span *number);

bool character_is_space(int32_t c);       /* str.isspace() */
bool character_is_word(int32_t c);        /* \w */
bool character_is_digit(int32_t c);       /* \d */
bool character_is_punctuation(int32_t c); /* string.punctuation: ASCII alone */

/* Growing text. Memory that was not to be had is remembered in `failed`; adding goes on without effect. */
typedef struct text_made {
    char *bytes;
    size_t n, capacity;
    bool failed;
} text_made;

void text_made_add(text_made *made, text_span more);
void text_made_add_character(text_made *made, int32_t c);
/* str.lower(), save that a final sigma becomes the usual one. */
void text_made_add_lower(text_made *made, text_span more);
/* `more` with every `old` replaced, from left to right, as str.replace() does; `old` is not empty. */
void text_made_add_replaced(text_made *made, text_span more, const char *old, const char *with);
text_span text_made_span(const text_made *made);
void text_made_free(text_made *made);

/* Valid UTF-8: U+FFFD for each byte that is none. */
void text_made_add_repaired(text_made *made, text_span bytes);

#endif
