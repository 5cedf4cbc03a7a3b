#include "base/threads.h"

#include "base/memory.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <unistd.h>

/* How often an idle worker looks for work before it sleeps: a forward pass has short serial gaps, and
 * a sleep and wake costs more than they last. */
enum { SPINS = 4000 };

typedef struct worker {
    sxt_pool *pool;
    pthread_t thread;
    int index;
} worker;

struct sxt_pool {
    int n_threads, n_started;
    worker *workers; /* (n_threads - 1) */
    sxt_task_fn fn;
    void *arg;
    int64_t n_tasks;
    atomic_llong next_task;
    atomic_int n_busy; /* workers that have not finished the current round */
    atomic_uint round; /* raised when there is work */
    atomic_bool stop;
    pthread_mutex_t mutex;
    pthread_cond_t wake;
};

static inline void pause_cpu(void) {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#endif
}

static void run_tasks(sxt_pool *pool, int i_thread) {
    for (;;) {
        int64_t i = atomic_fetch_add_explicit(&pool->next_task, 1, memory_order_relaxed);
        if (i >= pool->n_tasks) return;
        pool->fn(pool->arg, i, i_thread);
    }
}

/* Waits until the round number differs from `seen`. */
static unsigned wait_for_round(sxt_pool *pool, unsigned seen) {
    for (int i = 0; i < SPINS; i++) {
        unsigned now = atomic_load_explicit(&pool->round, memory_order_acquire);
        if (now != seen) return now;
        pause_cpu();
    }
    pthread_mutex_lock(&pool->mutex);
    while (atomic_load(&pool->round) == seen) pthread_cond_wait(&pool->wake, &pool->mutex);
    pthread_mutex_unlock(&pool->mutex);
    return atomic_load(&pool->round);
}

static void *worker_main(void *arg) {
    worker *self = arg;
    sxt_pool *pool = self->pool;
    unsigned seen = 0;
    for (;;) {
        seen = wait_for_round(pool, seen);
        if (atomic_load(&pool->stop)) return NULL;
        run_tasks(pool, self->index);
        atomic_fetch_sub_explicit(&pool->n_busy, 1, memory_order_release);
    }
}

static void start_round(sxt_pool *pool) {
    pthread_mutex_lock(&pool->mutex);
    atomic_fetch_add(&pool->round, 1);
    pthread_cond_broadcast(&pool->wake);
    pthread_mutex_unlock(&pool->mutex);
}

void sxt_pool_run(sxt_pool *pool, int64_t n_tasks, sxt_task_fn fn, void *arg) {
    if (pool->n_threads == 1 || n_tasks == 1) {
        for (int64_t i = 0; i < n_tasks; i++) fn(arg, i, 0);
        return;
    }
    pool->fn = fn;
    pool->arg = arg;
    pool->n_tasks = n_tasks;
    atomic_store(&pool->next_task, 0);
    atomic_store(&pool->n_busy, pool->n_threads - 1);
    start_round(pool);
    run_tasks(pool, 0);
    for (int i = 0; atomic_load_explicit(&pool->n_busy, memory_order_acquire) != 0; i++) {
        if (i < SPINS)
            pause_cpu();
        else
            sched_yield(); /* more threads than cores: let the others finish */
    }
}

sxt_status sxt_pool_new(int n_threads, sxt_pool **out, sxt_error *error) {
    sxt_pool *pool = sxt_alloc(1, sizeof *pool);
    worker *workers = sxt_alloc((size_t)n_threads, sizeof *workers);
    if (!pool || !workers) {
        sxt_free(pool);
        sxt_free(workers);
        return sxt_fail_memory(error, "the threads", sizeof *pool);
    }
    pool->n_threads = n_threads;
    pool->workers = workers;
    pthread_mutex_init(&pool->mutex, NULL);
    pthread_cond_init(&pool->wake, NULL);
    for (int i = 0; i < n_threads - 1; i++) {
        workers[i].pool = pool;
        workers[i].index = i + 1;
        if (pthread_create(&workers[i].thread, NULL, worker_main, &workers[i]) != 0) {
            sxt_pool_free(pool);
            return sxt_fail(error, SXT_E_MEMORY, "cannot start thread %d of %d; ask for fewer threads", i + 2,
                            n_threads);
        }
        pool->n_started++;
    }
    *out = pool;
    return SXT_OK;
}

void sxt_pool_free(sxt_pool *pool) {
    if (!pool) return;
    atomic_store(&pool->stop, true);
    start_round(pool);
    for (int i = 0; i < pool->n_started; i++) pthread_join(pool->workers[i].thread, NULL);
    pthread_cond_destroy(&pool->wake);
    pthread_mutex_destroy(&pool->mutex);
    sxt_free(pool->workers);
    sxt_free(pool);
}

int sxt_pool_n_threads(const sxt_pool *pool) { return pool->n_threads; }

int sxt_cpu_count(void) {
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) == 0) {
        int n = CPU_COUNT(&set);
        if (n > 0) return n;
    }
    long n = sysconf(_SC_NPROCESSORS_ONLN);
    return n > 0 ? (int)n : 1;
}
