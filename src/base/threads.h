/* A small pool. Work is cut into tasks whose results do not depend on who runs them, so any number of
 * threads gives the same bits. */
#ifndef SXT_BASE_THREADS_H
#define SXT_BASE_THREADS_H

#include "base/error.h"

typedef struct sxt_pool sxt_pool;

/* i_thread in [0, n_threads) says whose scratch memory the task may use. */
typedef void (*sxt_task_fn)(void *arg, int64_t i_task, int i_thread);

/* n_threads >= 1, the caller included. */
sxt_status sxt_pool_new(int n_threads, sxt_pool **pool, sxt_error *error);
void sxt_pool_free(sxt_pool *pool);
int sxt_pool_n_threads(const sxt_pool *pool);

/* Runs fn(arg, i, thread) for every i in [0, n_tasks), returns when all are done. Tasks are handed out
 * in rising order, one at a time. */
void sxt_pool_run(sxt_pool *pool, int64_t n_tasks, sxt_task_fn fn, void *arg);

/* CPUs that this process may use (affinity), at least 1. */
int sxt_cpu_count(void);

#endif
