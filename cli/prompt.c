#include "prompt.h"

#include "exit_code.h"
#include "message.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* All of it, or a little more than `most` bytes. Returns 0, or errno. */
static int read_stream(FILE *file, size_t most, text_buffer *text) {
    char block[65536];
    size_t n;
    errno = 0;
    while (text->n_bytes <= most && (n = fread(block, 1, sizeof block, file)) > 0)
        text_buffer_add(text, block, n);
    text_buffer_add(text, "", 0);
    return !ferror(file) ? 0 : errno != 0 ? errno : EIO;
}

/* Read once, whoever asks: the text of a command can be its filler too. */
static int read_standard_input(size_t most, text_buffer *text) {
    static text_buffer all;
    static bool is_read;
    static int reason;
    if (!is_read) reason = read_stream(stdin, most, &all);
    is_read = true;
    text_buffer_add(text, all.bytes, all.n_bytes);
    return reason;
}

static int read_path(const char *path, size_t most, text_buffer *text) {
    if (strcmp(path, "-") == 0) return read_standard_input(most, text);
    FILE *file = fopen(path, "rb");
    if (file == NULL) return errno;
    int reason = read_stream(file, most, text);
    fclose(file);
    return reason;
}

int prompt_read_small_file(const char *flag, const char *path, size_t most, text_buffer *text) {
    int reason = read_path(path, most, text);
    if (reason != 0)
        return message_error(EXIT_CODE_FAILURE, "%s %s: %s; give a file that can be read", flag, path,
                             strerror(reason));
    if (text->n_bytes > most)
        return message_error(EXIT_CODE_USAGE, "%s %s has more than %zu bytes; give the right file", flag, path,
                             most);
    return EXIT_CODE_OK;
}

int prompt_read_file(const char *flag, const char *path, text_buffer *text) {
    return prompt_read_small_file(flag, path, SIZE_MAX, text);
}

int prompt_text(const option_values *options, text_buffer *text) {
    if (options->file != NULL) {
        int code = prompt_read_file("-f", options->file, text);
        if (code != EXIT_CODE_OK) return code;
        if (text->n_bytes == 0)
            return message_error(EXIT_CODE_USAGE, "-f %s is empty; give a file with text in it", options->file);
    }
    if (options->prompt != NULL && options->prompt[0] == '\0')
        return message_error(EXIT_CODE_USAGE, "-p is empty; give the model a text to continue");
    if (options->file != NULL && options->prompt != NULL) text_buffer_add(text, "\n\n", 2);
    if (options->prompt != NULL) text_buffer_add(text, options->prompt, strlen(options->prompt));
    return EXIT_CODE_OK;
}

int prompt_tokens(const sxt_model *model, const char *bytes, size_t n_bytes, bool no_bos, bool parse_special,
                  token_list *tokens) {
    sxt_model_info info;
    sxt_error error;
    uint32_t flags =
        (no_bos ? 0u : SXT_TOKENIZE_ADD_SPECIAL) | (parse_special ? SXT_TOKENIZE_PARSE_SPECIAL : 0u);
    if (sxt_tokenize(model, bytes, n_bytes, flags, &tokens->ids, &tokens->n, &error) != SXT_OK)
        return message_library_error(&error);
    sxt_model_describe(model, &info);
    if (!no_bos && info.add_eos && tokens->n > 1 && tokens->ids[tokens->n - 1] == info.eos_id) tokens->n--;
    if (tokens->n > 0) return EXIT_CODE_OK;
    sxt_free(tokens->ids);
    *tokens = (token_list){0};
    return message_error(EXIT_CODE_USAGE, "the prompt has no tokens; give the model a text to continue");
}
