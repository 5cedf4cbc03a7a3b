/* The pool: every task once, by any number of threads, round after round. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/memory.h"
#include "base/rng.h"
#include "base/threads.h"

#include <dirent.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MAX_TASKS = 1000, MAX_THREADS = 40 };

typedef struct board {
    int n_threads;
    atomic_int times[MAX_TASKS];
    atomic_bool busy[MAX_THREADS]; /* a thread number is never used by two tasks at once */
    atomic_bool clash;
    int64_t plain[MAX_TASKS]; /* not atomic: run() itself must publish it to the caller */
} board;

static void mark(void *arg, int64_t i_task, int i_thread) {
    board *b = arg;
    if (i_thread < 0 || i_thread >= b->n_threads || atomic_exchange(&b->busy[i_thread], true)) {
        atomic_store(&b->clash, true);
        return;
    }
    atomic_fetch_add(&b->times[i_task], 1);
    b->plain[i_task] += i_task + 1;
    atomic_store(&b->busy[i_thread], false);
}

static void check_round(board *b, sxt_pool *pool, int64_t n_tasks) {
    memset(b->plain, 0, sizeof b->plain);
    for (int i = 0; i < MAX_TASKS; i++) atomic_store(&b->times[i], 0);
    sxt_pool_run(pool, n_tasks, mark, b);
    assert_false(atomic_load(&b->clash));
    for (int64_t i = 0; i < MAX_TASKS; i++) {
        assert_int_equal(atomic_load(&b->times[i]), i < n_tasks);
        assert_int_equal(b->plain[i], i < n_tasks ? i + 1 : 0);
    }
}

static void every_task_runs_once(void **state) {
    (void)state;
    static const int threads[] = {1, 2, 3,
                                  4, 7, MAX_THREADS}; /* the last: more than most machines have cores */
    static const int64_t tasks[] = {0, 1, 2, 3, 39, 40, 41, MAX_TASKS};
    for (size_t t = 0; t < sizeof threads / sizeof threads[0]; t++) {
        sxt_pool *pool = NULL;
        sxt_error error;
        static board b;
        memset(&b, 0, sizeof b);
        b.n_threads = threads[t];
        assert_int_equal(sxt_pool_new(threads[t], &pool, &error), SXT_OK);
        assert_int_equal(sxt_pool_n_threads(pool), threads[t]);
        for (int round = 0; round < 3; round++)
            for (size_t k = 0; k < sizeof tasks / sizeof tasks[0]; k++) check_round(&b, pool, tasks[k]);
        sxt_pool_free(pool);
    }
}

static void add_one(void *arg, int64_t i_task, int i_thread) {
    (void)i_thread;
    ((int *)arg)[i_task]++;
}

typedef struct chain {
    const int64_t *from; /* (n) */
    int64_t *to;         /* (n) */
    int64_t n, offset;
} chain;

/* Reads two values that other threads may have written in the round before. */
static void next_value(void *arg, int64_t i_task, int i_thread) {
    (void)i_thread;
    const chain *c = arg;
    c->to[i_task] = c->from[i_task] + c->from[(i_task + c->offset) % c->n] % 1000003;
}

/* Each round lives off what the round before has written, with an argument that is gone when the round is:
 * a thread that runs late, or a task of an old round, would change the result. */
static void rounds_see_what_rounds_before_wrote(void **state) {
    (void)state;
    enum { ROUNDS = 3000, MOST = 70 };
    static const int threads[] = {2, 3, 8, 64};
    for (size_t t = 0; t < sizeof threads / sizeof threads[0]; t++) {
        int64_t values[2][MOST], serial[2][MOST];
        sxt_rng rng = sxt_rng_make(7);
        sxt_pool *pool = NULL;
        for (int i = 0; i < MOST; i++) values[0][i] = values[1][i] = serial[0][i] = serial[1][i] = i;
        assert_int_equal(sxt_pool_new(threads[t], &pool, NULL), SXT_OK);
        for (int round = 0; round < ROUNDS; round++) {
            int64_t n = 1 + sxt_rng_u32(&rng) % MOST, offset = sxt_rng_u32(&rng) % MOST;
            int from = round % 2;
            chain parallel = {values[from], values[!from], n, offset};
            chain alone = {serial[from], serial[!from], n, offset};
            sxt_pool_run(pool, n, next_value, &parallel);
            for (int64_t i = 0; i < n; i++) next_value(&alone, i, 0);
            memset(&parallel, 0xFF, sizeof parallel);
        }
        assert_memory_equal(values, serial, sizeof values);
        sxt_pool_free(pool);
    }
}

static void pause_ms(long ms) { usleep((useconds_t)ms * 1000); }

/* The first task of a round sleeps, so that the others are done, and their threads asleep, long before. */
static void first_is_slow(void *arg, int64_t i_task, int i_thread) {
    (void)i_thread;
    if (i_task == 0) pause_ms(3);
    ((int *)arg)[i_task]++;
}

