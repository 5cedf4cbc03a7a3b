#include "npy_file.h"

#include "exit_code.h"
#include "replaced_file.h"
#include "text_buffer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct npy_file {
    replaced_file file;
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

int npy_file_create(const char *path, int64_t n_rows, int64_t n_columns, npy_file **file) {
    npy_file *npy = must_allocate(sizeof *npy);
    *npy = (npy_file){.n_columns = n_columns};
    *file = npy;
    int code = replaced_file_open(&npy->file, "-o", path);
    if (code == EXIT_CODE_OK && !write_header(npy->file.stream, n_rows, n_columns))
        code = replaced_file_failed("-o", path, errno);
    if (code != EXIT_CODE_OK) npy_file_abort(npy);
    return code;
}

bool npy_file_add_row(npy_file *npy, const float *row) {
    return fwrite(row, sizeof *row, (size_t)npy->n_columns, npy->file.stream) == (size_t)npy->n_columns;
}

int npy_file_commit(npy_file *npy) {
    int code = replaced_file_commit(&npy->file);
    free(npy);
    return code;
}

void npy_file_abort(npy_file *npy) {
    replaced_file_abort(&npy->file);
    free(npy);
}
