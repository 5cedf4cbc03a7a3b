#include "eval/needle_task.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MANY_INTRODUCTION                                                                                      \
    "Some special magic numbers are hidden within the following text. Make sure to memorize it. I will quiz "  \
    "you about the numbers afterwards.\n"
#define ONE_INTRODUCTION                                                                                       \
    "A special magic number is hidden within the following text. Make sure to memorize it. I will quiz you "   \
    "about the number afterwards.\n"
#define NUMBER_NEEDLE "One of the special magic numbers for {key} is: {value}."
#define ONE_QUESTION "\nWhat is the special magic number for {key} mentioned in the provided text?"
#define ONE_ANSWER " The special magic number for {key} mentioned in the provided text is"

static const needle_task TASKS[] = {
    {"single", NEEDLE_ALONE, ONE_INTRODUCTION, NUMBER_NEEDLE, ONE_QUESTION, ONE_ANSWER, 1, 1, 7, 128, false,
     false, false},
    {"multi-key", NEEDLE_AMONG, ONE_INTRODUCTION, NUMBER_NEEDLE, ONE_QUESTION, ONE_ANSWER, 4, 1, 7, 128, false,
     false, false},
    {"multi-value", NEEDLE_SPREAD, MANY_INTRODUCTION, NUMBER_NEEDLE,
     "\nWhat are all the special magic numbers for {key} mentioned in the provided text?",
     " The special magic numbers for {key} mentioned in the provided text are", 4, 4, 7, 128, false, false,
     false},
    {"variable-tracking", NEEDLE_SPREAD,
     "Memorize and track the chain(s) of variable assignment hidden in the following text.\n\n",
     "VAR {key} = {value}",
     "\nQuestion: Find all variables that are assigned the value {value} in the text above.",
     " Answer: According to the chain(s) of variable assignment in the text above, 5 variables are assigned "
     "the "
     "value {value}, they are: ",
     5, 5, 5, 30, true, false, true},
    {"common-words", NEEDLE_WORD_LIST,
     "Below is a numbered list of words. In these words, some appear more often than others. Memorize the ones "
     "that appear most often.\n",
     "", "\nQuestion: What are the 10 most common words in the above list?",
     " Answer: The top 10 words that appear most often in the list are:", 0, 10, 0, 120, false, false, true},
    {"passkey", NEEDLE_ALONE,
     "There is an important info hidden inside a lot of irrelevant text. Find it and memorize it. I will quiz "
     "you about the important information there.\n",
     "\nThe pass key is {value}. Remember it. {value} is the pass key.\n", "\nWhat is the pass key?",
     " The pass key is", 1, 1, 5, 16, false, true, false},
};

/* Keys are an adjective and a noun, as in RULER. */
static const char *const adjectives[] = {
    "brave",  "calm",   "clever", "cold",    "curious", "dark",   "eager",  "early",  "fair",   "famous",
    "fancy",  "gentle", "golden", "happy",   "hollow",  "humble", "jolly",  "kind",   "late",   "lively",
    "lonely", "loud",   "merry",  "mighty",  "modern",  "narrow", "noble",  "odd",    "old",    "plain",
    "polite", "proud",  "quick",  "quiet",   "rapid",   "rough",  "silent", "silver", "simple", "slow",
    "small",  "smooth", "steady", "strange", "tall",    "tender", "warm",   "wild"};
static const char *const nouns[] = {
    "anchor",  "basket",  "bell",    "bridge",  "candle", "carpet", "castle", "cloud",    "compass", "cottage",
    "desert",  "drum",    "engine",  "feather", "forest", "garden", "hammer", "harbor",   "island",  "kettle",
    "ladder",  "lantern", "letter",  "library", "market", "meadow", "mirror", "mountain", "needle",  "orchard",
    "palace",  "pebble",  "pillow",  "planet",  "pocket", "ribbon", "river",  "saddle",   "school",  "shadow",
    "shelter", "spoon",   "station", "ticket",  "tower",  "valley", "violin", "window"};

