#include "base/file.h"

#include "base/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static const sxt_file_hooks system_calls = {write, fsync, rename};
static const sxt_file_hooks *calls = &system_calls;

void sxt_set_file_hooks(const sxt_file_hooks *hooks) { calls = hooks ? hooks : &system_calls; }

static sxt_status fail_io(sxt_error *error, const char *what, const char *path) {
    int reason = errno;
    return sxt_fail(error, SXT_E_IO, "%.300s: cannot %s: %s", path, what, strerror(reason));
}

sxt_status sxt_map_open(const char *path, sxt_map *map, sxt_error *error) {
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a pipe must not make us wait for its writer */
    if (fd < 0) return fail_io(error, "open", path);
    sxt_status status = SXT_OK;
    struct stat st;
    void *data = NULL;
    if (fstat(fd, &st) != 0) {
        status = fail_io(error, "read the size of", path);
    } else if (!S_ISREG(st.st_mode)) {
        status = sxt_fail(error, SXT_E_IO, "%.300s: is not a regular file", path);
    } else if (st.st_size > 0) {
        data = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
        if (data == MAP_FAILED) status = fail_io(error, "map", path);
    }
    close(fd);
    if (status != SXT_OK) return status;
    map->data = data ? data : (const uint8_t *)"";
    map->size = (size_t)st.st_size;
    return SXT_OK;
}

void sxt_map_close(sxt_map *map) {
    if (map->size > 0) munmap((void *)(uintptr_t)map->data, map->size);
    memset(map, 0, sizeof *map);
}

void sxt_map_forget(const uint8_t *data, size_t n) {
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), begin = ((uintptr_t)data + page - 1) / page * page;
    uintptr_t end = ((uintptr_t)data + n) / page * page;
    if (begin < end) madvise((void *)begin, end - begin, MADV_DONTNEED); /* advice: it may be refused */
}

struct sxt_writer {
    int fd;
    bool failed; /* a write failed: what follows would leave a hole, so commit refuses */
    uint64_t offset;
    size_t n_buffered;
    char *path;
    char *folder; /* that holds path */
    char *temporary;
    uint8_t buffer[1 << 16];
};

void sxt_writer_abort(sxt_writer *writer) {
    if (!writer) return;
    if (writer->fd >= 0) close(writer->fd);
    if (writer->temporary) unlink(writer->temporary);
    sxt_free(writer->temporary);
    sxt_free(writer->folder);
    sxt_free(writer->path);
    sxt_free(writer);
}

static char *folder_of(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash ? sxt_copy_text(path, (size_t)(slash - path) + 1) : sxt_copy_text(".", 1);
}

sxt_status sxt_writer_open(const char *path, sxt_writer **out, sxt_error *error) {
    struct stat st;
    if (stat(path, &st) == 0 && !S_ISREG(st.st_mode))
        return sxt_fail(error, SXT_E_IO, "%.300s: is not a regular file; give another name", path);
    sxt_writer *writer = sxt_alloc(1, sizeof *writer);
    if (!writer) return sxt_fail_memory(error, "a file writer", sizeof *writer);
    size_t n = strlen(path) + 32;
    writer->fd = -1;
    writer->path = sxt_copy_text(path, strlen(path));
    writer->folder = folder_of(path);
    writer->temporary = sxt_alloc(n, 1);
    if (!writer->path || !writer->folder || !writer->temporary) {
        sxt_writer_abort(writer);
        return sxt_fail_memory(error, "a file name", n);
    }
    snprintf(writer->temporary, n, "%s.tmp.%ld", path, (long)getpid());
    writer->fd = open(writer->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (writer->fd < 0) {
        sxt_status status = fail_io(error, "create", writer->temporary);
        sxt_free(writer->temporary); /* not ours to remove */
        writer->temporary = NULL;
        sxt_writer_abort(writer);
        return status;
    }
    *out = writer;
    return SXT_OK;
}

static sxt_status write_all(sxt_writer *writer, const uint8_t *bytes, size_t n, sxt_error *error) {
    while (n > 0) {
        ssize_t done = calls->write(writer->fd, bytes, n);
        if (done < 0 && errno == EINTR) continue;
        if (done <= 0) {
            writer->failed = true;
            return fail_io(error, "write", writer->path);
        }
        bytes += done;
        n -= (size_t)done;
    }
    return SXT_OK;
}

static sxt_status flush_buffer(sxt_writer *writer, sxt_error *error) {
    size_t n = writer->n_buffered;
    writer->n_buffered = 0;
    return write_all(writer, writer->buffer, n, error);
}

sxt_status sxt_writer_write(sxt_writer *writer, const void *bytes, size_t n, sxt_error *error) {
    writer->offset += n;
    if (n > sizeof writer->buffer - writer->n_buffered) SXT_TRY(flush_buffer(writer, error));
    if (n >= sizeof writer->buffer) return write_all(writer, bytes, n, error);
    if (n) memcpy(writer->buffer + writer->n_buffered, bytes, n);
    writer->n_buffered += n;
    return SXT_OK;
}

uint64_t sxt_writer_offset(const sxt_writer *writer) { return writer->offset; }

/* A rename is durable only when the folder that holds the name is. */
static int sync_folder(const char *folder) {
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return -1;
    int result = calls->fsync(fd);
    if (result != 0 && (errno == EINVAL || errno == ENOTSUP)) result = 0; /* file systems without it */
    close(fd);
    return result;
}

sxt_status sxt_writer_commit(sxt_writer *writer, sxt_error *error) {
    sxt_status status = flush_buffer(writer, error);
    if (writer->failed && status == SXT_OK)
        status = sxt_fail(error, SXT_E_IO, "%.300s: an earlier write failed; nothing was saved", writer->path);
    if (status == SXT_OK && calls->fsync(writer->fd) != 0) status = fail_io(error, "save", writer->path);
    if (status == SXT_OK) {
        int fd = writer->fd;
        writer->fd = -1;
        if (close(fd) != 0) status = fail_io(error, "close", writer->path);
    }
    if (status == SXT_OK && calls->rename(writer->temporary, writer->path) != 0)
        status = fail_io(error, "put in place", writer->path);
    if (status == SXT_OK) {
        sxt_free(writer->temporary);
        writer->temporary = NULL;
        if (sync_folder(writer->folder) != 0)
            status = fail_io(error, "make durable the folder of", writer->path);
    }
    sxt_writer_abort(writer);
    return status;
}

bool sxt_path_is_folder(const char *path) {
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

bool sxt_path_exists(const char *path) {
    struct stat st;
    return stat(path, &st) == 0;
}

bool sxt_path_same(const char *a, const char *b) {
    struct stat sa, sb;
    return stat(a, &sa) == 0 && stat(b, &sb) == 0 && sa.st_dev == sb.st_dev && sa.st_ino == sb.st_ino;
}

char *sxt_path_join(const char *folder, const char *name) {
    size_t n = strlen(folder) + strlen(name) + 2;
    char *path = sxt_alloc(n, 1);
    if (path) snprintf(path, n, "%s/%s", folder, name);
    return path;
}