/* The last one: the caller has nothing left to do and must sleep until it is done. */
static void last_is_slow(void *arg, int64_t i_task, int i_thread) {
    (void)i_thread;
    if (i_task == 9) pause_ms(3);
    ((int *)arg)[i_task]++;
}

static void slow_tasks_are_waited_for(void **state) {
    (void)state;
    enum { ROUNDS = 12, TASKS = 10 };
    static const int threads[] = {2, 3, 16};
    for (size_t t = 0; t < sizeof threads / sizeof threads[0]; t++) {
        int times[TASKS] = {0};
        sxt_pool *pool = NULL;
        assert_int_equal(sxt_pool_new(threads[t], &pool, NULL), SXT_OK);
        for (int round = 0; round < ROUNDS; round++) {
            sxt_pool_run(pool, TASKS, round % 2 ? first_is_slow : last_is_slow, times);
            for (int i = 0; i < TASKS; i++) assert_int_equal(times[i], round + 1);
        }
        sxt_pool_free(pool);
    }
}

/* Threads that have gone to sleep come back for the next round, and for the end. */
static void sleeping_pools_wake_and_stop(void **state) {
    (void)state;
    int sums[40] = {0};
    for (int i = 0; i < 6; i++) {
        sxt_pool *pool = NULL;
        assert_int_equal(sxt_pool_new(1 + 3 * i, &pool, NULL), SXT_OK);
        for (int round = 0; round < 3; round++) {
            sxt_pool_run(pool, 40, add_one, sums);
            pause_ms(2);
        }
        sxt_pool_free(pool);
    }
    for (int i = 0; i < 40; i++) assert_int_equal(sums[i], 18);
}

/* Two tasks that wait for each other: neither ends before both have begun. */
static void meet(void *arg, int64_t i_task, int i_thread) {
    (void)i_task;
    (void)i_thread;
    atomic_int *n_here = arg;
    atomic_fetch_add(n_here, 1);
    while (atomic_load(n_here) < 2) sched_yield();
}

/* The caller could do everything alone, and every result would be right: here it would wait for ever. Right
 * after the round before, and when the other thread has gone to sleep. */
static void a_second_thread_helps(void **state) {
    (void)state;
    if (sxt_cpu_count() < 2) skip(); /* nobody is woken where no CPU is left */
    sxt_pool *pool = NULL;
    assert_int_equal(sxt_pool_new(2, &pool, NULL), SXT_OK);
    for (int round = 0; round < 40; round++) {
        atomic_int n_here = 0;
        sxt_pool_run(pool, 2, meet, &n_here);
        if (round % 2) pause_ms(2);
    }
    sxt_pool_free(pool);
}

/* What the system says a thread does: 'S' sleeps, 'R' runs or would; 0: the system does not say. */
static char thread_state(long id) {
    char path[64], text[512] = "";
    snprintf(path, sizeof path, "/proc/self/task/%ld/stat", id);
    FILE *f = fopen(path, "r");
    if (!f) return 0;
    size_t n = fread(text, 1, sizeof text - 1, f);
    fclose(f);
    const char *name_end = n > 0 ? strrchr(text, ')') : NULL; /* "ID (NAME) STATE ..." */
    return name_end && name_end[1] == ' ' ? name_end[2] : 0;
}

static bool others_sleep(void) {
    DIR *tasks = opendir("/proc/self/task");
    bool all = true;
    assert_non_null(tasks);
    for (const struct dirent *entry; (entry = readdir(tasks)) != NULL;) {
        long id = strtol(entry->d_name, NULL, 10);
        if (id > 0 && id != gettid() && thread_state(id) != 'S') all = false;
    }
    closedir(tasks);
    return all;
}

/* No clock: threads that never cease to look for work would be waited for until the test is stopped. */
static void an_idle_pool_sleeps(void **state) {
    (void)state;
    if (thread_state(gettid()) == 0) skip();
    int sums[8] = {0};
    sxt_pool *pool = NULL;
    assert_int_equal(sxt_pool_new(sxt_cpu_count() + 1, &pool, NULL), SXT_OK);
    sxt_pool_run(pool, 8, add_one, sums);
    while (!others_sleep()) pause_ms(1);
    sxt_pool_free(pool);
}

typedef struct long_wait {
    long caller;
    atomic_int n_here;
} long_wait;

/* One task ends at once; that of the worker when the caller sleeps. */
static void until_the_caller_sleeps(void *arg, int64_t i_task, int i_thread) {
    long_wait *w = arg;
    meet(&w->n_here, i_task, i_thread);
    while (i_thread != 0 && thread_state(w->caller) != 'S') pause_ms(1);
}

/* The same for a caller that waits for one long task of another thread. */
static void a_waiting_caller_sleeps(void **state) {
    (void)state;
    if (thread_state(gettid()) == 0 || sxt_cpu_count() < 2) skip();
    long_wait w = {.caller = gettid()};
    sxt_pool *pool = NULL;
    assert_int_equal(sxt_pool_new(2, &pool, NULL), SXT_OK);
    sxt_pool_run(pool, 2, until_the_caller_sleeps, &w);
    assert_int_equal(atomic_load(&w.n_here), 2);
    sxt_pool_free(pool);
}

