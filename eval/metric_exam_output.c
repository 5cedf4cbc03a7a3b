/* L-Eval: what a program prints. */
#include "eval/metric_exam.h"

#include "eval/metric_words.h"

typedef struct replacement {
    const char *old, *with;
} replacement;

static const replacement marks[] = {{",", ""},     {"'", ""},     {"\\", ""},   {".0", ""},
                                    {"] [", "]["}, {"[ [", "[["}, {"] ]", "]]"}};
static const replacement fillers[] = {{"will be", ""},  {"of the code", ""},  {"is", ""},
                                      {"would be", ""}, {"the value of", ""}, {"the result of", ""},
                                      {"printed", ""}};

static void replace_all(text_made *made, const replacement *list, size_t n) {
    for (size_t i = 0; i < n; i++) {
        text_made next = {.failed = made->failed};
        text_made_add_replaced(&next, text_made_span(made), list[i].old, list[i].with);
        text_made_free(made);
        *made = next;
    }
}

/* Runs of white space as one blank, then without the marks. */
static void add_output(text_span text, text_made *made) {
    bool in_blank = false;
    while (text.n > 0) {
        int32_t c = text_next(&text);
        bool blank = character_is_space(c);
        if (!blank) text_made_add_character(made, c);
        if (blank && !in_blank) text_made_add_character(made, ' ');
        in_blank = blank;
    }
    replace_all(made, marks, sizeof marks / sizeof *marks);
}

/* The parts between runs of white space; at an end of the text a run leaves an empty part. */
static void split(text_span text, word_list *parts) {
    text_span stripped = text_strip(text);
    if (stripped.n == 0 || stripped.bytes != text.bytes) metric_words_add(parts, text_cut(text, 0, 0));
    word_list_add_words(parts, text);
    bool ends_blank = text.n > 0 && stripped.bytes + stripped.n != text.bytes + text.n;
    if (ends_blank) metric_words_add(parts, text_cut(text, 0, 0));
}

static size_t count_words(text_span text) {
    text_span word;
    size_t n = 0;
    while (text_next_word(&text, &word)) n++;
    return n;
}

/* The parts in which the output must stand, with single blanks between them. */
static void add_window(text_span answer, size_t n_parts, text_made *made) {
    const text_span label = text_span_of("the final output");
    word_list parts = {0};
    bool from_label = text_contains(answer, label);
    while (text_contains(answer, label))
        answer = text_cut(answer, text_find(answer, label) + label.n, answer.n);
    split(answer, &parts);
    size_t first = from_label || parts.n < n_parts ? 0 : parts.n - n_parts;
    for (size_t i = first; i < parts.n && i < first + n_parts; i++) {
        if (i > first) text_made_add(made, text_span_of(" "));
        text_made_add(made, parts.words[i]);
    }
    made->failed = made->failed || parts.failed;
    word_list_free(&parts);
}

bool metric_exam_output(text_span prediction, text_span reference, double *score) {
    text_made answer = {0}, right = {0}, window = {0};
    add_output(prediction, &answer);
    replace_all(&answer, fillers, sizeof fillers / sizeof *fillers);
    add_output(reference, &right);
    add_window(text_made_span(&answer), count_words(reference) + 3, &window);
    bool good = !answer.failed && !right.failed && !window.failed &&
                metric_exam_text(text_made_span(&window), text_made_span(&right), score);
    text_made_free(&answer);
    text_made_free(&right);
    text_made_free(&window);
    return good;
}
