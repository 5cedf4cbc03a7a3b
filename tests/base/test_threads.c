/* The pool: every task once, by any number of threads, round after round. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/memory.h"
#include "base/threads.h"

#include <stdatomic.h>
#include <string.h>

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
        cmocka_unit_test(pools_that_never_ran_are_freed),
        cmocka_unit_test(each_failing_allocation_is_reported),
        cmocka_unit_test(there_is_a_cpu),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
