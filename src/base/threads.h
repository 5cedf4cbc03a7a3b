/* A small pool. Work is cut into tasks whose results do not depend on who runs them, so any number of
 * threads gives the same bits. An idle pool sleeps; more threads than CPUs do not get into each other's way,
 * because no more of them work at a time than there are CPUs. */
#ifndef SXT_BASE_THREADS_H
#define SXT_BASE_THREADS_H

#include "base/error.h"

typedef struct sxt_pool sxt_pool;

/* i_thread in [0, n_threads) says whose scratch memory the task may use. */
typedef void (*sxt_task_fn)(void *arg, int64_t i_task, int i_thread);

/* More than any machine that this runs on; a larger number is a mistake. */
enum { SXT_MAX_THREADS = 1024 };

/* n_threads >= 1, the caller included. The threads may run where the calling thread may at this moment. */
sxt_status sxt_pool_new(int n_threads, sxt_pool **pool, sxt_error *error);
void sxt_pool_free(sxt_pool *pool);
int sxt_pool_n_threads(const sxt_pool *pool);

/* Runs fn(arg, i, thread) for every i in [0, n_tasks), returns when all are done. Tasks are handed out
 * in rising order, one at a time. One caller at a time; a task must not call it for the same pool. */
void sxt_pool_run(sxt_pool *pool, int64_t n_tasks, sxt_task_fn fn, void *arg);

/* CPUs that this thread may use (affinity, a container's limit), at least 1. */
int sxt_cpu_count(void);

#endif
