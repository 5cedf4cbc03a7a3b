/* Packed weights are made once, whole or not at all, whoever asks first; the file's pages are given back. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "failing_memory.h"
#include "model/llama_files.h"
#include "model/packed_weights.h"
#include "tensor/packed.h"

#include <pthread.h>

/* Of two layers; wide enough that a matrix is several tasks and many pages. */
static const llama_spec wide = {.n_layers = 2,
                                .d_model = 256,
                                .n_heads = 4,
                                .n_kv_heads = 2,
                                .head_dim = 64,
                                .n_ff = 3072,
                                .n_vocab = 1536,
                                .type = SXT_TYPE_Q8_0};
enum { N_MATRICES = 15 };

typedef struct opened {
    scratch files;
    sxt_source source;
    sxt_hparams hparams;
    sxt_weights weights;
    sxt_packed_weights *packed;
    sxt_error error;
} opened;

static opened *start(const llama_spec *spec) {
    opened *o = calloc(1, sizeof *o);
    assert_non_null(o);
    scratch_make(&o->files);
    llama_write_gguf(&o->files, "m.gguf", spec);
    if (sxt_source_open(scratch_path(&o->files, "m.gguf"), false, &o->source, &o->error) != SXT_OK ||
        sxt_hparams_read(&o->source, 1, &o->hparams, &o->error) != SXT_OK ||
        sxt_weights_bind(&o->source, &o->hparams, &o->weights, &o->error) != SXT_OK ||
        sxt_packed_weights_new(&o->weights, &o->packed, &o->error) != SXT_OK)
        fail_msg("%s", o->error.text);
    return o;
}

static void finish(opened *o) {
    sxt_packed_weights_free(o->packed);
    sxt_weights_free(&o->weights);
    sxt_source_close(&o->source);
    scratch_remove(&o->files);
    free(o);
}

static void list_matrices(opened *o, const sxt_tensor *matrices[N_MATRICES]) {
    int n = 0;
    for (int i = 0; i < o->weights.n_layers; i++) {
        sxt_layer_weights *w = &o->weights.layers[i];
        const sxt_tensor *of_layer[] = {&w->q, &w->k, &w->v, &w->o, &w->gate, &w->up, &w->down};
        for (int j = 0; j < 7; j++) matrices[n++] = of_layer[j];
    }
    matrices[n++] = &o->weights.output;
    assert_int_equal(n, N_MATRICES);
}

static void make(opened *o, int n_threads) {
    sxt_pool *pool;
    assert_int_equal(sxt_pool_new(n_threads, &pool, NULL), SXT_OK);
    assert_int_equal(sxt_packed_weights_make(o->packed, pool, &o->error), SXT_OK);
    sxt_pool_free(pool);
}

/* Packed serially, group by group, from the matrix itself. */
static void check_packed(const sxt_tensor *w) {
    size_t bytes = sxt_packed_tensor_group_bytes(w);
    uint8_t *group = malloc(bytes);
    assert_non_null(group);
    assert_non_null(w->packed);
    assert_int_equal(w->packed->kind, sxt_packed_kind_of(w));
    for (int64_t i = 0; i < sxt_packed_n_groups(w); i++) {
        memset(group, 0, bytes);
        sxt_packed_fill(w, i, 1, group);
        assert_memory_equal(w->packed->groups + (size_t)i * bytes, group, bytes);
    }
    free(group);
}

static void test_every_matrix_is_packed(void **state) {
    (void)state;
    for (int n_threads = 1; n_threads <= 5; n_threads += 2) {
        opened *o = start(&wide);
        const sxt_tensor *matrices[N_MATRICES];
        uint64_t file_bytes = 0, bytes = 0;
        list_matrices(o, matrices);
        assert_false(sxt_packed_weights_made(o->packed));
        for (int i = 0; i < N_MATRICES; i++) {
            assert_null(matrices[i]->packed->groups);
            file_bytes += matrices[i]->n_bytes;
            bytes += (uint64_t)sxt_packed_n_groups(matrices[i]) * sxt_packed_tensor_group_bytes(matrices[i]);
        }
        assert_int_equal(sxt_packed_weights_file_bytes(o->packed), file_bytes);
        assert_int_equal(sxt_packed_weights_bytes(o->packed), bytes);
        make(o, n_threads);
        assert_true(sxt_packed_weights_made(o->packed));
        for (int i = 0; i < N_MATRICES; i++) check_packed(matrices[i]);
        const uint8_t *groups = matrices[3]->packed->groups;
        make(o, n_threads); /* nothing is left to do */
        assert_ptr_equal(matrices[3]->packed->groups, groups);
        assert_null(o->weights.embed.packed);
        finish(o);
    }
}

