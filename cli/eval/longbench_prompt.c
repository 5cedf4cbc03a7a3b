#include "eval/longbench_prompt.h"

#include "eval/longbench_words.h"
#include "exit_code.h"
#include "message.h"

#include <string.h>

static void add(text_buffer *text, text_span more) { text_buffer_add(text, more.bytes, more.n); }

/* The parts of a template, as Python's str.format() reads it: {name}, and {{ and }} for braces. */
typedef enum part { PART_END, PART_TEXT, PART_FIELD, PART_FAULT } part;

static part next_part(const char **at, text_span *what) {
    const char *begin = *at;
    size_t n = strcspn(begin, "{}");
    *what = (text_span){begin, n};
    *at = begin + n;
    if (n > 0) return PART_TEXT;
    if (*begin == '\0') return PART_END;
    if (begin[0] == begin[1]) { /* a doubled brace */
        *what = (text_span){begin, 1};
        *at = begin + 2;
        return PART_TEXT;
    }
    n = strcspn(begin, "}");
    if (*begin == '}' || begin[n] == '\0') return PART_FAULT;
    *what = (text_span){begin + 1, n - 1};
    *at = begin + n + 1;
    return PART_FIELD;
}

int longbench_prompt_check(const task_file *file) {
    const char *at = file->prompt;
    text_span what;
    part found = file->prompt == NULL ? PART_END : PART_TEXT;
    while (found != PART_END) {
        found = next_part(&at, &what);
        bool is_known = text_equal(what, text_span_of("context")) || text_equal(what, text_span_of("input"));
        if (found == PART_FAULT || (found == PART_FIELD && !is_known))
            return message_error(
                EXIT_CODE_FAILURE,
                "dataset2prompt.json: the text for %s has a brace or a {field} other than {context} "
                "and {input}; download it again, or write {{ and }} for braces",
                file->name);
    }
    return EXIT_CODE_OK;
}

static void fill(const task_file *file, const longbench_item *item, text_buffer *text) {
    const char *at = file->prompt;
    text_span what;
    part found;
    text_buffer_add(text, "", 0);
    if (file->prompt == NULL) add(text, item->context);
    while (file->prompt != NULL && (found = next_part(&at, &what)) != PART_END) {
        if (found == PART_FIELD) what = text_equal(what, text_span_of("input")) ? item->input : item->context;
        add(text, what);
    }
}

static int add_half(const sxt_model *model, const int32_t *ids, int64_t n, text_buffer *text) {
    char *bytes;
    size_t n_bytes;
    sxt_error error;
    if (sxt_detokenize(model, ids, n, 0, &bytes, &n_bytes, &error) != SXT_OK)
        return message_library_error(&error);
    text_buffer_add(text, bytes, n_bytes);
    sxt_free(bytes);
    return EXIT_CODE_OK;
}

/* The published way: the halves are text again before the template is put around them. */
static int cut_middle(const sxt_model *model, int64_t most, const token_list *tokens, text_buffer *text) {
    int64_t half = most / 2;
    text_buffer_free(text);
    text_buffer_add(text, "", 0);
    int code = add_half(model, tokens->ids, half, text);
    return code == EXIT_CODE_OK ? add_half(model, tokens->ids + tokens->n - half, half, text) : code;
}

static int chat(const longbench_asking *asking, text_span text, token_list *tokens) {
    const sxt_message message = {"user", text.bytes, text.n};
    sxt_error error;
    if (sxt_chat_tokens(asking->model, NULL, &message, 1, true, &tokens->ids, &tokens->n, &error) == SXT_OK)
        return EXIT_CODE_OK;
    return message_library_error(&error);
}

static int plain(const longbench_asking *asking, text_span text, token_list *tokens) {
    return prompt_tokens(asking->model, text.bytes, text.n, asking->no_bos, false, tokens);
}

int longbench_prompt_tokens(const longbench_asking *asking, const task_file *file, const longbench_item *item,
                            int64_t most, token_list *tokens, bool *is_cut) {
    bool with_template = asking->has_template && !file->task->is_bare;
    text_buffer text = {0};
    fill(file, item, &text);
    *is_cut = false;
    int code = plain(asking, (text_span){text.bytes, text.n_bytes}, tokens);
    if (code == EXIT_CODE_OK && most > 0 && tokens->n > most) {
        *is_cut = true;
        code = cut_middle(asking->model, most, tokens, &text);
    }
    if (code == EXIT_CODE_OK && (*is_cut || with_template)) {
        text_span said = {text.bytes, text.n_bytes};
        sxt_free(tokens->ids);
        *tokens = (token_list){0};
        code = with_template ? chat(asking, said, tokens) : plain(asking, said, tokens);
    }
    text_buffer_free(&text);
    return code;
}

int longbench_world_tokens(const longbench_asking *asking, const longbench_item *item, token_list *tokens) {
    text_made question = {0};
    text_made_add_replaced(&question, item->input, longbench_of_story, longbench_of_world);
    text_made_add(&question, text_span_of(longbench_world_ending));
    int code = question.failed        ? message_error(EXIT_CODE_FAILURE, "not enough memory for a question")
               : asking->has_template ? chat(asking, text_made_span(&question), tokens)
                                      : plain(asking, text_made_span(&question), tokens);
    text_made_free(&question);
    return code;
}

int longbench_template_tokens(const longbench_asking *asking, int64_t *n) {
    token_list around = {0}, alone = {0};
    *n = 0;
    if (!asking->has_template) return EXIT_CODE_OK;
    int code = chat(asking, text_span_of("text"), &around);
    if (code == EXIT_CODE_OK) code = plain(asking, text_span_of("text"), &alone);
    if (code == EXIT_CODE_OK && around.n > alone.n) *n = around.n - alone.n;
    sxt_free(around.ids);
    sxt_free(alone.ids);
    return code;
}
