/* Results that outlive what ends a run: kill -9, a full disk, a damaged file; and folders that are not this
 * run's. */
#include "eval/result_store.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static const result_fact facts[] = {{"command", "needle"}, {"model", "llama 1"}, {"plans", "none"}};
enum { N_FACTS = 3, N_PROBLEM = 512 };

/* A scratch folder, and the store's in it. */
typedef struct scratch {
    char folder[64], results[80], file[112], problem[N_PROBLEM];
} scratch;

static int set_up(void **state) {
    scratch *s = calloc(1, sizeof *s);
    strcpy(s->folder, "/tmp/result-store-XXXXXX");
    if (mkdtemp(s->folder) == NULL) return -1;
    snprintf(s->results, sizeof s->results, "%s/out", s->folder);
    snprintf(s->file, sizeof s->file, "%s/results.sqlite", s->results);
    *state = s;
    return 0;
}

static int tear_down(void **state) {
    scratch *s = *state;
    char command[128];
    snprintf(command, sizeof command, "rm -r %s", s->folder);
    int code = system(command);
    free(s);
    return code;
}

static result_store *opened(scratch *s, result_store_mode mode) {
    result_store *store = NULL;
    result_store_answer answer =
        result_store_open(s->results, mode, facts, N_FACTS, &store, s->problem, N_PROBLEM);
    if (answer != RESULT_STORE_OK) fail_msg("%s", s->problem);
    return store;
}

/* Refused or failed, with one line that has all of the words. */
static void not_opened(scratch *s, result_store_mode mode, const result_fact *others, int n,
                       result_store_answer expected, const char *word, const char *remedy) {
    result_store *store = NULL;
    s->problem[0] = '\0';
    assert_int_equal(result_store_open(s->results, mode, others, n, &store, s->problem, N_PROBLEM), expected);
    assert_null(store);
    if (strstr(s->problem, word) == NULL || strstr(s->problem, remedy) == NULL) fail_msg("%s", s->problem);
    assert_null(strchr(s->problem, '\n'));
}

static void put(scratch *s, result_store *store, const char *key, const char *value) {
    if (!result_store_put(store, key, value, s->problem, N_PROBLEM)) fail_msg("%s", s->problem);
}

static void assert_value(scratch *s, result_store *store, const char *key, const char *expected) {
    char *value = NULL;
    assert_true(result_store_get(store, key, &value, s->problem, N_PROBLEM));
    if (expected == NULL)
        assert_null(value);
    else
        assert_string_equal(value, expected);
    free(value);
}

static bool add_to_list(void *user, const char *key, const char *value) {
    char *list = user;
    strcat(list, key);
    strcat(list, "=");
    strcat(list, value);
    strcat(list, " ");
    return strstr(key, "stop") == NULL;
}

static void assert_list(scratch *s, result_store *store, const char *prefix, const char *expected) {
    char list[256] = "";
    assert_true(result_store_each(store, prefix, add_to_list, list, s->problem, N_PROBLEM));
    assert_string_equal(list, expected);
}

static void test_cells_are_kept_replaced_and_walked_in_order(void **state) {
    scratch *s = *state;
    result_store *store = opened(s, RESULT_STORE_NEW);
    put(s, store, "b|2", "two");
    put(s, store, "b|1", "one");
    put(s, store, "a%_|1", "odd");
    put(s, store, "c|1", "\xC3\xA9\"'");
    put(s, store, "b|1", "uno");
    assert_value(s, store, "b|1", "uno");
    assert_value(s, store, "b|3", NULL);
    assert_list(s, store, "b|", "b|1=uno b|2=two ");
    assert_list(s, store, "", "a%_|1=odd b|1=uno b|2=two c|1=\xC3\xA9\"' ");
    assert_list(s, store, "d", "");
    put(s, store, "b|1stop", "");
    assert_list(s, store, "b", "b|1=uno b|1stop= ");
    result_store_close(store);
    store = opened(s, RESULT_STORE_READ);
    assert_value(s, store, "b|2", "two");
    assert_string_equal(result_store_fact(store, "model"), "llama 1");
    assert_null(result_store_fact(store, "mode"));
    result_fact fact;
    assert_true(result_store_fact_at(store, 2, &fact));
    assert_string_equal(fact.name, "plans");
    assert_string_equal(fact.value, "none");
    assert_false(result_store_fact_at(store, 3, &fact));
    assert_false(result_store_put(store, "x", "y", s->problem, N_PROBLEM));
    result_store_close(store);
    result_store_close(NULL);
}

