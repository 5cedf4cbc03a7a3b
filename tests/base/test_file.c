/* Files: maps of what is there, and writes that happen whole or not at all, whichever call fails. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/memory.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[200], target[240];

static int make_folder(void **state) {
    (void)state;
    snprintf(folder, sizeof folder, "%s/sextant-file-XXXXXX", P_tmpdir);
    if (!mkdtemp(folder)) return -1;
    snprintf(target, sizeof target, "%s/target.bin", folder);
    return 0;
}

static int remove_folder(void **state) {
    (void)state;
    sxt_set_file_hooks(NULL);
    sxt_set_alloc_hook(NULL, NULL);
    unlink(target);
    return rmdir(folder); /* fails when a temporary file was left behind */
}

static int n_files(void) {
    DIR *dir = opendir(folder);
    assert_non_null(dir);
    int n = 0;
    for (struct dirent *entry = readdir(dir); entry; entry = readdir(dir)) n += entry->d_name[0] != '.';
    closedir(dir);
    return n;
}

static void put(const char *text) {
    FILE *f = fopen(target, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(text, 1, strlen(text), f), strlen(text));
    assert_int_equal(fclose(f), 0);
}

/* ---- A run of writes whose content is known at every byte */

enum { N_PIECES = 60, N_LARGEST = 150000 };

static size_t piece_size(int i) { return i == 30 ? N_LARGEST : (size_t)(i * 131 % 4099); }
static uint8_t byte_at(size_t i) { return (uint8_t)(i * 31 + i / 256); }

static size_t total_size(void) {
    size_t n = 0;
    for (int i = 0; i < N_PIECES; i++) n += piece_size(i);
    return n;
}

static sxt_status write_everything(sxt_error *error) {
    static uint8_t piece[N_LARGEST];
    sxt_writer *writer = NULL;
    SXT_TRY(sxt_writer_open(target, &writer, error));
    size_t at = 0;
    for (int i = 0; i < N_PIECES; i++) {
        for (size_t j = 0; j < piece_size(i); j++) piece[j] = byte_at(at + j);
        at += piece_size(i);
        sxt_status status = sxt_writer_write(writer, piece, piece_size(i), error);
        if (status != SXT_OK) {
            sxt_writer_abort(writer);
            return status;
        }
        assert_int_equal(sxt_writer_offset(writer), at);
    }
    return sxt_writer_commit(writer, error);
}

static void assert_is_new(void) {
    sxt_map map;
    sxt_error error;
    assert_int_equal(sxt_map_open(target, &map, &error), SXT_OK);
    assert_int_equal(map.size, total_size());
    for (size_t i = 0; i < map.size; i++)
        if (map.data[i] != byte_at(i)) fail_msg("byte %zu differs", i);
    sxt_map_close(&map);
}

static bool is_old(void) {
    sxt_map map;
    sxt_error error;
    assert_int_equal(sxt_map_open(target, &map, &error), SXT_OK);
    bool same = map.size == 3 && memcmp(map.data, "old", 3) == 0;
    sxt_map_close(&map);
    return same;
}

/* ---- Hooks: count the calls, fail one of them, or write in small bites */

static int n_calls, fail_at, renamed_at;
static size_t bite;
static bool interrupt;

static bool fails_now(void) {
    if (n_calls++ != fail_at) return false;
    errno = ENOSPC;
    return true;
}

static ssize_t hooked_write(int fd, const void *bytes, size_t n) {
    if (fails_now()) return -1;
    if (interrupt && n_calls % 2) {
        errno = EINTR;
        return -1;
    }
    return write(fd, bytes, bite && n > bite ? bite : n);
}

static int hooked_fsync(int fd) { return fails_now() ? -1 : fsync(fd); }

static int hooked_rename(const char *from, const char *to) {
    if (fails_now()) return -1;
    renamed_at = n_calls;
    return rename(from, to);
}

static const sxt_file_hooks hooks = {hooked_write, hooked_fsync, hooked_rename};

static void arm(int at) {
    n_calls = renamed_at = 0;
    fail_at = at;
    sxt_set_file_hooks(&hooks);
}

