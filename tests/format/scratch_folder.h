/* A folder for one test program's files, gone when the program ends well. */
#ifndef SXT_TESTS_FORMAT_SCRATCH_FOLDER_H
#define SXT_TESTS_FORMAT_SCRATCH_FOLDER_H

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct scratch {
    char folder[200];
    char path[512]; /* of the last name asked for */
} scratch;

static inline void scratch_make(scratch *s) {
    const char *place = getenv("TMPDIR");
    snprintf(s->folder, sizeof s->folder, "%s/sextant-test-XXXXXX", place && place[0] ? place : P_tmpdir);
    if (!mkdtemp(s->folder)) abort();
}

/* folder/name; valid until the next call. */
static inline const char *scratch_path(scratch *s, const char *name) {
    snprintf(s->path, sizeof s->path, "%s/%s", s->folder, name);
    return s->path;
}

static inline void scratch_write(scratch *s, const char *name, const void *bytes, size_t n) {
    FILE *f = fopen(scratch_path(s, name), "wb");
    if (!f || fwrite(bytes, 1, n, f) != n || fclose(f) != 0) abort();
}

static inline void scratch_text(scratch *s, const char *name, const char *text) {
    scratch_write(s, name, text, strlen(text));
}

/* Removes every file; gives how many there were. */
static inline size_t scratch_empty(scratch *s) {
    size_t n = 0;
    DIR *folder = opendir(s->folder);
    if (!folder) abort();
    for (const struct dirent *entry; (entry = readdir(folder));) {
        if (entry->d_name[0] == '.') continue;
        if (unlink(scratch_path(s, entry->d_name)) != 0) abort();
        n++;
    }
    closedir(folder);
    return n;
}

static inline void scratch_remove(scratch *s) {
    scratch_empty(s);
    rmdir(s->folder);
}

#endif
