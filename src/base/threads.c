/* Tasks are taken from one counter, and a round is over when all its tasks are: a thread that wakes late, or
 * never, is not waited for. Whoever has nothing to do looks again for a short while, then sleeps in the
 * kernel; no more threads are kept awake than there are CPUs. */
#include "base/threads.h"

#include "base/memory.h"

#include <limits.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum {
    CACHE_LINE = 64,
    SPIN_NS = 50000,      /* serial gaps of a forward pass are shorter; to sleep and wake takes about as long */
    LOOKS_PER_CLOCK = 16, /* while spinning: reading the clock at every look would slow the looks down */
    GAP_NS = 200000,      /* so long between two looks: somebody else had the CPU */
    CROWDED_NS = 50000000, /* after that, nobody spins for so long */
    WAKES = 2              /* threads that a thread wakes: all wake in a tree, none of them spends long on it */
};

typedef struct worker {
    sxt_pool *pool;
    pthread_t thread;
    int index;
} worker;

struct sxt_pool {
    int n_threads, n_cpus;
    int n_started;   /* workers */
    worker *workers; /* (n_threads - 1) */
    cpu_set_t cpus;  /* that the threads may use */
    bool has_cpus;   /* false: the system did not say */

    /* The round: written by the caller while no task is open, read by whoever has taken a task. */
    sxt_task_fn fn;
    void *arg;
    int64_t n_tasks;

    alignas(CACHE_LINE) atomic_llong n_left; /* tasks that nobody has taken; below 1: none */
    alignas(CACHE_LINE) atomic_llong n_open; /* tasks that are not finished */
    alignas(CACHE_LINE) atomic_uint round;   /* raised when there is work; workers sleep on it */
    atomic_int n_asleep;                     /* workers */
    atomic_bool stop;
    alignas(CACHE_LINE) atomic_uint caller_sleeps; /* ... on this word, while it is 1 */
    atomic_llong crowded_until;                    /* on the clock; before that, spinning would only cost */
};

/* ---- Sleeping ---------------------------------------------------------------------------------- */

/* Sleeps while *word is `value`; may return early. True: word_wake() has counted this thread. */
static bool word_wait(atomic_uint *word, unsigned value) {
    return syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, value, NULL, NULL, 0) == 0;
}

/* Returns how many it has woken. */
static int word_wake(atomic_uint *word, int n_threads) {
    long n_woken = syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, n_threads, NULL, NULL, 0);
    return n_woken > 0 ? (int)n_woken : 0;
}

static int64_t clock_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

typedef struct spin {
    int64_t end, last; /* on the clock; end 0: not begun */
    int n_looks;
} spin;

static bool may_begin(const sxt_pool *pool, int64_t now) {
    int n_awake = pool->n_threads - atomic_load_explicit(&pool->n_asleep, memory_order_relaxed);
    return n_awake <= pool->n_cpus && now >= atomic_load_explicit(&pool->crowded_until, memory_order_relaxed);
}

/* Whether to look once more rather than sleep; takes a moment. */
static bool spin_more(sxt_pool *pool, spin *s) {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
    if (s->end != 0 && ++s->n_looks % LOOKS_PER_CLOCK != 0) return true;
    int64_t now = clock_ns();
    if (s->end == 0) {
        s->end = now + SPIN_NS;
        s->last = now;
        return may_begin(pool, now);
    }
    if (now - s->last > GAP_NS)
        atomic_store_explicit(&pool->crowded_until, now + CROWDED_NS, memory_order_relaxed);
    s->last = now;
    return now < s->end;
}

/* ---- A round ----------------------------------------------------------------------------------- */

/* Only if a CPU is left for them, and work. Who wakes counts them as awake at once, or two who wake at a time
 * would both fill the same CPUs. */
static void wake_workers(sxt_pool *pool) {
    int64_t n_left = atomic_load_explicit(&pool->n_left, memory_order_relaxed);
    int n_asleep = atomic_load(&pool->n_asleep), n;
    do {
        n = pool->n_cpus - (pool->n_threads - n_asleep);
        if (n > n_asleep) n = n_asleep;
        if (n > WAKES) n = WAKES;
        if (n > n_left) n = (int)n_left;
        if (n <= 0) return;
    } while (!atomic_compare_exchange_weak(&pool->n_asleep, &n_asleep, n_asleep - n));
    int n_woken = word_wake(&pool->round, n);
    if (n_woken < n) atomic_fetch_add(&pool->n_asleep, n - n_woken);
}

