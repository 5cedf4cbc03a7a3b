#include "npy_file.h"

#include "text_buffer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct npy_file {
    FILE *stream;
    char *path, *temporary;
    int64_t n_columns;
};

/* Magic, version 1.0, the header's length, and a header padded to a multiple of 64 bytes. */
static bool write_header(FILE *stream, int64_t n_rows, int64_t n_columns) {
    const uint16_t probe = 1;
    char order = *(const unsigned char *)&probe == 1 ? '<' : '>';
    char text[256], start[10] = "\x93NUMPY\x01";
    int length =
        snprintf(text, sizeof text, "{'descr': '%cf4', 'fortran_order': False, 'shape': (%lld, %lld), }", order,
                 (long long)n_rows, (long long)n_columns);
    int padded = (length + 1 + 10 + 63) / 64 * 64 - 10;
    memset(text + length, ' ', (size_t)(padded - length));
    text[padded - 1] = '\n';
    start[7] = 0;
    start[8] = (char)(padded & 255);
    start[9] = (char)(padded >> 8);
    return fwrite(start, 1, sizeof start, stream) == sizeof start &&
           fwrite(text, 1, (size_t)padded, stream) == (size_t)padded;
}

npy_file *npy_file_create(const char *path, int64_t n_rows, int64_t n_columns) {
    text_buffer temporary = {0};
    text_buffer_print(&temporary, "%s.XXXXXX", path);
    int descriptor = mkstemp(temporary.bytes);
    FILE *stream = descriptor >= 0 ? fdopen(descriptor, "wb") : NULL;
    if (stream == NULL) {
        int reason = errno;
        if (descriptor >= 0) close(descriptor);
        text_buffer_free(&temporary);
        errno = reason;
        return NULL;
    }
    npy_file *file = must_allocate(sizeof *file);
    text_buffer target = {0};
    text_buffer_print(&target, "%s", path);
    *file = (npy_file){stream, target.bytes, temporary.bytes, n_columns};
    if (write_header(stream, n_rows, n_columns)) return file;
    int reason = errno;
    npy_file_abort(file);
    errno = reason;
    return NULL;
}

bool npy_file_add_row(npy_file *file, const float *row) {
    return fwrite(row, sizeof *row, (size_t)file->n_columns, file->stream) == (size_t)file->n_columns;
}

static void release(npy_file *file) {
    free(file->path);
    free(file->temporary);
    free(file);
}

/* mkstemp makes files for the user alone; the result gets the mode that any new file would. */
static void set_usual_mode(int descriptor) {
    mode_t mask = umask(0);
    umask(mask);
    if (fchmod(descriptor, 0666 & ~mask) != 0) errno = 0;
}

bool npy_file_commit(npy_file *file) {
    set_usual_mode(fileno(file->stream));
    bool good = fflush(file->stream) == 0 && fsync(fileno(file->stream)) == 0;
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

void npy_file_abort(npy_file *file) {
    fclose(file->stream);
    unlink(file->temporary);
    release(file);
}
