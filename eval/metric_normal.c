#include "eval/metric_normal.h"

static bool is_article(text_span word) {
    return text_equal(word, text_span_of("a")) || text_equal(word, text_span_of("an")) ||
           text_equal(word, text_span_of("the"));
}

/* An article ends where letters and digits end: also at a dash that is no ASCII, which stays. */
static void add_without_articles(text_span text, text_made *made) {
    text_span run = {text.bytes, 0};
    while (text.n > 0) {
        const char *at = text.bytes;
        bool inside = character_is_word(text_next(&text));
        if (inside) run.n = (size_t)(text.bytes - run.bytes);
        if (inside && text.n > 0) continue;
        text_made_add(made, is_article(run) ? text_span_of(" ") : run);
        if (!inside) text_made_add(made, (text_span){at, (size_t)(text.bytes - at)});
        run = (text_span){text.bytes, 0};
    }
}

static void add_without_punctuation(text_span text, text_made *made) {
    while (text.n > 0) {
        int32_t c = text_next(&text);
        if (!character_is_punctuation(c)) text_made_add_character(made, c);
    }
}

void metric_normalise(text_span text, bool lower, text_made *made) {
    text_made small = {0}, bare = {0}, free_of_articles = {0};
    text_span rest, word;
    if (lower) text_made_add_lower(&small, text);
    add_without_punctuation(lower ? text_made_span(&small) : text, &bare);
    add_without_articles(text_made_span(&bare), &free_of_articles);
    rest = text_made_span(&free_of_articles);
    for (bool is_first = true; text_next_word(&rest, &word); is_first = false) {
        if (!is_first) text_made_add(made, text_span_of(" "));
        text_made_add(made, word);
    }
    made->failed = made->failed || small.failed || bare.failed || free_of_articles.failed;
    text_made_free(&small);
    text_made_free(&bare);
    text_made_free(&free_of_articles);
}
