#include "needle_prompts.h"

#include "exit_code.h"
#include "message.h"
#include "word_list.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What one prompt is made of. */
typedef struct recipe {
    const option_values *options;
    const sxt_model *model;
    const needle_prompts *prompts;
    const needle_texts *texts;
    const vocabulary *words; /* of common-words; NULL: none */
    int64_t length, trial;
    double depth;           /* 0 to 1 */
    int64_t room;           /* tokens of the prompt: the length less those of the answer, as in RULER */
    int64_t n_introduction; /* tokens before the haystack */
} recipe;

int needle_prompts_task(const option_values *options, needle_task *task) {
    *task = *needle_task_find(options->task);
    if (task->chain && options->haystacks.n > 0)
        task->needle = "VAR {key} = {value}."; /* as RULER's in essays */
    const bool own_needle = options->needle_text != NULL, own_question = options->question != NULL;
    if (!own_needle && !own_question) return EXIT_CODE_OK;
    if (task->layout != NEEDLE_ALONE)
        return message_error(EXIT_CODE_USAGE,
                             "--needle-text and --question go with --task single and passkey only");
    if (own_needle != own_question)
        return message_error(EXIT_CODE_USAGE, "--%s needs --%s, which goes with it",
                             own_needle ? "needle-text" : "question", own_needle ? "question" : "needle-text");
    if (strstr(options->needle_text, "{value}") == NULL)
        return message_error(EXIT_CODE_USAGE,
                             "--needle-text '%s' has no {value}; write it where the number to be found goes",
                             options->needle_text);
    if (strstr(options->question, "{value}") != NULL)
        return message_error(EXIT_CODE_USAGE, "--question tells the answer; leave {value} out of it");
    task->introduction = "";
    task->needle = options->needle_text;
    task->question = options->question;
    task->answer_start = "";
    return EXIT_CODE_OK;
}

/* ---- The text -------------------------------------------------------------------------------------------- */

/* Where the text has no blank before the needle, the gap stands there too. */
static void add_needle(const char *needle, const char *gap, text_buffer *text) {
    const bool has_blank = text->n_bytes == 0 || strchr(" \n\t\r", text->bytes[text->n_bytes - 1]) != NULL;
    text_buffer_print(text, "%s%s%s", has_blank ? "" : gap, needle, gap);
}

/* The haystack up to byte `end` with the needles in it. A gap at the very end is left out. */
static void add_context(const recipe *r, size_t end, text_buffer *text) {
    const haystack *h = &r->prompts->haystack;
    const char *gap = haystack_gap(h);
    const size_t n_gap = strlen(gap);
    size_t at = 0, begin = text->n_bytes;
    bool done[NEEDLE_MOST] = {false};
    for (int k = 0; k < r->texts->n_needles; k++) {
        int next = -1;
        size_t next_at = 0;
        for (int i = 0; i < r->texts->n_needles; i++) {
            if (done[i]) continue;
            double share = needle_texts_depth(&r->prompts->task, r->texts, i, r->depth);
            size_t cut = haystack_cut(h, (int64_t)(share * (double)r->length + 1e-6) - r->n_introduction);
            if (cut > end || share >= 1) cut = end;
            if (next >= 0 && cut >= next_at) continue;
            next = i;
            next_at = cut;
        }
        done[next] = true;
        text_buffer_add(text, h->text.bytes + at, next_at - at);
        add_needle(r->texts->needles[next], gap, text);
        at = next_at;
    }
    text_buffer_add(text, h->text.bytes + at, end - at);
    if (n_gap > 0 && text->n_bytes - begin >= n_gap &&
        memcmp(text->bytes + text->n_bytes - n_gap, gap, n_gap) == 0)
        text->bytes[text->n_bytes -= n_gap] = '\0';
}

/* The prompt keeps tokens in memory of its own: a chat's come in two parts. */
static void keep(token_list *tokens, const int32_t *ids, int64_t n) {
    if (n == 0) return;
    tokens->ids = must_reallocate(tokens->ids, (size_t)(tokens->n + n) * sizeof *ids);
    memcpy(tokens->ids + tokens->n, ids, (size_t)n * sizeof *ids);
    tokens->n += n;
}

static int plain_tokens(const recipe *r, text_buffer *text, token_list *tokens) {
    token_list read = {0};
    text_buffer_add(text, r->texts->answer_start, strlen(r->texts->answer_start));
    int code = prompt_tokens(r->model, text->bytes, text->n_bytes, r->options->no_bos, false, &read);
    if (code == EXIT_CODE_OK) keep(tokens, read.ids, read.n);
    sxt_free(read.ids);
    return code;
}

