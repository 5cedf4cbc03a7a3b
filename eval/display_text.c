#include "eval/display_text.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* The bytes of the letter that begins here: 1 to 4, or 0 where there is none (RFC 3629: no overlong forms, no
 * surrogates, nothing past U+10FFFF). */
static int letter_bytes(const unsigned char *s) {
    if (s[0] < 0x80) return 1;
    int n = s[0] >= 0xF0 ? 4 : s[0] >= 0xE0 ? 3 : 2;
    if (s[0] < 0xC2 || s[0] > 0xF4) return 0;
    for (int i = 1; i < n; i++)
        if ((s[i] & 0xC0) != 0x80) return 0; /* the end of the text is no such byte */
    if ((s[0] == 0xE0 && s[1] < 0xA0) || (s[0] == 0xED && s[1] > 0x9F) || (s[0] == 0xF0 && s[1] < 0x90) ||
        (s[0] == 0xF4 && s[1] > 0x8F))
        return 0;
    return n;
}

/* C0, C1, and U+FFFE, U+FFFF, which XML forbids. */
static bool is_control(const unsigned char *s, int n) {
    return (n == 1 && (s[0] < 0x20 || s[0] == 0x7F)) || (n == 2 && s[0] == 0xC2 && s[1] < 0xA0) ||
           (n == 3 && s[0] == 0xEF && s[1] == 0xBF && s[2] >= 0xBE);
}

char *display_text_clean(const char *text) {
    const unsigned char *s = (const unsigned char *)(text != NULL ? text : "");
    char *clean = malloc(3 * strlen((const char *)s) + 1), *end = clean;
    if (clean == NULL) return NULL;
    while (*s != '\0') {
        int n = letter_bytes(s);
        if (n == 0) {
            memcpy(end, "\xEF\xBF\xBD", 3);
            end += 3;
            s++;
        } else if (is_control(s, n)) {
            *end++ = ' ';
            s += n;
        } else {
            memcpy(end, s, (size_t)n);
            end += n;
            s += n;
        }
    }
    *end = '\0';
    return clean;
}

static bool begins_letter(char c) { return ((unsigned char)c & 0xC0) != 0x80; }

size_t display_text_letters(const char *clean) {
    size_t n = 0;
    for (; *clean != '\0'; clean++) n += begins_letter(*clean);
    return n;
}

/* Where the i-th letter begins. */
static const char *letter(const char *clean, size_t i) {
    const char *s = clean;
    for (; *s != '\0'; s++)
        if (begins_letter(*s) && i-- == 0) break;
    return s;
}

char *display_text_shorten(const char *clean, size_t n_letters) {
    size_t n = display_text_letters(clean);
    if (n_letters < 2) n_letters = 2;
    bool is_short = n <= n_letters;
    const char *end = is_short ? clean + strlen(clean) : letter(clean, n_letters - n_letters / 2);
    const char *tail = is_short ? end : letter(clean, n - n_letters / 2);
    size_t n_end = (size_t)(end - clean), n_tail = strlen(tail);
    char *shortened = malloc(n_end + 3 + n_tail + 1);
    if (shortened == NULL) return NULL;
    memcpy(shortened, clean, n_end);
    if (!is_short) memcpy(shortened + n_end, "\xE2\x80\xA6", 3);
    memcpy(shortened + n_end + (is_short ? 0 : 3), tail, n_tail);
    shortened[n_end + (is_short ? 0 : 3) + n_tail] = '\0';
    return shortened;
}

static const char *escaped(char c) {
    switch (c) {
    case '<': return "&lt;";
    case '>': return "&gt;";
    case '&': return "&amp;";
    case '"': return "&quot;";
    case '\'': return "&#39;";
    default: return NULL;
    }
}

void display_text_write_xml(const char *clean, FILE *file) {
    for (; *clean != '\0'; clean++) {
        const char *entity = escaped(*clean);
        if (entity != NULL)
            fwrite(entity, 1, strlen(entity), file);
        else
            fputc(*clean, file);
    }
}

void display_text_tokens(double n, char *out, size_t n_out) {
    const double k = 1024, quarter = 4;
    double unit = n >= k * k ? k * k : k;
    bool even = n >= k && fmod(n * quarter, unit) == 0; /* in quarters of the unit */
    if (even)
        snprintf(out, n_out, "%.10g%s", n / unit, unit > k ? "M" : "k");
    else
        snprintf(out, n_out, "%.10g", n);
}