static void test_only_the_same_run_goes_on(void **state) {
    scratch *s = *state;
    const result_fact other[] = {{"command", "needle"}, {"model", "llama 2"}, {"plans", "none"}};
    const result_fact more[] = {{"command", "needle"}, {"model", "llama 1"}, {"plans", "none"}, {"seed", "1"}};
    result_store_close(opened(s, RESULT_STORE_NEW));
    result_store_close(opened(s, RESULT_STORE_NEW)); /* nothing in it yet */
    result_store *store = opened(s, RESULT_STORE_RESUME);
    put(s, store, "k", "v");
    result_store_close(store);
    not_opened(s, RESULT_STORE_NEW, facts, N_FACTS, RESULT_STORE_REFUSED, "holds results already", "--resume");
    not_opened(s, RESULT_STORE_RESUME, other, N_FACTS, RESULT_STORE_REFUSED,
               "model: llama 1 there, llama 2 now", "another folder");
    not_opened(s, RESULT_STORE_RESUME, more, 4, RESULT_STORE_REFUSED, "seed: nothing there, 1 now",
               "another folder");
    not_opened(s, RESULT_STORE_RESUME, facts, 2, RESULT_STORE_REFUSED, "plans: none there, nothing now",
               "another folder");
    store = opened(s, RESULT_STORE_RESUME);
    assert_value(s, store, "k", "v");
    result_store_close(store);
}

static void test_what_is_no_folder_of_results(void **state) {
    scratch *s = *state;
    not_opened(s, RESULT_STORE_READ, NULL, 0, RESULT_STORE_FAILED, "is no folder", "give the folder");
    char deep[96];
    snprintf(deep, sizeof deep, "%s/a/b", s->folder);
    result_store *store = NULL;
    assert_int_equal(result_store_open(deep, RESULT_STORE_NEW, facts, N_FACTS, &store, s->problem, N_PROBLEM),
                     RESULT_STORE_FAILED);
    assert_non_null(strstr(s->problem, "No such file"));
    result_store_close(opened(s, RESULT_STORE_NEW));
    assert_int_equal(unlink(s->file), 0);
    not_opened(s, RESULT_STORE_READ, NULL, 0, RESULT_STORE_FAILED, "holds no results", "give the folder");
}

static void test_one_process_at_a_time(void **state) {
    scratch *s = *state;
    result_store *store = opened(s, RESULT_STORE_NEW);
    put(s, store, "k", "v");
    not_opened(s, RESULT_STORE_RESUME, facts, N_FACTS, RESULT_STORE_FAILED, "in use by another process",
               "wait");
    not_opened(s, RESULT_STORE_READ, NULL, 0, RESULT_STORE_FAILED, "in use by another process", "wait");
    result_store_close(store);
    result_store_close(opened(s, RESULT_STORE_RESUME));
}

/* ---- What ends a run ------------------------------------------------------------------------------------- */

/* In a child: cells k0, k1, ... without end; each is told through the pipe when it is said to be on the disk.
 */
static void write_cells(scratch *s, int told) {
    static char value[3000];
    memset(value, 'v', sizeof value - 1);
    result_store *store = opened(s, RESULT_STORE_RESUME);
    for (int i = 0; i < 100000; i++) {
        char key[32];
        snprintf(key, sizeof key, "k%d", i);
        if (!result_store_put(store, key, value, s->problem, N_PROBLEM)) break;
        if (write(told, &i, sizeof i) != sizeof i) break;
    }
    size_t n = strlen(s->problem);
    int end = -1;
    if (write(told, &end, sizeof end) == sizeof end && write(told, s->problem, n) == (ssize_t)n) _exit(0);
    _exit(1);
}

static void assert_cells(scratch *s, int last) {
    result_store *store = opened(s, RESULT_STORE_RESUME);
    for (int i = 0; i <= last; i++) {
        char key[32], *value = NULL;
        snprintf(key, sizeof key, "k%d", i);
        assert_true(result_store_get(store, key, &value, s->problem, N_PROBLEM));
        assert_non_null(value);
        assert_int_equal(strlen(value), 2999);
        free(value);
    }
    put(s, store, "after", "it goes on");
    result_store_close(store);
}

static void test_kill_9_loses_nothing_that_was_told(void **state) {
    scratch *s = *state;
    int last = -1;
    for (int round = 0; round < 8; round++) {
        int ends[2], i = 0;
        assert_int_equal(pipe(ends), 0);
        pid_t child = fork();
        if (child == 0) write_cells(s, ends[1]);
        close(ends[1]);
        for (int k = 0; k < 5 + 3 * round; k++) assert_int_equal(read(ends[0], &i, sizeof i), sizeof i);
        kill(child, SIGKILL); /* anywhere inside the puts that follow */
        while (read(ends[0], &i, sizeof i) == sizeof i) {
        }
        close(ends[0]);
        waitpid(child, NULL, 0);
        if (i > last) last = i;
        assert_cells(s, last);
    }
    assert_true(last >= 25);
}