enum {
    N_ADJECTIVES = sizeof adjectives / sizeof *adjectives,
    N_NOUNS = sizeof nouns / sizeof *nouns,
    MOST_WORD = 32
};

const needle_task *needle_task_find(const char *name) {
    for (size_t i = 0; i < sizeof TASKS / sizeof *TASKS; i++)
        if (strcmp(TASKS[i].name, name) == 0) return &TASKS[i];
    return NULL;
}

uint64_t needle_random(uint64_t *state) {
    uint64_t z = *state += UINT64_C(0x9E3779B97F4A7C15);
    z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
    return z ^ z >> 31;
}

/* ---- Words that are drawn -------------------------------------------------------------------------------- */

/* Each differs from those before it. */
typedef struct drawn {
    char words[NEEDLE_MOST][MOST_WORD];
    int n;
} drawn;

static bool is_new(const drawn *d, const char *word) {
    for (int i = 0; i < d->n; i++)
        if (strcmp(d->words[i], word) == 0) return false;
    return true;
}

static void draw_key(uint64_t *random, drawn *keys) {
    char word[MOST_WORD];
    do {
        uint64_t z = needle_random(random);
        snprintf(word, sizeof word, "%s-%s", adjectives[z % N_ADJECTIVES], nouns[z / N_ADJECTIVES % N_NOUNS]);
    } while (!is_new(keys, word));
    memcpy(keys->words[keys->n++], word, sizeof word);
}

/* The name of a variable, in capitals. */
static void draw_name(uint64_t *random, int n_letters, drawn *names) {
    char word[MOST_WORD] = "";
    do {
        uint64_t z = needle_random(random);
        for (int i = 0; i < n_letters; i++, z /= 26) word[i] = (char)('A' + z % 26);
    } while (!is_new(names, word));
    memcpy(names->words[names->n++], word, sizeof word);
}

static void draw_number(uint64_t *random, int n_digits, drawn *numbers) {
    char word[MOST_WORD];
    uint64_t first = 1;
    for (int i = 1; i < n_digits; i++) first *= 10;
    do snprintf(word, sizeof word, "%llu", (unsigned long long)first + needle_random(random) % (9 * first));
    while (!is_new(numbers, word));
    memcpy(numbers->words[numbers->n++], word, sizeof word);
}

/* ---- Texts ----------------------------------------------------------------------------------------------- */

static size_t fill(const char *text, const char *key, const char *value, char *out) {
    size_t n = 0;
    while (*text != '\0') {
        const char *word = strncmp(text, "{key}", 5) == 0     ? key
                           : strncmp(text, "{value}", 7) == 0 ? value
                                                              : NULL;
        size_t size = word != NULL ? strlen(word) : 1;
        if (out != NULL) memcpy(out + n, word != NULL ? word : text, size);
        n += size;
        text += word == NULL ? 1 : word == key ? 5 : 7;
    }
    if (out != NULL) out[n] = '\0';
    return n;
}

/* The text with its words filled in; NULL without memory. */
static char *filled(const char *text, const char *key, const char *value) {
    char *out = malloc(fill(text, key, value, NULL) + 1);
    if (out != NULL) fill(text, key, value, out);
    return out;
}

/* The trial whose texts are shown with their answer: RULER's names are shorter there. */
enum { WORKED_EXAMPLE = -1 };

/* Several values of one key, one value of several keys, or the names of a chain of one value. */
static void draw(const needle_task *task, uint64_t *random, int n_letters, drawn *keys, drawn *values) {
    for (int i = 0; i < task->n_needles; i++) {
        bool same_key = i > 0 && task->layout == NEEDLE_SPREAD && !task->chain;
        if (task->chain)
            draw_name(random, n_letters, keys);
        else if (!same_key)
            draw_key(random, keys);
        if (i == 0 || !task->chain) draw_number(random, task->n_digits, values);
    }
}