typedef struct allowed {
    cpu_set_t cpus;
    atomic_int n_elsewhere;
} allowed;

static void look_where_it_may_run(void *arg, int64_t i_task, int i_thread) {
    (void)i_task;
    (void)i_thread;
    allowed *a = arg;
    cpu_set_t cpus;
    if (sched_getaffinity(0, sizeof cpus, &cpus) != 0 || !CPU_EQUAL(&cpus, &a->cpus))
        atomic_fetch_add(&a->n_elsewhere, 1);
    pause_ms(1); /* lets the other threads have some */
}

/* Threads may run where the thread that makes the pool may, no less and no more. */
static void affinity_is_respected(void **state) {
    (void)state;
    cpu_set_t all, one;
    assert_int_equal(sched_getaffinity(0, sizeof all, &all), 0);
    int last = CPU_SETSIZE - 1;
    while (!CPU_ISSET(last, &all)) last--;
    CPU_ZERO(&one);
    CPU_SET(last, &one);
    for (int pinned = 0; pinned < 2; pinned++) {
        allowed a = {.cpus = pinned ? one : all};
        sxt_pool *pool = NULL;
        assert_int_equal(sched_setaffinity(0, sizeof a.cpus, &a.cpus), 0);
        assert_int_equal(sxt_pool_new(4, &pool, NULL), SXT_OK);
        if (pinned) assert_int_equal(sxt_cpu_count(), 1);
        sxt_pool_run(pool, 20, look_where_it_may_run, &a);
        assert_int_equal(atomic_load(&a.n_elsewhere), 0);
        sxt_pool_free(pool);
        assert_int_equal(sched_setaffinity(0, sizeof all, &all), 0);
    }
}

/* Rounds follow each other without a pause, as the layers of a forward pass do. */
static void thousands_of_short_rounds(void **state) {
    (void)state;
    enum { ROUNDS = 5000, TASKS = 5 };
    int sums[TASKS] = {0};
    sxt_pool *pool = NULL;
    sxt_error error;
    assert_int_equal(sxt_pool_new(3, &pool, &error), SXT_OK);
    for (int i = 0; i < ROUNDS; i++) sxt_pool_run(pool, TASKS, add_one, sums);
    for (int i = 0; i < TASKS; i++) assert_int_equal(sums[i], ROUNDS);
    sxt_pool_free(pool);
}

static void pools_that_never_ran_are_freed(void **state) {
    (void)state;
    for (int i = 0; i < 50; i++) {
        sxt_pool *pool = NULL;
        sxt_error error;
        assert_int_equal(sxt_pool_new(1 + i % 5, &pool, &error), SXT_OK);
        sxt_pool_free(pool);
    }
    sxt_pool_free(NULL);
}

/* A thread may notice the last round only when the pool is being freed already. */
static void pools_are_freed_right_after_a_round(void **state) {
    (void)state;
    int sums[8] = {0};
    for (int i = 0; i < 1500; i++) {
        sxt_pool *pool = NULL;
        assert_int_equal(sxt_pool_new(2 + i % 7, &pool, NULL), SXT_OK);
        sxt_pool_run(pool, 8, add_one, sums);
        sxt_pool_free(pool);
    }
    for (int i = 0; i < 8; i++) assert_int_equal(sums[i], 1500);
}

static bool fail_one_allocation(void *user, size_t bytes) {
    (void)bytes;
    return (*(int *)user)-- != 0;
}

static void each_failing_allocation_is_reported(void **state) {
    (void)state;
    for (int i = 0; i < 2; i++) {
        int left = i;
        sxt_pool *pool = NULL;
        sxt_error error;
        sxt_set_alloc_hook(fail_one_allocation, &left);
        sxt_status status = sxt_pool_new(2, &pool, &error);
        sxt_set_alloc_hook(NULL, NULL);
        assert_int_equal(status, SXT_E_MEMORY);
        assert_null(pool);
    }
}

static void there_is_a_cpu(void **state) {
    (void)state;
    assert_in_range(sxt_cpu_count(), 1, 100000);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_task_runs_once),
        cmocka_unit_test(thousands_of_short_rounds),
        cmocka_unit_test(rounds_see_what_rounds_before_wrote),
        cmocka_unit_test(slow_tasks_are_waited_for),
        cmocka_unit_test(sleeping_pools_wake_and_stop),
        cmocka_unit_test(a_second_thread_helps),
        cmocka_unit_test(an_idle_pool_sleeps),
        cmocka_unit_test(a_waiting_caller_sleeps),
        cmocka_unit_test(affinity_is_respected),
        cmocka_unit_test(pools_that_never_ran_are_freed),
        cmocka_unit_test(pools_are_freed_right_after_a_round),
        cmocka_unit_test(each_failing_allocation_is_reported),
        cmocka_unit_test(there_is_a_cpu),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
