/* Test data that lies beside the repository: in $SEXTANT_SHARED, else in ../shared. */
#ifndef SXT_TESTS_SHARED_PATH_H
#define SXT_TESTS_SHARED_PATH_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* False when it is not there; the test should skip(). */
static inline bool shared_path(char *path, size_t room, const char *name) {
    const char *folder = getenv("SEXTANT_SHARED");
    snprintf(path, room, "%s/%s", folder && folder[0] ? folder : "../shared", name);
    return access(path, R_OK) == 0;
}

#endif
