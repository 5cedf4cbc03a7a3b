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

/* LongBench's list, as ranges. It has no opening mark of titles and no full stop of full width. */
static bool is_chinese_punctuation(int32_t c) {
    static const int32_t ranges[][2] = {{0x2013, 0x2014}, {0x2018, 0x2019}, {0x201B, 0x201F}, {0x2026, 0x2027},
                                        {0x3001, 0x3003}, {0x300B, 0x3011}, {0x3014, 0x301F}, {0x3030, 0x3030},
                                        {0x303E, 0x303F}, {0xFE4F, 0xFE4F}, {0xFF01, 0xFF0D}, {0xFF0F, 0xFF0F},
                                        {0xFF1A, 0xFF20}, {0xFF3B, 0xFF40}, {0xFF5B, 0xFF64}};
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++)
        if (c >= ranges[i][0] && c <= ranges[i][1]) return true;
    return false;
}

void metric_normalise_chinese(text_span words, text_made *made) {
    text_made small = {0};
    text_made_add_lower(&small, words);
    made->failed = made->failed || small.failed;
    for (text_span rest = text_made_span(&small); rest.n > 0;) {
        int32_t c = text_next(&rest);
        if (!character_is_punctuation(c) && !is_chinese_punctuation(c)) text_made_add_character(made, c);
    }
    text_made_free(&small);
}