static void each_failing_call_leaves_old_or_new_and_no_litter(void **state) {
    (void)state;
    sxt_error error;
    bite = 0;
    interrupt = false;
    arm(-1);
    assert_int_equal(write_everything(&error), SXT_OK);
    int n_total = n_calls;
    assert_true(n_total > 4); /* several writes, fsync, rename, fsync of the folder */
    for (int i = 0; i < n_total; i++) {
        sxt_set_file_hooks(NULL);
        put("old");
        arm(i);
        assert_int_equal(write_everything(&error), SXT_E_IO);
        assert_non_null(strstr(error.text, "target.bin"));
        assert_non_null(strstr(error.text, strerror(ENOSPC)));
        if (renamed_at)
            assert_is_new();
        else
            assert_true(is_old());
        assert_int_equal(n_files(), 1);
    }
}

static void short_and_interrupted_writes_are_finished(void **state) {
    (void)state;
    sxt_error error;
    bite = 1000;
    interrupt = true;
    arm(-1);
    assert_int_equal(write_everything(&error), SXT_OK);
    assert_is_new();
    assert_int_equal(n_files(), 1);
    bite = 0;
    interrupt = false;
}

static bool fail_one_allocation(void *user, size_t bytes) {
    (void)bytes;
    return (*(int *)user)-- != 0;
}

static void each_failing_allocation_is_reported(void **state) {
    (void)state;
    sxt_error error;
    put("old");
    int n_failed = 0;
    for (int i = 0; i < 10; i++) {
        int left = i;
        sxt_set_alloc_hook(fail_one_allocation, &left);
        sxt_status status = write_everything(&error);
        sxt_set_alloc_hook(NULL, NULL);
        assert_int_equal(n_files(), 1);
        if (left >= 0) break; /* fewer allocations than i */
        assert_true(status != SXT_OK);
        n_failed++;
    }
    assert_in_range(n_failed, 3, 9);
}

/* The system itself refuses: a limit on the size of files stands for a disk that fills up. */
static void a_full_disk_keeps_the_old_file(void **state) {
    (void)state;
    struct rlimit old_limit, limit;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old_limit), 0);
    limit = old_limit;
    limit.rlim_cur = 100000;
    put("old");
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    sxt_error error;
    sxt_status status = write_everything(&error);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &old_limit), 0);
    assert_int_equal(status, SXT_E_IO);
    assert_true(is_old());
    assert_int_equal(n_files(), 1);
}

static void a_commit_after_a_failed_write_saves_nothing(void **state) {
    (void)state;
    static const uint8_t large[100000];
    sxt_error error;
    put("old");
    sxt_writer *writer = NULL;
    assert_int_equal(sxt_writer_open(target, &writer, &error), SXT_OK);
    arm(0);
    assert_int_equal(sxt_writer_write(writer, large, sizeof large, &error), SXT_E_IO);
    assert_int_equal(sxt_writer_write(writer, "rest", 4, &error), SXT_OK); /* a caller that does not look */
    assert_int_equal(sxt_writer_commit(writer, &error), SXT_E_IO);
    assert_true(is_old());
    assert_int_equal(n_files(), 1);
}

static void abort_keeps_the_old_file(void **state) {
    (void)state;
    sxt_error error;
    put("old");
    sxt_writer *writer = NULL;
    assert_int_equal(sxt_writer_open(target, &writer, &error), SXT_OK);
    assert_int_equal(sxt_writer_write(writer, "new", 3, &error), SXT_OK);
    assert_int_equal(n_files(), 2); /* beside the target, so that the rename stays in one file system */
    sxt_writer_abort(writer);
    sxt_writer_abort(NULL);
    assert_true(is_old());
    assert_int_equal(n_files(), 1);
}

static void folders_that_are_not_there(void **state) {
    (void)state;
    sxt_error error;
    sxt_writer *writer = NULL;
    char path[300];
    snprintf(path, sizeof path, "%s/missing/target.bin", folder);
    assert_int_equal(sxt_writer_open(path, &writer, &error), SXT_E_IO);
    assert_null(writer);
    assert_non_null(strstr(error.text, "missing/target.bin"));
    /* Not a folder's job to be replaced by a file. */
    assert_int_equal(sxt_writer_open(folder, &writer, &error), SXT_E_IO);
    assert_non_null(strstr(error.text, "regular file"));
    assert_true(sxt_path_is_folder(folder));
}