/* Runs what is left of the round. Who has taken a task keeps the round, and so fn and arg, from ending until
 * it is subtracted from n_open; who has not reads neither. */
static void run_tasks(sxt_pool *pool, int i_thread) {
    int64_t n_run = 0;
    while (atomic_load_explicit(&pool->n_left, memory_order_relaxed) > 0) {
        int64_t left = atomic_fetch_sub_explicit(&pool->n_left, 1, memory_order_acquire);
        if (left <= 0) break;
        pool->fn(pool->arg, pool->n_tasks - left, i_thread);
        n_run++;
    }
    if (n_run == 0) return;
    bool last = atomic_fetch_sub(&pool->n_open, n_run) == n_run;
    if (last && i_thread != 0 && atomic_exchange(&pool->caller_sleeps, 0) == 1)
        word_wake(&pool->caller_sleeps, 1);
}

/* The caller, when no task is left to take. */
static void wait_for_tasks(sxt_pool *pool) {
    spin s = {0};
    do {
        if (atomic_load_explicit(&pool->n_open, memory_order_acquire) == 0) return;
    } while (spin_more(pool, &s));
    for (;;) {
        atomic_store(&pool->caller_sleeps, 1);
        if (atomic_load(&pool->n_open) == 0) break;
        word_wait(&pool->caller_sleeps, 1);
    }
    atomic_store(&pool->caller_sleeps, 0);
}

void sxt_pool_run(sxt_pool *pool, int64_t n_tasks, sxt_task_fn fn, void *arg) {
    if (pool->n_threads == 1 || n_tasks <= 1) {
        for (int64_t i = 0; i < n_tasks; i++) fn(arg, i, 0);
        return;
    }
    pool->fn = fn;
    pool->arg = arg;
    pool->n_tasks = n_tasks;
    atomic_store_explicit(&pool->n_open, n_tasks, memory_order_relaxed);
    atomic_store_explicit(&pool->n_left, n_tasks, memory_order_release);
    atomic_fetch_add(&pool->round, 1);
    wake_workers(pool);
    run_tasks(pool, 0);
    wait_for_tasks(pool);
}

/* ---- Workers ----------------------------------------------------------------------------------- */

/* n_asleep counts this worker already. */
static void sleep_until_round(sxt_pool *pool, unsigned seen) {
    bool counted = false; /* as awake, by who has woken it */
    while (atomic_load(&pool->round) == seen) {
        if (counted) atomic_fetch_add(&pool->n_asleep, 1); /* woken for a round that it has seen */
        counted = word_wait(&pool->round, seen);
    }
    if (!counted) atomic_fetch_sub(&pool->n_asleep, 1);
    if (!atomic_load(&pool->stop)) wake_workers(pool);
}

/* Waits until the round number differs from `seen`. */
static void wait_for_round(sxt_pool *pool, unsigned seen) {
    spin s = {0};
    do {
        if (atomic_load_explicit(&pool->round, memory_order_acquire) != seen) return;
    } while (spin_more(pool, &s));
    atomic_fetch_add(&pool->n_asleep, 1);
    sleep_until_round(pool, seen);
}

static void *worker_main(void *arg) {
    worker *self = arg;
    sxt_pool *pool = self->pool;
    if (pool->has_cpus) pthread_setaffinity_np(pthread_self(), sizeof pool->cpus, &pool->cpus);
    sleep_until_round(pool, 0);
    for (;;) {
        unsigned seen = atomic_load(&pool->round); /* before `stop`, whose round would else be slept through */
        if (atomic_load(&pool->stop)) return NULL;
        run_tasks(pool, self->index);
        wait_for_round(pool, seen);
    }
}

