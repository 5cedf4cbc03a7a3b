#include "eval/longbench_items.h"

#include "exit_code.h"
#include "message.h"
#include "prompt.h"

#include <string.h>

static int read_line(const char *path, int64_t i_line, text_span line, json_line_fn take, void *user) {
    char problem[256];
    json_document *object = document_parse(line.bytes, line.n, problem, sizeof problem);
    if (object == NULL)
        return message_error(EXIT_CODE_FAILURE, "%s line %lld: not JSON: %s; download or make the file again",
                             path, (long long)i_line, problem);
    if (document_is_object(object)) return take(user, i_line, object);
    document_free(object);
    return message_error(EXIT_CODE_FAILURE, "%s line %lld: not a JSON object; download or make the file again",
                         path, (long long)i_line);
}

int json_lines_read(const char *path, json_line_fn take, void *user) {
    text_buffer text = {0};
    int code = prompt_read_file("reading", path, &text);
    const char *line = text.bytes, *end = text.bytes + text.n_bytes;
    for (int64_t i_line = 1; code == EXIT_CODE_OK && line < end; i_line++) {
        const char *stop = memchr(line, '\n', (size_t)(end - line));
        if (stop == NULL) stop = end;
        text_span bytes = {line, (size_t)(stop - line)};
        if (text_strip(bytes).n > 0) code = read_line(path, i_line, bytes, take, user);
        line = stop + 1;
    }
    text_buffer_free(&text);
    return code;
}
