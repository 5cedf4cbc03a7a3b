/* A NumPy array of float32 rows, written row by row. The file appears only when it is complete. */
#ifndef SEXTANT_CLI_NPY_FILE_H
#define SEXTANT_CLI_NPY_FILE_H

#include <stdbool.h>
#include <stdint.h>

typedef struct npy_file npy_file;

/* Exit codes, after a message when not 0; `path` is what -o named. */
int npy_file_create(const char *path, int64_t n_rows, int64_t n_columns, npy_file **file);
/* Puts the file in its place; nothing is left behind when that fails. */
int npy_file_commit(npy_file *file);

/* False, with errno, when it cannot be written. */
bool npy_file_add_row(npy_file *file, const float *row);
void npy_file_abort(npy_file *file);

#endif