/* The next CPU of the set after `cpu`. */
static int next_cpu(const cpu_set_t *set, int cpu) {
    do cpu = (cpu + 1) % CPU_SETSIZE;
    while (!CPU_ISSET(cpu, set));
    return cpu;
}

/* The thread is born on a CPU of its own, else it would wait there for its parent to be interrupted; then
 * it may go wherever its parent may. A system that does not let us choose only makes a slower start. */
static bool start_worker(worker *w, int cpu) {
    pthread_attr_t attributes;
    bool chosen = w->pool->has_cpus && pthread_attr_init(&attributes) == 0;
    if (chosen) {
        cpu_set_t one;
        CPU_ZERO(&one);
        CPU_SET(cpu, &one);
        bool done = pthread_attr_setaffinity_np(&attributes, sizeof one, &one) == 0 &&
                    pthread_create(&w->thread, &attributes, worker_main, w) == 0;
        pthread_attr_destroy(&attributes);
        if (done) return true;
    }
    return pthread_create(&w->thread, NULL, worker_main, w) == 0;
}

static sxt_status start_workers(sxt_pool *pool, sxt_error *error) {
    int cpu = sched_getcpu();
    for (int i = 0; i < pool->n_threads - 1; i++) {
        pool->workers[i] = (worker){.pool = pool, .index = i + 1};
        if (pool->has_cpus) cpu = next_cpu(&pool->cpus, cpu);
        if (!start_worker(&pool->workers[i], cpu))
            return sxt_fail(error, SXT_E_MEMORY, "cannot start thread %d of %d; ask for fewer threads", i + 2,
                            pool->n_threads);
        pool->n_started++;
    }
    return SXT_OK;
}

sxt_status sxt_pool_new(int n_threads, sxt_pool **out, sxt_error *error) {
    sxt_pool *pool = sxt_alloc_pages(sizeof *pool); /* zeroed, and aligned as the counters want */
    worker *workers = sxt_alloc((size_t)n_threads, sizeof *workers);
    if (!pool || !workers) {
        sxt_free_pages(pool, sizeof *pool);
        sxt_free(workers);
        return sxt_fail_memory(error, "the threads", sizeof *pool);
    }
    pool->n_threads = n_threads;
    pool->n_cpus = sxt_cpu_count();
    pool->workers = workers;
    pool->n_asleep = n_threads - 1;
    pool->has_cpus = sched_getaffinity(0, sizeof pool->cpus, &pool->cpus) == 0 && CPU_COUNT(&pool->cpus) > 0;
    sxt_status status = start_workers(pool, error);
    if (status == SXT_OK)
        *out = pool;
    else
        sxt_pool_free(pool);
    return status;
}

void sxt_pool_free(sxt_pool *pool) {
    if (!pool) return;
    atomic_store(&pool->stop, true);
    atomic_fetch_add(&pool->round, 1);
    word_wake(&pool->round, INT_MAX);
    for (int i = 0; i < pool->n_started; i++) pthread_join(pool->workers[i].thread, NULL);
    sxt_free(pool->workers);
    sxt_free_pages(pool, sizeof *pool);
}

int sxt_pool_n_threads(const sxt_pool *pool) { return pool->n_threads; }

/* ---- CPUs -------------------------------------------------------------------------------------- */

/* A container may be given the time of fewer CPUs than it sees: threads beyond that only get the rest
 * stopped. INT_MAX: no limit. */
static int container_cpus(void) {
    FILE *f = fopen("/sys/fs/cgroup/cpu.max", "r");
    if (!f) return INT_MAX;
    char text[64] = "", *end; /* "QUOTA PERIOD", or "max PERIOD" */
    bool is_read = fgets(text, sizeof text, f) != NULL;
    fclose(f);
    long long quota = strtoll(text, &end, 10), period = strtoll(end, NULL, 10);
    if (!is_read || quota <= 0 || period <= 0 || quota / period >= INT_MAX) return INT_MAX;
    return (int)(quota / period + (quota % period != 0));
}

int sxt_cpu_count(void) {
    cpu_set_t set;
    long n = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : sysconf(_SC_NPROCESSORS_ONLN);
    int most = container_cpus();
    if (n < 1) n = 1;
    return n < most ? (int)n : most;
}
