#include "replaced_file.h"

#include "text_buffer.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

bool replaced_file_open(replaced_file *file, const char *path) {
    text_buffer temporary = {0}, target = {0};
    text_buffer_print(&temporary, "%s.XXXXXX", path);
    int descriptor = mkstemp(temporary.bytes);
    FILE *stream = descriptor >= 0 ? fdopen(descriptor, "wb") : NULL;
    if (stream == NULL) {
        int reason = errno;
        if (descriptor >= 0) close(descriptor);
        text_buffer_free(&temporary);
        errno = reason;
        return false;
    }
    text_buffer_print(&target, "%s", path);
    *file = (replaced_file){stream, target.bytes, temporary.bytes};
    return true;
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

bool replaced_file_commit(replaced_file *file) {
    set_usual_mode(fileno(file->stream));
    bool good = !ferror(file->stream) && fflush(file->stream) == 0 && fsync(fileno(file->stream)) == 0;
    int reason = errno;
    if (fclose(file->stream) != 0 && good) {
        good = false;
        reason = errno;
    }
    if (good && rename(file->temporary, file->path) != 0) {
        good = false;
        reason = errno;
    }
    if (!good) unlink(file->temporary);
    release(file);
    errno = reason;
    return good;
}

void replaced_file_abort(replaced_file *file) {
    if (file->stream == NULL) return;
    fclose(file->stream);
    unlink(file->temporary);
    release(file);
}
