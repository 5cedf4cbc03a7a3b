/* Files: read-only maps, and writes that either happen whole or not at all. */
#ifndef SXT_BASE_FILE_H
#define SXT_BASE_FILE_H

#include "base/error.h"

#include <sys/types.h>

/* A file mapped read-only; data is never NULL, also when size is 0. */
typedef struct sxt_map {
    const uint8_t *data; /* (size) */
    size_t size;
} sxt_map;

sxt_status sxt_map_open(const char *path, sxt_map *map, sxt_error *error);
/* Pages that lie whole in [data, data + n) of a map leave memory until they are read again. */
void sxt_map_forget(const uint8_t *data, size_t n);
void sxt_map_close(sxt_map *map); /* allowed on a zeroed map */

/* Atomic writer: bytes go to a temporary file beside `path`; commit makes them `path` (fsync, rename,
 * fsync of the folder); abort, or a failed commit, leaves what was there untouched. */
typedef struct sxt_writer sxt_writer;

sxt_status sxt_writer_open(const char *path, sxt_writer **writer, sxt_error *error);
sxt_status sxt_writer_write(sxt_writer *writer, const void *bytes, size_t n, sxt_error *error);
uint64_t sxt_writer_offset(const sxt_writer *writer);               /* bytes written so far */
sxt_status sxt_writer_commit(sxt_writer *writer, sxt_error *error); /* frees the writer, also on failure */
void sxt_writer_abort(sxt_writer *writer);                          /* frees the writer; NULL allowed */

bool sxt_path_is_folder(const char *path);
bool sxt_path_exists(const char *path);
/* Same file on disk (device and inode), however it is spelled. */
bool sxt_path_same(const char *a, const char *b);
/* folder + "/" + name; released with sxt_free(); NULL when out of memory. */
char *sxt_path_join(const char *folder, const char *name);

/* Tests: stands between the writer and the system, so that each call can fail in turn. */
typedef struct sxt_file_hooks {
    ssize_t (*write)(int fd, const void *bytes, size_t n);
    int (*fsync)(int fd);
    int (*rename)(const char *from, const char *to);
} sxt_file_hooks;
void sxt_set_file_hooks(const sxt_file_hooks *hooks); /* NULL restores the system's */

#endif
