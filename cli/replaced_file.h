/* A file that appears under its name only when it is complete, in place of an older one. */
#ifndef SEXTANT_CLI_REPLACED_FILE_H
#define SEXTANT_CLI_REPLACED_FILE_H

#include <stdbool.h>
#include <stdio.h>

typedef struct replaced_file {
    FILE *stream; /* write here; NULL: not open */
    char *path, *temporary;
} replaced_file;

/* False, with errno, when it cannot be made. */
bool replaced_file_open(replaced_file *file, const char *path);
/* Flushed to the disk and renamed; false, with errno, when not all of it could be written. Closes it. */
bool replaced_file_commit(replaced_file *file);
/* Nothing is left of it. */
void replaced_file_abort(replaced_file *file);

#endif
