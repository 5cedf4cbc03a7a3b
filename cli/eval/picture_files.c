#include "eval/picture_files.h"

#include "exit_code.h"
#include "message.h"
#include "replaced_file.h"
#include "text_buffer.h"

#include <errno.h>
#include <string.h>

/* Fine enough for print and for screens of twice the usual resolution. */
static const double PNG_SCALE = 2;

int picture_files_check(const char *option, const choice_list *files) {
    for (int i = 0; i < files->n; i++) {
        canvas_format format;
        replaced_file file;
        if (!canvas_format_of(files->values[i], &format))
            return message_error(EXIT_CODE_USAGE, "--%s '%s' must end in .svg or .png", option,
                                 files->values[i]);
        if (!replaced_file_open(&file, files->values[i]))
            return message_error(EXIT_CODE_FAILURE, "--%s %s cannot be written: %s", option, files->values[i],
                                 strerror(errno));
        replaced_file_abort(&file);
    }
    return EXIT_CODE_OK;
}

static int save(const char *path, const canvas *drawing) {
    canvas_format format = CANVAS_SVG;
    replaced_file file;
    canvas_format_of(path, &format);
    bool is_open = replaced_file_open(&file, path);
    bool is_drawn = is_open && canvas_write(drawing, format, PNG_SCALE, file.stream);
    int reason = errno;
    if (is_open && !is_drawn) replaced_file_abort(&file);
    if (is_drawn) {
        is_drawn = replaced_file_commit(&file);
        reason = errno;
    }
    if (is_drawn) return EXIT_CODE_OK;
    return message_error(EXIT_CODE_FAILURE, "cannot write the picture %s: %s", path, strerror(reason));
}

static int save_in(const char *folder, const char *name, const char *ending, const canvas *drawing) {
    text_buffer path = {0};
    text_buffer_print(&path, "%s/%s.%s", folder, name, ending);
    int code = save(path.bytes, drawing);
    text_buffer_free(&path);
    return code;
}

int picture_files_save(const choice_list *files, const char *folder, const char *name, canvas *drawing,
                       const char *problem) {
    int code = EXIT_CODE_OK;
    if (drawing == NULL) return message_error(EXIT_CODE_FAILURE, "no picture was drawn: %s", problem);
    for (int i = 0; i < files->n && code == EXIT_CODE_OK; i++) code = save(files->values[i], drawing);
    if (folder != NULL && code == EXIT_CODE_OK) code = save_in(folder, name, "svg", drawing);
    if (folder != NULL && code == EXIT_CODE_OK) code = save_in(folder, name, "png", drawing);
    canvas_free(drawing);
    return code;
}

void picture_files_base_name(const char *path, char *out, size_t n_out) {
    size_t end = strlen(path);
    while (end > 1 && path[end - 1] == '/') end--;
    size_t begin = end;
    while (begin > 0 && path[begin - 1] != '/') begin--;
    snprintf(out, n_out, "%.*s", (int)(end - begin), path + begin);
}
