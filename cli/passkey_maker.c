/* Pass-key prompts of a wanted length: a key hidden at a depth in as much filler as fits. */
#include "passkey_prompts.h"

#include "exit_code.h"
#include "message.h"

#include <stdio.h>
#include <string.h>

static const char introduction[] = "There is an important info hidden inside a lot of irrelevant text. Find it "
                                   "and memorize it. I will quiz you "
                                   "about the important information there.\n";
static const char key_sentence[] = "\nThe pass key is %s. Remember it. %s is the pass key.\n";
static const char question[] = "\nWhat is the pass key? The pass key is";
static const char grass[] =
    "The grass is green. The sky is blue. The sun is yellow. Here we go. There and back again.\n";

/* splitmix64: the same seed makes the same prompts everywhere. */
static uint64_t next_random(uint64_t *state) {
    uint64_t z = *state += UINT64_C(0x9E3779B97F4A7C15);
    z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
    return z ^ z >> 31;
}

/* Digits of a key, when nobody asks for more. */
enum { FEWEST_DIGITS = 5, MOST_DIGITS = 36 };

/* What one prompt is made of. */
typedef struct recipe {
    const text_buffer *filler;
    size_t start; /* where in the filler it begins; the filler goes round */
    double depth;
    char key[MOST_DIGITS + 1];
    bool no_bos;
} recipe;

static void add_filler(const recipe *r, size_t first, size_t n_bytes, text_buffer *prompt) {
    while (n_bytes > 0) {
        size_t at = (r->start + first) % r->filler->n_bytes, n = r->filler->n_bytes - at;
        if (n > n_bytes) n = n_bytes;
        text_buffer_add(prompt, r->filler->bytes + at, n);
        first += n;
        n_bytes -= n;
    }
}

/* Moves a cut back to the blank before it, so that no word or character is cut in two. */
static size_t word_boundary(const recipe *r, size_t n_bytes) {
    size_t cut = n_bytes;
    while (cut > 0) {
        char byte = r->filler->bytes[(r->start + cut) % r->filler->n_bytes];
        if (byte == ' ' || byte == '\n') return cut;
        cut--;
    }
    return 0;
}

static void build(const recipe *r, size_t n_filler, text_buffer *prompt) {
    size_t end = word_boundary(r, n_filler), before = word_boundary(r, (size_t)(r->depth * (double)end));
    text_buffer_add(prompt, introduction, sizeof introduction - 1);
    add_filler(r, 0, before, prompt);
    text_buffer_print(prompt, key_sentence, r->key, r->key);
    add_filler(r, before, end - before, prompt);
    text_buffer_add(prompt, question, sizeof question - 1);
}

static int count(const sxt_model *model, const recipe *r, size_t n_filler, token_list *tokens) {
    text_buffer prompt = {0};
    sxt_free(tokens->ids);
    *tokens = (token_list){0};
    build(r, n_filler, &prompt);
    int code = prompt_tokens(model, prompt.bytes, prompt.n_bytes, r->no_bos, false, tokens);
    text_buffer_free(&prompt);
    return code;
}

/* The longest prompt of at most `length` tokens, by halving the filler's size. */
static int fit(const sxt_model *model, const recipe *r, int64_t length, token_list *tokens) {
    size_t fits = 0, too_long = 1;
    int code = count(model, r, 0, tokens);
    if (code == EXIT_CODE_OK && tokens->n > length)
        return message_error(EXIT_CODE_USAGE,
                             "--lengths %lld is too short: the prompt without filler has %lld tokens",
                             (long long)length, (long long)tokens->n);
    while (code == EXIT_CODE_OK && tokens->n <= length && too_long < (size_t)length * 64) {
        fits = too_long - 1;
        too_long *= 2;
        code = count(model, r, too_long, tokens);
    }
    while (code == EXIT_CODE_OK && too_long - fits > 1) {
        size_t middle = fits + (too_long - fits) / 2;
        code = count(model, r, middle, tokens);
        if (tokens->n <= length)
            fits = middle;
        else
            too_long = middle;
    }
    return code == EXIT_CODE_OK ? count(model, r, fits, tokens) : code;
}

/* Where a prompt's filler begins: at a word, somewhere in the text. */
static size_t start_at_a_word(const text_buffer *filler, uint64_t random) {
    if (filler->n_bytes == 0) return 0;
    recipe r = {.filler = filler, .start = (size_t)(random % filler->n_bytes)};
    return (r.start + word_boundary(&r, filler->n_bytes)) % filler->n_bytes;
}

/* Five digits, the first of them not 0, then as many more as are asked for. */
static void make_key(int64_t n_digits, uint64_t *random, char key[MOST_DIGITS + 1]) {
    int n = snprintf(key, FEWEST_DIGITS + 1, "%05d", 10000 + (int)(next_random(random) % 90000));
    for (; n < n_digits; n++) key[n] = (char)('0' + next_random(random) % 10);
    key[n] = '\0';
}

static int make_item(const option_values *options, const sxt_model *model, const text_buffer *filler,
                     int64_t length, double depth, int64_t longest, uint64_t *random, passkey_items *items) {
    recipe r = {.filler = filler, .depth = depth, .no_bos = options->no_bos};
    make_key(options->digits, random, r.key);
    if (options->filler != NULL) r.start = start_at_a_word(filler, next_random(random));
    if (length > longest) return EXIT_CODE_OK;
    passkey_item *item = passkey_items_add(items);
    item->length = length;
    item->depth = depth;
    item->target = must_allocate(sizeof r.key);
    memcpy(item->target, r.key, sizeof r.key);
    return fit(model, &r, length, &item->tokens);
}

int passkey_items_make(const option_values *options, const sxt_model *model, int64_t longest,
                       passkey_items *items) {
    text_buffer filler = {0};
    uint64_t random = options->seed;
    int code = EXIT_CODE_OK;
    if (options->filler != NULL)
        code = prompt_read_file("--filler", options->filler, &filler);
    else
        text_buffer_add(&filler, grass, sizeof grass - 1);
    if (code == EXIT_CODE_OK && filler.n_bytes == 0)
        code = message_error(EXIT_CODE_USAGE, "--filler %s is empty; give a file with text in it",
                             options->filler);
    for (int64_t l = 0; l < options->lengths.n; l++)
        for (int64_t d = 0; d < options->depths.n; d++)
            for (int64_t k = 0; k < options->trials && code == EXIT_CODE_OK; k++)
                code = make_item(options, model, &filler, options->lengths.values[l], options->depths.values[d],
                                 longest, &random, items);
    text_buffer_free(&filler);
    return code;
}