static void maps(void **state) {
    (void)state;
    sxt_error error;
    sxt_map map = {0};
    assert_int_equal(sxt_map_open(target, &map, &error), SXT_E_IO);
    assert_non_null(strstr(error.text, "target.bin"));
    assert_int_equal(sxt_map_open(folder, &map, &error), SXT_E_IO);
    assert_null(map.data);                     /* outputs only on success */
    assert_int_equal(mkfifo(target, 0600), 0); /* nobody writes to it: opening must not wait */
    assert_int_equal(sxt_map_open(target, &map, &error), SXT_E_IO);
    unlink(target);
    put("");
    assert_int_equal(sxt_map_open(target, &map, &error), SXT_OK);
    assert_non_null(map.data);
    assert_int_equal(map.size, 0);
    sxt_map_close(&map);
    put("twelve bytes");
    assert_int_equal(sxt_map_open(target, &map, &error), SXT_OK);
    assert_int_equal(map.size, 12);
    assert_memory_equal(map.data, "twelve bytes", 12);
    sxt_map_close(&map);
    sxt_map_close(&map);
}

/* Anonymous pages that are forgotten come back as zeros: so it shows which ones are. */
static void forgetting_keeps_pages_that_are_shared(void **state) {
    (void)state;
    enum { PAGES = 4 };
    size_t page = (size_t)sysconf(_SC_PAGESIZE), size = PAGES * page;
    uint8_t *bytes = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(bytes, MAP_FAILED);
    memset(bytes, 0xAA, size);
    sxt_map_forget(bytes + 1, page);
    sxt_map_forget(bytes + 1, 0);
    for (size_t i = 0; i < size; i++) assert_int_equal(bytes[i], 0xAA);
    sxt_map_forget(bytes + page - 1, 2 * page + 2); /* pages 1 and 2, and one byte on either side */
    for (size_t i = 0; i < size; i++) assert_int_equal(bytes[i], i / page == 1 || i / page == 2 ? 0 : 0xAA);
    munmap(bytes, size);
}

/* Those of a file come back as they were. */
static void forgotten_pages_are_read_again(void **state) {
    (void)state;
    static char text[1 << 16];
    sxt_error error;
    sxt_map map = {0};
    for (size_t i = 0; i + 1 < sizeof text; i++) text[i] = (char)('a' + i % 23);
    put(text);
    assert_int_equal(sxt_map_open(target, &map, &error), SXT_OK);
    assert_memory_equal(map.data, text, map.size);
    sxt_map_forget(map.data, map.size);
    assert_memory_equal(map.data, text, map.size);
    sxt_map_close(&map);
}

static void paths(void **state) {
    (void)state;
    put("x");
    char spelled[300], linked[300];
    snprintf(spelled, sizeof spelled, "%s/./../%s/target.bin", folder, strrchr(folder, '/') + 1);
    snprintf(linked, sizeof linked, "%s/link.bin", folder);
    assert_int_equal(symlink("target.bin", linked), 0);
    assert_true(sxt_path_same(target, spelled));
    assert_true(sxt_path_same(target, linked));
    unlink(linked);
    assert_false(sxt_path_same(target, folder));
    assert_false(sxt_path_same(target, linked));
    assert_true(sxt_path_exists(target) && !sxt_path_exists(linked));
    assert_true(sxt_path_is_folder(folder) && !sxt_path_is_folder(target));
    char *joined = sxt_path_join(folder, "target.bin");
    assert_string_equal(joined, target);
    sxt_free(joined);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(each_failing_call_leaves_old_or_new_and_no_litter, make_folder,
                                        remove_folder),
        cmocka_unit_test_setup_teardown(short_and_interrupted_writes_are_finished, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(each_failing_allocation_is_reported, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(a_full_disk_keeps_the_old_file, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(a_commit_after_a_failed_write_saves_nothing, make_folder,
                                        remove_folder),
        cmocka_unit_test_setup_teardown(abort_keeps_the_old_file, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(folders_that_are_not_there, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(maps, make_folder, remove_folder),
        cmocka_unit_test(forgetting_keeps_pages_that_are_shared),
        cmocka_unit_test_setup_teardown(forgotten_pages_are_read_again, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(paths, make_folder, remove_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
