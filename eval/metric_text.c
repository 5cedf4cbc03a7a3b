#include "eval/metric_text.h"

#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

enum { REPLACEMENT = 0xFFFD };

text_span text_span_of(const char *text) { return (text_span){text, strlen(text)}; }

bool text_equal(text_span a, text_span b) {
    return a.n == b.n && (a.n == 0 || memcmp(a.bytes, b.bytes, a.n) == 0);
}

size_t text_find(text_span text, text_span part) {
    if (part.n == 0) return 0;
    for (size_t i = 0; i + part.n <= text.n; i++)
        if (text.bytes[i] == part.bytes[0] && memcmp(text.bytes + i, part.bytes, part.n) == 0) return i;
    return text.n + 1;
}

bool text_contains(text_span text, text_span part) { return text_find(text, part) <= text.n; }

text_span text_cut(text_span text, size_t from, size_t end) {
    if (end > text.n) end = text.n;
    if (from > end) from = end;
    return (text_span){text.n > 0 ? text.bytes + from : text.bytes, end - from};
}

text_span text_first_line(text_span text) {
    while (text.n > 0 && text.bytes[0] == '\n') text = text_cut(text, 1, text.n);
    return text_cut(text, 0, text_find(text, text_span_of("\n")));
}

text_span text_strip(text_span text) {
    text_span rest = text, kept = {text.bytes, 0};
    bool began = false;
    while (rest.n > 0) {
        size_t at = text.n - rest.n;
        if (character_is_space(text_next(&rest))) continue;
        if (!began) kept = text_cut(text, at, at);
        began = true;
        kept.n = (size_t)(text.bytes + (text.n - rest.n) - kept.bytes);
    }
    return kept;
}

/* ---- Characters ------------------------------------------------------------------------------------------ */

int32_t text_next(text_span *rest) {
    utf8proc_int32_t c;
    utf8proc_ssize_t used =
        utf8proc_iterate((const utf8proc_uint8_t *)rest->bytes, (utf8proc_ssize_t)rest->n, &c);
    if (used < 1) {
        used = 1;
        c = REPLACEMENT;
    }
    rest->bytes += used;
    rest->n -= (size_t)used;
    return c;
}

/* Besides the separators: tab to carriage return, and the four information separators. */
bool character_is_space(int32_t c) {
    utf8proc_category_t category = utf8proc_category(c);
    return (c >= 0x09 && c <= 0x0D) || (c >= 0x1C && c <= 0x1F) || c == 0x85 ||
           category == UTF8PROC_CATEGORY_ZS || category == UTF8PROC_CATEGORY_ZL ||
           category == UTF8PROC_CATEGORY_ZP;
}

bool character_is_word(int32_t c) {
    switch (utf8proc_category(c)) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_NL:
    case UTF8PROC_CATEGORY_NO: return true;
    default: return c == '_';
    }
}

bool character_is_digit(int32_t c) { return utf8proc_category(c) == UTF8PROC_CATEGORY_ND; }

bool character_is_punctuation(int32_t c) {
    return (c >= '!' && c <= '/') || (c >= ':' && c <= '@') || (c >= '[' && c <= '`') || (c >= '{' && c <= '~');
}

/* ---- Runs of characters ---------------------------------------------------------------------------------- */

/* The next run of characters for which `belongs` is `wanted`. */
static bool next_run(text_span *rest, bool (*belongs)(int32_t c), bool wanted, text_span *run) {
    *run = (text_span){rest->bytes, 0};
    while (rest->n > 0) {
        const text_span before = *rest;
        bool inside = belongs(text_next(rest)) == wanted;
        if (!inside && run->n > 0) break;
        if (inside && run->n == 0) run->bytes = before.bytes;
        if (inside) run->n = (size_t)(rest->bytes - run->bytes);
    }
    return run->n > 0;
}

bool text_next_word(text_span *rest, text_span *word) {
    return next_run(rest, character_is_space, false, word);
}

bool text_next_number(text_span *rest, text_span *number) {
    return next_run(rest, character_is_digit, true, number);
}

/* ---- Growing text ---------------------------------------------------------------------------------------- */

void text_made_add(text_made *made, text_span more) {
    if (made->failed || more.n == 0) return;
    if (made->n + more.n > made->capacity) {
        size_t capacity = (made->n + more.n) * 3 / 2 + 64;
        char *grown = realloc(made->bytes, capacity);
        made->failed = grown == NULL;
        if (made->failed) return;
        made->bytes = grown;
        made->capacity = capacity;
    }
    memcpy(made->bytes + made->n, more.bytes, more.n);
    made->n += more.n;
}

void text_made_add_character(text_made *made, int32_t c) {
    utf8proc_uint8_t bytes[4];
    utf8proc_ssize_t n = utf8proc_encode_char(c, bytes);
    text_made_add(made, (text_span){(const char *)bytes, (size_t)n});
}

void text_made_add_lower(text_made *made, text_span more) {
    while (more.n > 0) {
        int32_t c = text_next(&more);
        if (c == 0x130) { /* the one capital whose small form has two characters */
            text_made_add_character(made, 'i');
            text_made_add_character(made, 0x307);
        } else {
            text_made_add_character(made, utf8proc_tolower(c));
        }
    }
}

void text_made_add_replaced(text_made *made, text_span more, const char *old, const char *with) {
    text_span wanted = text_span_of(old);
    size_t at;
    while ((at = text_find(more, wanted)) <= more.n && more.n > 0) {
        text_made_add(made, text_cut(more, 0, at));
        text_made_add(made, text_span_of(with));
        more = text_cut(more, at + wanted.n, more.n);
    }
    text_made_add(made, more);
}

void text_made_add_repaired(text_made *made, text_span bytes) {
    while (bytes.n > 0) text_made_add_character(made, text_next(&bytes));
}

text_span text_made_span(const text_made *made) {
    return (text_span){made->bytes != NULL ? made->bytes : "", made->n};
}

void text_made_free(text_made *made) {
    free(made->bytes);
    *made = (text_made){0};
}
