/* A NumPy array of float32 rows, written row by row. The file appears only when it is complete. */
#ifndef SEXTANT_CLI_NPY_FILE_H
#define SEXTANT_CLI_NPY_FILE_H

#include <stdbool.h>
#include <stdint.h>

typedef struct npy_file npy_file;

/* NULL, with errno set, when the file cannot be made. */
npy_file *npy_file_create(const char *path, int64_t n_rows, int64_t n_columns);
bool npy_file_add_row(npy_file *file, const float *row);
/* Puts the file in its place; false, with errno set and nothing left behind, when that fails. */
bool npy_file_commit(npy_file *file);
void npy_file_abort(npy_file *file);

#endif
