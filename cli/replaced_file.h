/* A file that appears under its name only when it is complete, in place of an older one. Of symbolic links the
 * file that they point to is replaced. What is no regular file is refused: replacing it would end a device.
 *
 * `option` is what named the file, for the messages: "-o", "--picture"; "" for a bare argument. All but
 * replaced_file_same() return or lead to an exit code, after a message when not 0. */
#ifndef SEXTANT_CLI_REPLACED_FILE_H
#define SEXTANT_CLI_REPLACED_FILE_H

#include <stdbool.h>
#include <stdio.h>

typedef struct replaced_file {
    FILE *stream; /* write here; NULL: not open */
    const char *option;
    char *path, *temporary;
} replaced_file;

/* Refuses folders, devices, pipes, sockets, "-" and the file that standard output goes to. */
int replaced_file_check(const char *option, const char *path);
/* The name behind symbolic links; the last of them may point to nothing yet. Released with free(). */
char *replaced_file_target(const char *path);
/* Whether both names lead to one file, which need not exist. */
bool replaced_file_same(const char *a, const char *b);

/* Checks it too. `option` is valid as long as the file is open. */
int replaced_file_open(replaced_file *file, const char *option, const char *path);
/* Flushed to the disk and renamed. Closes it. */
int replaced_file_commit(replaced_file *file);
/* Nothing is left of it. Nothing when it is not open. */
void replaced_file_abort(replaced_file *file);

/* The message of a file that could not be written, by errno. */
int replaced_file_failed(const char *option, const char *path, int reason);

#endif
