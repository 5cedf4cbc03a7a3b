#include "model/packed_weights.h"

#include "base/file.h"
#include "base/memory.h"
#include "base/num.h"
#include "tensor/packed.h"

#include <pthread.h>

enum {
    MATRICES = 7,  /* of a layer: q .. down */
    TASK_KIB = 256 /* packed in one go */
};

typedef struct packed_matrix {
    const sxt_tensor *tensor;
    sxt_packed packed;
    size_t at; /* in memory */
} packed_matrix;

struct sxt_packed_weights {
    pthread_mutex_t mutex;
    packed_matrix *matrices; /* (n_matrices) */
    int64_t n_matrices;
    size_t bytes;
    uint64_t file_bytes;
    uint8_t *memory; /* (bytes) or NULL; under the mutex */
};

/* `is_shared`: rows of the same matrix are read from the file as well. */
static void add_matrix(sxt_packed_weights *p, sxt_tensor *tensor, bool is_shared) {
    sxt_packed_kind kind = tensor->traits ? sxt_packed_kind_of(tensor) : SXT_PACKED_NONE;
    if (kind == SXT_PACKED_NONE) return;
    packed_matrix *m = &p->matrices[p->n_matrices++];
    *m = (packed_matrix){tensor, {kind, NULL}, p->bytes};
    p->bytes += (size_t)sxt_packed_n_groups(tensor) * sxt_packed_tensor_group_bytes(tensor);
    if (!is_shared) p->file_bytes += tensor->n_bytes;
    tensor->packed = &m->packed;
}

sxt_status sxt_packed_weights_new(sxt_weights *weights, sxt_packed_weights **out, sxt_error *error) {
    size_t most = (size_t)weights->n_layers * MATRICES + 1;
    sxt_packed_weights *p = sxt_alloc(1, sizeof *p);
    packed_matrix *matrices = sxt_alloc(most, sizeof *matrices);
    if (!p || !matrices) {
        sxt_free(p);
        sxt_free(matrices);
        return sxt_fail_memory(error, "the list of matrices", most * sizeof *matrices);
    }
    p->matrices = matrices;
    pthread_mutex_init(&p->mutex, NULL);
    for (int32_t i = 0; i < weights->n_layers; i++) {
        sxt_layer_weights *w = &weights->layers[i];
        sxt_tensor *const of_layer[MATRICES] = {&w->q, &w->k, &w->v, &w->o, &w->gate, &w->up, &w->down};
        for (int j = 0; j < MATRICES; j++) add_matrix(p, of_layer[j], false);
    }
    add_matrix(p, &weights->output, weights->output.data == weights->embed.data);
    *out = p;
    return SXT_OK;
}

void sxt_packed_weights_free(sxt_packed_weights *p) {
    if (!p) return;
    sxt_free_pages(p->memory, p->bytes);
    pthread_mutex_destroy(&p->mutex);
    sxt_free(p->matrices);
    sxt_free(p);
}

uint64_t sxt_packed_weights_bytes(const sxt_packed_weights *p) { return p->bytes; }
uint64_t sxt_packed_weights_file_bytes(const sxt_packed_weights *p) { return p->file_bytes; }

bool sxt_packed_weights_made(sxt_packed_weights *p) {
    pthread_mutex_lock(&p->mutex);
    bool made = p->memory || p->bytes == 0;
    pthread_mutex_unlock(&p->mutex);
    return made;
}

/* ---- Packing ---------------------------------------------------------------------------------- */

typedef struct pack_work {
    const sxt_tensor *tensor;
    uint8_t *groups;
    size_t group_bytes;
    int64_t n_groups, task_groups;
} pack_work;

static void pack_task(void *arg, int64_t i_task, int i_thread) {
    (void)i_thread;
    const pack_work *work = arg;
    int64_t first = i_task * work->task_groups, n = sxt_min_i64(work->task_groups, work->n_groups - first);
    sxt_packed_fill(work->tensor, first, n, work->groups + (size_t)first * work->group_bytes);
}

/* The pages of the file are dropped matrix by matrix: both forms are never in memory together. */
static void pack_matrix(packed_matrix *m, uint8_t *memory, sxt_pool *pool) {
    pack_work work = {.tensor = m->tensor, .groups = memory + m->at};
    work.group_bytes = sxt_packed_tensor_group_bytes(m->tensor);
    work.n_groups = sxt_packed_n_groups(m->tensor);
    work.task_groups = sxt_max_i64(1, (int64_t)((TASK_KIB << 10) / work.group_bytes));
    sxt_pool_run(pool, (work.n_groups + work.task_groups - 1) / work.task_groups, pack_task, &work);
    sxt_map_forget(m->tensor->data, (size_t)m->tensor->n_bytes);
    m->packed.groups = work.groups;
}

sxt_status sxt_packed_weights_make(sxt_packed_weights *p, sxt_pool *pool, sxt_error *error) {
    sxt_status status = SXT_OK;
    pthread_mutex_lock(&p->mutex);
    if (!p->memory && p->bytes > 0) {
        p->memory = sxt_alloc_pages(p->bytes);
        if (!p->memory) status = sxt_fail_memory(error, "the packed weights", p->bytes);
        for (int64_t i = 0; status == SXT_OK && i < p->n_matrices; i++)
            pack_matrix(&p->matrices[i], p->memory, pool);
    }
    pthread_mutex_unlock(&p->mutex);
    return status;
}