/* A user's message, and the first words of the answer to it. */
static int chat_tokens(const recipe *r, const text_buffer *text, token_list *tokens) {
    const char *start = r->texts->answer_start;
    sxt_message message = {"user", text->bytes, text->n_bytes};
    sxt_error error;
    int32_t *ids = NULL, *begun = NULL;
    int64_t n = 0, n_begun = 0;
    while (*start == ' ') start++; /* a turn does not begin with a blank */
    sxt_status status =
        sxt_chat_tokens(r->model, r->options->chat_template, &message, 1, true, &ids, &n, &error);
    if (status == SXT_OK && *start != '\0')
        status = sxt_tokenize(r->model, start, strlen(start), 0, &begun, &n_begun, &error);
    if (status == SXT_OK) {
        keep(tokens, ids, n);
        keep(tokens, begun, n_begun);
    }
    sxt_free(ids);
    sxt_free(begun);
    return status == SXT_OK ? EXIT_CODE_OK : message_library_error(&error);
}

static int tokens_of(const recipe *r, text_buffer *text, token_list *tokens) {
    tokens->n = 0;
    return r->options->chat ? chat_tokens(r, text, tokens) : plain_tokens(r, text, tokens);
}

static int build(const recipe *r, int64_t n_haystack, token_list *tokens) {
    text_buffer text = {0};
    text_buffer_add(&text, r->texts->introduction, strlen(r->texts->introduction));
    add_context(r, haystack_cut(&r->prompts->haystack, n_haystack), &text);
    text_buffer_add(&text, r->texts->question, strlen(r->texts->question));
    int code = tokens_of(r, &text, tokens);
    text_buffer_free(&text);
    return code;
}

/* Not an exit code: the prompt is left out. */
enum { LEFT_OUT = -1 };

static int too_short(const recipe *r, int64_t n) {
    if (r->prompts->skips_short) return LEFT_OUT;
    return message_error(EXIT_CODE_USAGE,
                         "--lengths %lld is too short: the needle and the question alone have %lld tokens, and "
                         "an answer may have "
                         "%lld; give longer --lengths",
                         (long long)r->length, (long long)n, (long long)(r->length - r->room));
}

/* The longest prompt that there is room for: the haystack's share is corrected by what a prompt had too
 * much or too little, a few times; while none has fitted it only shrinks. */
static int fit(const recipe *r, token_list *tokens) {
    int code = build(r, 0, tokens);
    if (code == EXIT_CODE_OK && tokens->n > r->room) return too_short(r, tokens->n);
    int64_t n_haystack = r->room - tokens->n, n_best = -1;
    for (int step = 0; code == EXIT_CODE_OK && n_haystack > 0 && (step < 4 || n_best < 0); step++) {
        code = build(r, n_haystack, tokens);
        if (tokens->n == r->room) return code;
        if (tokens->n < r->room && n_haystack > n_best) n_best = n_haystack;
        n_haystack += r->room - tokens->n;
    }
    return code == EXIT_CODE_OK ? build(r, n_best, tokens) : code;
}

/* ---- Common words ---------------------------------------------------------------------------------------- */

/* RULER's counts: of the worked example, which comes first, and of the list itself. */
typedef struct counts {
    int64_t n_words;
    int common, other;
} counts;

static int build_list(const recipe *r, int64_t n_words, const char *common[N_COMMON], token_list *tokens) {
    const bool is_short = r->length < 4096;
    const counts example = is_short ? (counts){20, 3, 1} : (counts){40, 10, 3};
    const counts itself = is_short ? (counts){n_words, 6, 1} : (counts){n_words, 30, 3};
    uint64_t random = r->options->seed, seed = needle_random(&random) ^ (uint64_t)r->trial;
    text_buffer text = {0};
    for (int part = r->prompts->task.worked_example ? 0 : 1; part < 2; part++) {
        const counts *c = part == 0 ? &example : &itself;
        text_buffer_print(&text, "%s%s", part > 0 ? "\n" : "", r->texts->introduction);
        word_list_add(r->words, seed + (uint64_t)part, c->n_words, c->common, c->other, &text, common);
        text_buffer_print(&text, "%s", r->texts->question);
        if (part > 0) break;
        text_buffer_print(&text, "%s", r->texts->answer_start);
        for (int i = 0; i < N_COMMON; i++) text_buffer_print(&text, " %d. %s", i + 1, common[i]);
    }
    int code = tokens_of(r, &text, tokens);
    text_buffer_free(&text);
    return code;
}

