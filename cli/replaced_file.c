#include "replaced_file.h"

#include "exit_code.h"
#include "message.h"
#include "text_buffer.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- What may be replaced -------------------------------------------------------------------------------- */

/* The name of a folder ends with its slash; "" is the current one. */
static size_t folder_length(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash != NULL ? (size_t)(slash - path) + 1 : 0;
}

char *replaced_file_target(const char *path) {
    enum { MOST_LINKS = 40 }; /* as the system follows */
    char link[PATH_MAX];
    text_buffer target = {0};
    text_buffer_print(&target, "%s", path);
    for (int i = 0; i < MOST_LINKS; i++) {
        ssize_t n = readlink(target.bytes, link, sizeof link);
        if (n < 0 || n == (ssize_t)sizeof link) break;
        text_buffer next = {0};
        if (link[0] != '/') text_buffer_add(&next, target.bytes, folder_length(target.bytes));
        text_buffer_add(&next, link, (size_t)n);
        text_buffer_free(&target);
        target = next;
    }
    return target.bytes;
}

static bool is_same_inode(const struct stat *a, const struct stat *b) {
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

static bool stat_folder_of(const char *path, struct stat *about) {
    text_buffer folder = {0};
    text_buffer_add(&folder, path, folder_length(path));
    text_buffer_print(&folder, ".");
    bool is_there = stat(folder.bytes, about) == 0;
    text_buffer_free(&folder);
    return is_there;
}

bool replaced_file_same(const char *a, const char *b) {
    struct stat folder_a, folder_b;
    char *x = replaced_file_target(a), *y = replaced_file_target(b);
    bool is_same = strcmp(x + folder_length(x), y + folder_length(y)) == 0 && stat_folder_of(x, &folder_a) &&
                   stat_folder_of(y, &folder_b) && is_same_inode(&folder_a, &folder_b);
    free(x);
    free(y);
    return is_same;
}

static int refuse(const char *option, const char *path, const char *problem) {
    return message_error(EXIT_CODE_USAGE, "%s%s%s %s", option, option[0] != '\0' ? " " : "", path, problem);
}

int replaced_file_check(const char *option, const char *path) {
    struct stat about, output;
    if (strcmp(path, "-") == 0)
        return refuse(option, path, "is no file, and this does not go to standard output; give a file's name");
    if (stat(path, &about) != 0 && errno == ELOOP)
        return refuse(option, path, "is a link that leads back to itself; give the name of a file");
    if (stat(path, &about) != 0) return EXIT_CODE_OK;
    if (S_ISDIR(about.st_mode)) return refuse(option, path, "is a folder; give the name of a file in it");
    if (!S_ISREG(about.st_mode))
        return refuse(option, path, "is not a regular file; give the name of a file to write");
    if (fstat(STDOUT_FILENO, &output) == 0 && is_same_inode(&about, &output))
        return refuse(option, path, "is where standard output goes; give another file");
    return EXIT_CODE_OK;
}

/* ---- Writing --------------------------------------------------------------------------------------------- */

static const char *remedy_of(int reason) {
    switch (reason) {
    case ENOSPC:
    case EDQUOT: return "make room there";
    case EFBIG: return "raise the limit on the size of files";
    default: return "give a place that can be written";
    }
}

int replaced_file_failed(const char *option, const char *path, int reason) {
    return message_error(EXIT_CODE_FAILURE, "%s%s%s: %s; %s", option, option[0] != '\0' ? " " : "", path,
                         strerror(reason), remedy_of(reason));
}

int replaced_file_open(replaced_file *file, const char *option, const char *path) {
    text_buffer temporary = {0};
    int code = replaced_file_check(option, path);
    if (code != EXIT_CODE_OK) return code;
    char *target = replaced_file_target(path);
    text_buffer_print(&temporary, "%s.XXXXXX", target);
    int descriptor = mkstemp(temporary.bytes);
    FILE *stream = descriptor >= 0 ? fdopen(descriptor, "wb") : NULL;
    if (stream == NULL) {
        int reason = errno;
        if (descriptor >= 0) close(descriptor);
        text_buffer_free(&temporary);
        free(target);
        return replaced_file_failed(option, path, reason);
    }
    *file = (replaced_file){stream, option, target, temporary.bytes};
    return EXIT_CODE_OK;
}

static void release(replaced_file *file) {
    free(file->path);
    free(file->temporary);
    *file = (replaced_file){0};
}

/* mkstemp makes files for the user alone; the result gets the mode that any new file would. */
static void set_usual_mode(int descriptor) {
    mode_t mask = umask(0);
    umask(mask);
    if (fchmod(descriptor, 0666 & ~mask) != 0) errno = 0;
}

int replaced_file_commit(replaced_file *file) {
    set_usual_mode(fileno(file->stream));
    errno = EIO; /* an earlier write failed, and this flush has nothing left to write */
    bool good = fflush(file->stream) == 0 && !ferror(file->stream) && fsync(fileno(file->stream)) == 0;
    int reason = errno;
    if (fclose(file->stream) != 0 && good) {
        good = false;
        reason = errno;
    }
    if (good && rename(file->temporary, file->path) != 0) {
        good = false;
        reason = errno;
    }
    int code = good ? EXIT_CODE_OK : replaced_file_failed(file->option, file->path, reason);
    if (!good) unlink(file->temporary);
    release(file);
    return code;
}

void replaced_file_abort(replaced_file *file) {
    if (file->stream == NULL) return;
    fclose(file->stream);
    unlink(file->temporary);
    release(file);
}