/* Rows of the embedding are read from the file, also when it is the output as well. */
static void test_tied_output_stays_in_the_file(void **state) {
    (void)state;
    llama_spec spec = wide;
    spec.tied = true;
    opened *o = start(&spec);
    const sxt_tensor *matrices[N_MATRICES];
    uint64_t file_bytes = 0;
    list_matrices(o, matrices);
    for (int i = 0; i + 1 < N_MATRICES; i++) file_bytes += matrices[i]->n_bytes;
    assert_int_equal(sxt_packed_weights_file_bytes(o->packed), file_bytes);
    make(o, 2);
    check_packed(&o->weights.output);
    assert_null(o->weights.embed.packed);
    finish(o);
}

static void test_floats_are_not_packed(void **state) {
    (void)state;
    llama_spec spec = wide;
    spec.type = SXT_TYPE_F16;
    opened *o = start(&spec);
    assert_true(sxt_packed_weights_made(o->packed));
    assert_int_equal(sxt_packed_weights_bytes(o->packed), 0);
    make(o, 2);
    assert_null(o->weights.output.packed);
    assert_null(o->weights.layers[1].down.packed);
    finish(o);
}

/* Resident KiB of the mapping that holds `address`; -1: the system does not say. */
static long resident_kib(const void *address) {
    FILE *f = fopen("/proc/self/smaps", "r");
    char line[512];
    bool inside = false;
    long kib = -1;
    while (f && kib < 0 && fgets(line, sizeof line, f)) {
        unsigned long begin, end;
        if (sscanf(line, "%lx-%lx ", &begin, &end) == 2)
            inside = (uintptr_t)address >= begin && (uintptr_t)address < end;
        else if (inside && sscanf(line, "Rss: %ld", &kib) != 1)
            kib = -1;
    }
    if (f) fclose(f);
    return kib;
}

static void test_pages_are_given_back(void **state) {
    (void)state;
    opened *o = start(&wide);
    unsigned sum = 0;
    for (uint64_t i = 0; i < o->weights.output.n_bytes; i++) sum += o->weights.output.data[i];
    for (int i = 0; i < 2; i++)
        for (uint64_t k = 0; k < o->weights.layers[i].gate.n_bytes; k++)
            sum += o->weights.layers[i].gate.data[k];
    long before = resident_kib(o->weights.output.data);
    if (sum == 0 || before < 0) {
        finish(o);
        skip();
    }
    make(o, 2);
    long after = resident_kib(o->weights.output.data);
    /* What may stay: a page at either end of each matrix, and what no matrix covers. */
    assert_in_range(after, 0, before - (long)(o->weights.output.n_bytes >> 10));
    finish(o);
}

static void test_allocation_failures(void **state) {
    (void)state;
    opened *o = start(&wide);
    for (int n = 0; n < 2; n++) {
        countdown c = {n, true, false};
        sxt_packed_weights *packed = NULL;
        sxt_set_alloc_hook(count_down, &c);
        sxt_status status = sxt_packed_weights_new(&o->weights, &packed, NULL);
        sxt_set_alloc_hook(NULL, NULL);
        assert_int_equal(status, SXT_E_MEMORY);
        assert_null(packed);
    }
    sxt_pool *pool;
    assert_int_equal(sxt_pool_new(2, &pool, NULL), SXT_OK);
    countdown c = {0, true, false};
    sxt_set_alloc_hook(count_down, &c);
    sxt_status status = sxt_packed_weights_make(o->packed, pool, &o->error);
    sxt_set_alloc_hook(NULL, NULL);
    assert_int_equal(status, SXT_E_MEMORY);
    assert_non_null(strstr(o->error.text, "packed weights"));
    assert_false(sxt_packed_weights_made(o->packed));
    assert_null(o->weights.output.packed->groups);
    assert_int_equal(sxt_packed_weights_make(o->packed, pool, &o->error), SXT_OK);
    check_packed(&o->weights.output);
    sxt_pool_free(pool);
    finish(o);
}

/* NULL where all went well. */
static void *make_from_thread(void *arg) {
    opened *o = arg;
    sxt_pool *pool;
    if (sxt_pool_new(2, &pool, NULL) != SXT_OK) return o;
    sxt_status status = sxt_packed_weights_make(o->packed, pool, NULL);
    sxt_pool_free(pool);
    bool is_there = sxt_packed_weights_made(o->packed) && o->weights.output.packed->groups;
    return status == SXT_OK && is_there ? NULL : o;
}

/* Several sessions begin at once: one packs, the others wait for it. */
static void test_many_ask_at_once(void **state) {
    (void)state;
    enum { N_THREADS = 4 };
    opened *o = start(&wide);
    pthread_t threads[N_THREADS];
    for (int i = 0; i < N_THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, make_from_thread, o), 0);
    for (int i = 0; i < N_THREADS; i++) {
        void *fault;
        assert_int_equal(pthread_join(threads[i], &fault), 0);
        assert_null(fault);
    }
    check_packed(&o->weights.output);
    finish(o);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_matrix_is_packed), cmocka_unit_test(test_tied_output_stays_in_the_file),
        cmocka_unit_test(test_floats_are_not_packed),  cmocka_unit_test(test_pages_are_given_back),
        cmocka_unit_test(test_allocation_failures),    cmocka_unit_test(test_many_ask_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