/* The most words that fit, by halving. */
static int fit_list(const recipe *r, needle_prompt *prompt) {
    const char *common[N_COMMON];
    int64_t fits = N_COMMON, too_many = r->words->n + 1;
    int code = build_list(r, fits, common, &prompt->tokens);
    if (code == EXIT_CODE_OK && prompt->tokens.n > r->room) return too_short(r, prompt->tokens.n);
    while (code == EXIT_CODE_OK && too_many - fits > 1) {
        int64_t middle = fits + (too_many - fits) / 2;
        code = build_list(r, middle, common, &prompt->tokens);
        if (prompt->tokens.n <= r->room)
            fits = middle;
        else
            too_many = middle;
    }
    if (code == EXIT_CODE_OK && fits == r->words->n)
        return message_error(
            EXIT_CODE_USAGE,
            "--haystack has %lld different words, too few for a list of %lld tokens; give more text",
            (long long)r->words->n, (long long)r->length);
    if (code == EXIT_CODE_OK) code = build_list(r, fits, common, &prompt->tokens);
    for (int i = 0; i < N_COMMON && code == EXIT_CODE_OK; i++) {
        size_t size = strlen(common[i]) + 1;
        prompt->values[prompt->n_values++] = memcpy(must_allocate(size), common[i], size);
    }
    return code;
}

/* ---- All of them ----------------------------------------------------------------------------------------- */

static void free_prompt(needle_prompt *prompt) {
    for (int k = 0; k < prompt->n_values; k++) free(prompt->values[k]);
    free(prompt->tokens.ids);
}

static int add_prompt(const recipe *r, needle_prompts *prompts) {
    prompts->list = must_reallocate(prompts->list, (size_t)(prompts->n + 1) * sizeof *prompts->list);
    needle_prompt *prompt = &prompts->list[prompts->n++];
    *prompt = (needle_prompt){.length = r->length, .depth = 100 * r->depth, .trial = r->trial};
    for (int i = 0; i < r->texts->n_values && r->words == NULL; i++) {
        size_t size = strlen(r->texts->values[i]) + 1;
        prompt->values[prompt->n_values++] = memcpy(must_allocate(size), r->texts->values[i], size);
    }
    int code = r->words != NULL ? fit_list(r, prompt) : fit(r, &prompt->tokens);
    if (code != LEFT_OUT) return code;
    free_prompt(prompt);
    prompts->n--;
    return EXIT_CODE_OK;
}

static int add_trial(recipe *r, int64_t longest, needle_prompts *prompts) {
    const option_values *options = r->options;
    const int64_t n_depths = r->words != NULL ? 1 : options->depths.n;
    int32_t *ids = NULL;
    sxt_error error;
    int code = EXIT_CODE_OK;
    if (sxt_tokenize(r->model, r->texts->introduction, strlen(r->texts->introduction), 0, &ids,
                     &r->n_introduction, &error) != SXT_OK)
        return message_library_error(&error);
    sxt_free(ids);
    for (int64_t l = 0; l < options->lengths.n && code == EXIT_CODE_OK; l++)
        for (int64_t d = 0; d < n_depths && code == EXIT_CODE_OK; d++) {
            r->length = options->lengths.values[l];
            r->room = r->length - prompts->task.n_answer;
            r->depth = r->words != NULL ? 0 : options->depths.values[d] / 100;
            if (r->length <= longest) code = add_prompt(r, prompts);
        }
    return code;
}

static int open_words(const option_values *options, const haystack *h, vocabulary *words) {
    if (options->haystacks.n == 0)
        return message_error(EXIT_CODE_USAGE,
                             "--task common-words needs --haystack FILE: a text to take words from");
    vocabulary_of(h->text.bytes, h->n_once, words);
    if (words->n >= 40) return EXIT_CODE_OK;
    return message_error(EXIT_CODE_USAGE,
                         "--haystack has %lld different words, common-words needs 40; give more text",
                         (long long)words->n);
}

int needle_prompts_make(const option_values *options, const sxt_model *model, int64_t longest,
                        needle_prompts *prompts) {
    vocabulary words = {0};
    const bool is_list = prompts->task.layout == NEEDLE_WORD_LIST;
    int code = haystack_open(options, model, prompts->task.any_word, is_list ? 1 : longest, &prompts->haystack);
    if (code == EXIT_CODE_OK && is_list) code = open_words(options, &prompts->haystack, &words);
    for (int64_t trial = 0; trial < options->trials && code == EXIT_CODE_OK; trial++) {
        needle_texts texts;
        if (!needle_texts_make(&prompts->task, options->seed, trial, &texts))
            return message_error(EXIT_CODE_FAILURE, "not enough memory for the prompts");
        recipe r = {.options = options, .model = model, .prompts = prompts, .texts = &texts, .trial = trial};
        if (is_list) r.words = &words;
        code = add_trial(&r, longest, prompts);
        needle_texts_free(&texts);
    }
    vocabulary_free(&words);
    return code;
}

void needle_prompts_free(needle_prompts *prompts) {
    for (int64_t i = 0; i < prompts->n; i++) free_prompt(&prompts->list[i]);
    free(prompts->list);
    haystack_close(&prompts->haystack);
    *prompts = (needle_prompts){0};
}