static void test_no_room_left(void **state) {
    scratch *s = *state;
    int ends[2], i = 0, last = -1;
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        const struct rlimit limit = {200000, 200000};
        signal(SIGXFSZ, SIG_IGN);
        if (setrlimit(RLIMIT_FSIZE, &limit) != 0) _exit(2);
        write_cells(s, ends[1]);
    }
    close(ends[1]);
    while (read(ends[0], &i, sizeof i) == sizeof i && i >= 0) last = i;
    char problem[N_PROBLEM] = "";
    assert_true(read(ends[0], problem, sizeof problem - 1) > 0);
    close(ends[0]);
    waitpid(child, NULL, 0);
    assert_true(last > 10);
    assert_non_null(strstr(problem, s->file));
    assert_non_null(strstr(problem, "finished is kept"));
    assert_non_null(strstr(problem, "--resume"));
    assert_cells(s, last);
}

/* ---- Damaged files --------------------------------------------------------------------------------------- */

static void overwrite(const char *path, long at, const void *bytes, size_t n) {
    FILE *file = fopen(path, "r+b");
    assert_non_null(file);
    assert_int_equal(fseek(file, at, SEEK_SET), 0);
    assert_int_equal(fwrite(bytes, 1, n, file), n);
    assert_int_equal(fclose(file), 0);
}

static void fill_some(scratch *s) {
    result_store *store = opened(s, RESULT_STORE_NEW);
    for (int i = 0; i < 200; i++) {
        char key[32];
        snprintf(key, sizeof key, "key %03d", i);
        put(s, store, key, "a value of some length, so that there are several pages of them in the file");
    }
    result_store_close(store);
}

static void test_damaged_files(void **state) {
    scratch *s = *state;
    static const char garbage[4096] = {0x55};
    fill_some(s);
    overwrite(s->file, 3 * 4096, garbage, sizeof garbage);
    not_opened(s, RESULT_STORE_RESUME, facts, N_FACTS, RESULT_STORE_FAILED, "is damaged", "delete it");
    not_opened(s, RESULT_STORE_READ, NULL, 0, RESULT_STORE_FAILED, "is damaged", "delete it");
    overwrite(s->file, 0, "this is a text, not a database of any kind", 40);
    not_opened(s, RESULT_STORE_RESUME, facts, N_FACTS, RESULT_STORE_FAILED, "is damaged, or no file of results",
               "delete it");
}

static void test_cut_off_file(void **state) {
    scratch *s = *state;
    fill_some(s);
    assert_int_equal(truncate(s->file, 2 * 4096 + 100), 0);
    not_opened(s, RESULT_STORE_RESUME, facts, N_FACTS, RESULT_STORE_FAILED, "is damaged", "delete it");
}

/* The version is 4 bytes at 60 of the file, the application's number at 68 (sqlite.org/fileformat2.html). */
static void test_files_of_others(void **state) {
    scratch *s = *state;
    fill_some(s);
    overwrite(s->file, 60, "\0\0\0\2", 4);
    not_opened(s, RESULT_STORE_RESUME, facts, N_FACTS, RESULT_STORE_FAILED,
               "format 2, which a newer version wrote", "another folder");
    overwrite(s->file, 68, "\0\0\0\2", 4);
    not_opened(s, RESULT_STORE_RESUME, facts, N_FACTS, RESULT_STORE_FAILED, "another program's",
               "another folder");
}

/* A file that was made and not yet filled when the run ended is as good as none. */
static void test_empty_file(void **state) {
    scratch *s = *state;
    fill_some(s);
    assert_int_equal(truncate(s->file, 0), 0);
    not_opened(s, RESULT_STORE_READ, NULL, 0, RESULT_STORE_REFUSED, "holds no results yet", "give the folder");
    result_store *store = opened(s, RESULT_STORE_NEW);
    put(s, store, "k", "v");
    result_store_close(store);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {TEST(test_cells_are_kept_replaced_and_walked_in_order),
                                       TEST(test_only_the_same_run_goes_on),
                                       TEST(test_what_is_no_folder_of_results),
                                       TEST(test_one_process_at_a_time),
                                       TEST(test_kill_9_loses_nothing_that_was_told),
                                       TEST(test_no_room_left),
                                       TEST(test_damaged_files),
                                       TEST(test_cut_off_file),
                                       TEST(test_files_of_others),
                                       TEST(test_empty_file)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