static char *needle_at(const needle_task *task, const drawn *keys, const drawn *values, int i) {
    if (!task->chain) return filled(task->needle, keys->words[i < keys->n ? i : 0], values->words[i]);
    char before[MOST_WORD + 8];
    snprintf(before, sizeof before, "VAR %s", i > 0 ? keys->words[i - 1] : "");
    return filled(task->needle, keys->words[i], i > 0 ? before : values->words[0]);
}

static bool add(char **text, const char *more) {
    size_t n = *text != NULL ? strlen(*text) : 0, size = strlen(more) + 1;
    char *longer = realloc(*text, n + size);
    if (longer == NULL) return false;
    memcpy(longer + n, more, size);
    *text = longer;
    return true;
}

/* RULER shows a chain and its answer before the one that counts. Its noise is the same whatever the haystack.
 */
static bool put_example_before(const needle_task *task, uint64_t seed, needle_texts *texts) {
    static const char noise[] =
        "The grass is green. The sky is blue. The sun is yellow. Here we go. There and back again.\n";
    needle_task without = *task;
    needle_texts example;
    char *text = NULL;
    without.worked_example = false;
    if (!needle_texts_make(&without, seed, WORKED_EXAMPLE, &example)) return false;
    bool good = add(&text, example.introduction);
    for (int i = 0; i < example.n_needles && good; i++)
        good = add(&text, noise) && add(&text, example.needles[i]) && add(&text, "\n") && add(&text, noise);
    if (good) text[strlen(text) - 1] = '\0'; /* the question begins with a newline of its own */
    good = good && add(&text, example.question) && add(&text, example.answer_start);
    for (int i = 0; i < example.n_values && good; i++)
        good = (i == 0 || add(&text, " ")) && add(&text, example.values[i]);
    good = good && add(&text, "\n\n") && add(&text, texts->introduction);
    needle_texts_free(&example);
    if (good) {
        free(texts->introduction);
        texts->introduction = text;
    } else {
        free(text);
    }
    return good;
}

bool needle_texts_make(const needle_task *task, uint64_t seed, int64_t trial, needle_texts *texts) {
    uint64_t random = seed, mixed = needle_random(&random) ^ (uint64_t)trial;
    drawn keys = {.n = 0}, values = {.n = 0};
    draw(task, &mixed, trial == WORKED_EXAMPLE ? 3 : 5, &keys, &values);
    *texts = (needle_texts){.n_needles = task->n_needles};
    const char *key = keys.words[0], *value = values.words[0];
    bool good = (texts->introduction = filled(task->introduction, key, value)) != NULL;
    good = (texts->question = filled(task->question, key, value)) != NULL && good;
    good = (texts->answer_start = filled(task->answer_start, key, value)) != NULL && good;
    for (int i = 0; i < task->n_needles; i++) {
        good = (texts->needles[i] = needle_at(task, &keys, &values, i)) != NULL && good;
        texts->spots[i] = (double)(needle_random(&mixed) >> 11) / 9007199254740992.0;
    }
    int n_values = task->layout == NEEDLE_WORD_LIST ? 0 : task->n_values;
    for (int i = 0; i < n_values; i++)
        good = (texts->values[texts->n_values++] =
                    filled(task->chain ? keys.words[i] : values.words[i], "", "")) != NULL &&
               good;
    if (good && task->worked_example && task->chain) good = put_example_before(task, seed, texts);
    if (!good) needle_texts_free(texts);
    return good;
}

void needle_texts_free(needle_texts *texts) {
    free(texts->introduction);
    free(texts->question);
    free(texts->answer_start);
    for (int i = 0; i < texts->n_needles; i++) free(texts->needles[i]);
    for (int i = 0; i < texts->n_values; i++) free(texts->values[i]);
    *texts = (needle_texts){0};
}

double needle_texts_depth(const needle_task *task, const needle_texts *texts, int i, double depth) {
    if (task->layout == NEEDLE_SPREAD) return depth + (1 - depth) * i / texts->n_needles;
    return i == 0 ? depth : texts->spots[i];
}
