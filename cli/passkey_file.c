/* Pass-key prompts from a file: one JSON object a line. */
#include "passkey_prompts.h"

#include "exit_code.h"
#include "json_document.h"
#include "message.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char usual_question[] = "What is the pass key? The pass key is ";

passkey_item *passkey_items_add(passkey_items *items) {
    items->list = must_reallocate(items->list, (size_t)(items->n + 1) * sizeof *items->list);
    passkey_item *item = &items->list[items->n++];
    *item = (passkey_item){.depth = -1};
    return item;
}

void passkey_items_free(passkey_items *items) {
    for (int64_t i = 0; i < items->n; i++) {
        free(items->list[i].target);
        free(items->list[i].style);
        sxt_free(items->list[i].tokens.ids);
    }
    free(items->list);
    *items = (passkey_items){0};
}

static char *copy(const char *text) {
    size_t size = strlen(text) + 1;
    return memcpy(must_allocate(size), text, size);
}

/* The place of the line being read, for its errors. */
typedef struct place {
    const char *option, *path;
    int64_t line;
} place;

static int bad_line(const place *at, const char *problem) {
    return message_error(EXIT_CODE_FAILURE, "%s %s line %lld: %s", at->option, at->path, (long long)at->line,
                         problem);
}

/* `input` followed by `question`. */
static int read_prompt_text(const json_document *object, const place *at, text_buffer *prompt) {
    size_t n_input = 0, n_question = sizeof usual_question - 1;
    const char *input = document_get_text(object, "input", &n_input), *question = usual_question;
    if (input == NULL) return bad_line(at, "`input` is missing or not a string; give the document there");
    if (document_has(object, "question")) question = document_get_text(object, "question", &n_question);
    if (question == NULL)
        return bad_line(at, "`question` is not a string; leave it out for the usual question");
    text_buffer_add(prompt, input, n_input);
    text_buffer_add(prompt, question, n_question);
    return EXIT_CODE_OK;
}

static int read_labels(const json_document *object, const place *at, passkey_item *item) {
    size_t n_target = 0, n_style = 0;
    int64_t number;
    char digits[32];
    const char *target = document_get_text(object, "target", &n_target);
    if (target == NULL && document_get_integer(object, "target", &number)) {
        n_target = (size_t)snprintf(digits, sizeof digits, "%lld", (long long)number);
        target = digits;
    }
    if (target == NULL || n_target == 0)
        return bad_line(at, "`target` is missing or empty; give the key there");
    item->target = copy(target);
    if (document_has(object, "length") &&
        (!document_get_integer(object, "length", &item->length) || item->length < 1))
        return bad_line(
            at, "`length` is not a whole number of at least 1; give the prompt's tokens, or leave it out");
    if (document_has(object, "depth") &&
        (!document_get_real(object, "depth", &item->depth) || item->depth < 0 || item->depth > 1))
        return bad_line(at, "`depth` is not a number from 0 to 1; give the key's place, or leave it out");
    if (!document_has(object, "style")) return EXIT_CODE_OK;
    const char *style = document_get_text(object, "style", &n_style);
    if (style == NULL) return bad_line(at, "`style` is not a string; give its name, or leave it out");
    item->style = copy(style);
    return EXIT_CODE_OK;
}

static int64_t n_of_length(const passkey_items *items, int64_t length) {
    int64_t n = 0;
    for (int64_t i = 0; i < items->n; i++) n += items->list[i].length == length;
    return n;
}

static int read_item(const option_values *options, const sxt_model *model, const json_document *object,
                     const place *at, passkey_items *items) {
    text_buffer prompt = {0};
    passkey_item *item = passkey_items_add(items);
    int code = read_labels(object, at, item);
    if (code == EXIT_CODE_OK) code = read_prompt_text(object, at, &prompt);
    if (code == EXIT_CODE_OK)
        code = prompt_tokens(model, prompt.bytes, prompt.n_bytes, options->no_bos, false, &item->tokens);
    text_buffer_free(&prompt);
    if (code != EXIT_CODE_OK) return code;
    if (item->length == 0) item->length = item->tokens.n;
    if (options->per_length > 0 && n_of_length(items, item->length) > options->per_length) {
        passkey_items last = {must_allocate(sizeof *item), 1};
        last.list[0] = *item;
        items->n--;
        passkey_items_free(&last);
    }
    return EXIT_CODE_OK;
}

static int read_line(const option_values *options, const sxt_model *model, const char *bytes, size_t n_bytes,
                     const place *at, passkey_items *items) {
    char problem[256];
    json_document *object = document_parse(bytes, n_bytes, problem, sizeof problem);
    if (object == NULL)
        return message_error(EXIT_CODE_FAILURE, "%s %s line %lld: not JSON: %s; give one JSON object a line",
                             at->option, at->path, (long long)at->line, problem);
    int code = document_is_object(object) ? read_item(options, model, object, at, items)
                                          : bad_line(at, "not an object; give one with `input` and `target`");
    document_free(object);
    return code;
}

int passkey_items_read(const char *option, const char *path, const option_values *options,
                       const sxt_model *model, passkey_items *items) {
    text_buffer text = {0};
    place at = {option, path, 0};
    int code = prompt_read_file(option, path, &text);
    const char *line = text.bytes, *end = text.bytes + text.n_bytes;
    while (code == EXIT_CODE_OK && line < end) {
        const char *stop = memchr(line, '\n', (size_t)(end - line));
        if (stop == NULL) stop = end;
        size_t n_bytes = (size_t)(stop - line), n_blank = 0;
        at.line++;
        while (n_blank < n_bytes && strchr(" \t\r", line[n_blank]) != NULL && line[n_blank] != '\0') n_blank++;
        if (n_blank < n_bytes) code = read_line(options, model, line, n_bytes, &at, items);
        line = stop + 1;
    }
    text_buffer_free(&text);
    if (code == EXIT_CODE_OK && items->n == 0)
        code = message_error(EXIT_CODE_FAILURE, "%s %s holds no prompts; give one JSON object a line", option,
                             path);
    return code;
}
