#include "eval/picture_files.h"

#include "exit_code.h"
#include "message.h"
#include "replaced_file.h"
#include "text_buffer.h"

#include <errno.h>
#include <string.h>

/* Fine enough for print and for screens of twice the usual resolution. */
static const double PNG_SCALE = 2;

/* The later picture would replace the earlier one. */
static int check_once(const char *option, const char *path, const choice_list *earlier, int n_earlier) {
    for (int i = 0; i < n_earlier; i++)
        if (replaced_file_same(path, earlier->values[i]))
            return message_error(EXIT_CODE_USAGE, "%s %s is the file of another picture; give each its own",
                                 option, path);
    return EXIT_CODE_OK;
}

int picture_files_check(const char *option, const choice_list *files) {
    for (int i = 0; i < files->n; i++) {
        const char *path = files->values[i];
        canvas_format format;
        replaced_file file = {0};
        if (!canvas_format_of(path, &format))
            return message_error(EXIT_CODE_USAGE, "%s '%s' must end in .svg or .png", option, path);
        int code = check_once(option, path, files, i);
        if (code == EXIT_CODE_OK) code = replaced_file_open(&file, option, path);
        if (code != EXIT_CODE_OK) return code;
        replaced_file_abort(&file);
    }
    return EXIT_CODE_OK;
}

int picture_files_check_apart(const char *option, const choice_list *files, const choice_list *others) {
    int code = EXIT_CODE_OK;
    for (int i = 0; i < files->n && code == EXIT_CODE_OK; i++)
        code = check_once(option, files->values[i], others, others->n);
    return code;
}

static int save(const char *path, const canvas *drawing) {
    canvas_format format = CANVAS_SVG;
    replaced_file file = {0};
    canvas_format_of(path, &format);
    int code = replaced_file_open(&file, "the picture", path);
    if (code != EXIT_CODE_OK) return code;
    if (canvas_write(drawing, format, PNG_SCALE, file.stream)) return replaced_file_commit(&file);
    code = replaced_file_failed("the picture", path, errno);
    replaced_file_abort(&file);
    return code;
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
