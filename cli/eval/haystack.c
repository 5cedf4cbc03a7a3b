#include "haystack.h"

#include "exit_code.h"
#include "message.h"
#include "prompt.h"

#include <stdlib.h>
#include <string.h>

static const char noise[] =
    "The grass is green. The sky is blue. The sun is yellow. Here we go. There and back again.\n";

static int read_files(const option_values *options, text_buffer *text) {
    for (int i = 0; i < options->haystacks.n; i++) {
        const char *path = options->haystacks.values[i];
        size_t before = text->n_bytes;
        int code = prompt_read_file("--haystack", path, text);
        if (code != EXIT_CODE_OK) return code;
        if (text->n_bytes == before)
            return message_error(EXIT_CODE_USAGE, "--haystack %s is empty; give a file with text in it", path);
        if (text->bytes[text->n_bytes - 1] != '\n') text_buffer_add(text, "\n", 1);
    }
    if (options->haystacks.n == 0) text_buffer_add(text, noise, sizeof noise - 1);
    return EXIT_CODE_OK;
}

static void repeat_until(text_buffer *text, size_t n_once, size_t n_bytes) {
    while (text->n_bytes < n_bytes) {
        size_t n = text->n_bytes < n_bytes - text->n_bytes ? text->n_bytes : n_once;
        char *again = must_allocate(n); /* not out of the buffer itself, which moves */
        memcpy(again, text->bytes, n);
        text_buffer_add(text, again, n);
        free(again);
    }
}

static int count_tokens(const sxt_model *model, const text_buffer *text, int32_t **ids, int64_t *n) {
    sxt_error error;
    if (sxt_tokenize(model, text->bytes, text->n_bytes, 0, ids, n, &error) == SXT_OK) return EXIT_CODE_OK;
    return message_library_error(&error);
}

/* Token by token, the bytes that they stand for; a tokenizer that changes the text is off by a share of it. */
static int measure(const sxt_model *model, haystack *h) {
    int32_t *ids = NULL;
    int code = count_tokens(model, &h->text, &ids, &h->n_tokens);
    if (code != EXIT_CODE_OK) return code;
    h->ends = must_reallocate(h->ends, (size_t)h->n_tokens * sizeof *h->ends);
    int64_t end = 0;
    for (int64_t i = 0; i < h->n_tokens; i++) {
        const char *piece;
        size_t n_bytes = 0;
        sxt_error error;
        if (sxt_token_piece(model, ids[i], &piece, &n_bytes, &error) == SXT_OK) end += (int64_t)n_bytes;
        h->ends[i] = end;
    }
    double stretch = end > 0 ? (double)h->text.n_bytes / (double)end : 1;
    for (int64_t i = 0; i < h->n_tokens; i++) h->ends[i] = (int64_t)((double)h->ends[i] * stretch);
    sxt_free(ids);
    return EXIT_CODE_OK;
}

int haystack_open(const option_values *options, const sxt_model *model, bool any_word, int64_t n_tokens,
                  haystack *h) {
    *h = (haystack){.cuts = options->haystacks.n > 0 ? CUT_AT_SENTENCES : CUT_AT_LINES};
    if (any_word) h->cuts = CUT_AT_WORDS;
    int code = read_files(options, &h->text);
    h->n_once = h->text.n_bytes;
    size_t wanted = h->n_once;
    while (code == EXIT_CODE_OK && h->n_tokens < n_tokens) {
        repeat_until(&h->text, h->n_once, wanted);
        code = measure(model, h);
        if (code == EXIT_CODE_OK && h->n_tokens == 0)
            return message_error(EXIT_CODE_USAGE, "--haystack has no tokens; give a file with text in it");
        wanted =
            h->n_tokens > 0 && h->n_tokens < n_tokens
                ? (size_t)(1.05 * (double)h->text.n_bytes * (double)n_tokens / (double)h->n_tokens) + h->n_once
                : wanted;
    }
    return code;
}

void haystack_close(haystack *h) {
    text_buffer_free(&h->text);
    free(h->ends);
    *h = (haystack){0};
}

static bool is_blank(char byte) { return byte == ' ' || byte == '\n' || byte == '\t' || byte == '\r'; }

static bool ends_with(const char *text, size_t n, const char *end) {
    const size_t n_end = strlen(end);
    return n >= n_end && memcmp(text + n - n_end, end, n_end) == 0;
}

/* The end among `ends` (up to NULL) that the first n bytes have; NULL: none of them. */
static const char *end_among(const char *text, size_t n, const char *const *ends) {
    while (*ends != NULL && !ends_with(text, n, *ends)) ends++;
    return *ends;
}

/* Quotes and brackets that close behind a sentence belong to it. */
static const char *const closing[] = {"\"", "'", ")", "]", "”", "’", "»", "」", "』", "）", NULL};

static bool begins_with(const char *text, const char *const *beginnings) {
    while (*beginnings != NULL && strncmp(text, *beginnings, strlen(*beginnings)) != 0) beginnings++;
    return *beginnings != NULL;
}

/* True where a sentence ends with the first n bytes. */
static bool ends_sentence(const char *text, size_t n, const char *const *marks) {
    for (const char *end; (end = end_among(text, n, closing)) != NULL;) n -= strlen(end);
    return end_among(text, n, marks) != NULL;
}

/* A sentence takes the blanks behind it with it; where marks are as wide as letters there need be none. The end
 * of a line is one where a sentence or a paragraph ends. "Oh!" she said: a small letter goes on. */
static bool is_sentence_end(const char *text, size_t at) {
    static const char *const narrow[] = {".", "!", "?", "…", NULL}, *const wide[] = {"。", "！", "？", NULL};
    const bool goes_on = text[at] >= 'a' && text[at] <= 'z';
    if (is_blank(text[at])) return false;
    if (!is_blank(text[at - 1]))
        return !goes_on && !begins_with(text + at, closing) && !begins_with(text + at, wide) &&
               ends_sentence(text, at, wide);
    size_t n = at, n_lines = 0;
    while (n > 0 && is_blank(text[n - 1])) n_lines += text[--n] == '\n';
    if (n == 0 || n_lines > 1) return true;
    return !goes_on && (ends_sentence(text, n, narrow) || ends_sentence(text, n, wide));
}

/* Before a blank where needles bring their own, behind it where they stand between sentences. */
static bool may_cut(const haystack *h, haystack_cuts cuts, size_t at) {
    const char *text = h->text.bytes;
    switch (cuts) {
    case CUT_AT_LINES: return text[at - 1] == '\n';
    case CUT_AT_SENTENCES: return is_sentence_end(text, at);
    case CUT_AT_WORDS: return is_blank(text[h->cuts == CUT_AT_WORDS ? at : at - 1]);
    default: return ((unsigned char)text[at] & 0xC0) != 0x80;
    }
}

enum { MOST_BACK = 400 }; /* bytes: some sentences */

/* The beginning is a place to cut like any other, in a text that has such places. */
static bool has_cut_ahead(const haystack *h, haystack_cuts cuts, size_t at) {
    const size_t last = at + MOST_BACK < h->text.n_bytes ? at + MOST_BACK : h->text.n_bytes;
    while (at < last && !may_cut(h, cuts, at + 1)) at++;
    return at < last;
}

size_t haystack_cut(const haystack *h, int64_t n_tokens) {
    if (n_tokens <= 0) return 0;
    const size_t end = (size_t)h->ends[n_tokens < h->n_tokens ? n_tokens - 1 : h->n_tokens - 1];
    const size_t first = end > MOST_BACK ? end - MOST_BACK : 0;
    for (haystack_cuts cuts = h->cuts; cuts <= CUT_AT_CHARACTERS; cuts++) {
        size_t at = end;
        while (at > first && !may_cut(h, cuts, at)) at--;
        if (at > first || (first == 0 && has_cut_ahead(h, cuts, end))) return at;
    }
    return first;
}

const char *haystack_gap(const haystack *h) {
    if (h->cuts == CUT_AT_WORDS) return "";
    return h->cuts == CUT_AT_LINES ? "\n" : " ";
}

/* FNV-1a: it tells texts apart that are not made to look alike. */
uint64_t haystack_fingerprint(const haystack *h) {
    uint64_t hash = UINT64_C(0xCBF29CE484222325);
    for (size_t i = 0; i < h->n_once; i++)
        hash = (hash ^ (unsigned char)h->text.bytes[i]) * UINT64_C(0x100000001B3);
    return hash;
}
