#include "model/random_model.h"

#include "base/file.h"
#include "base/memory.h"
#include "base/num.h"
#include "model/convert_output.h"
#include "model/export_values.h"
#include "model/random_numbers.h"
#include "model/recipe.h"
#include "model/rope_config.h"

#include <assert.h>
#include <math.h>
#include <string.h>

/* Quantising takes longer than all the rest, and its result is as random as its input: so a few thousand blocks
 * of each type are quantised, and a matrix is drawn from them block by block. */
enum { POOL_BLOCKS = 4096, POOL_TASK = 64 };
enum { MAX_POOLS = 16 }; /* more than there are block types: a mix and its misfits may need most of them */
/* Rows are made side by side and written together. */
enum { SLAB_BYTES = 16 << 20 };

typedef struct pool {
    const sxt_type_traits *traits;
    uint8_t *blocks; /* (POOL_BLOCKS, traits->block_bytes) */
} pool;

typedef struct random_job {
    const char *config_path, *vocab_path;
    uint64_t seed;
    const sxt_convert_params *params;
    sxt_model *vocab;
    sxt_model shape; /* the hyper-parameters, and the tokenizer of `vocab`: what is exported. Of the weights
                      * the lists of longrope alone */
    const sxt_recipe *recipe;
    sxt_pool *threads;
    sxt_gguf_writer *writer;
    float deviation;
    float *rows; /* (n_threads, widest row of floats) */
    int64_t widest;
    uint8_t *slab; /* (slab_bytes) */
    size_t slab_bytes;
    pool pools[MAX_POOLS];
    int n_pools;
    int64_t n_done, n_tensors;
    sxt_error *error;
} random_job;

/* ---- Shape, vocabulary ---- */

static sxt_status read_lists(random_job *job, const sxt_json *document) {
    const int32_t n = job->shape.hparams.rope.n_rot / 2;
    sxt_weights *w = &job->shape.weights;
    if (job->shape.hparams.rope.scaling != SXT_ROPE_LONGROPE) return SXT_OK;
    w->rope_long = sxt_alloc((size_t)n, sizeof(float));
    w->rope_short = sxt_alloc((size_t)n, sizeof(float));
    if (!w->rope_long || !w->rope_short)
        return sxt_fail_memory(job->error, "rotary factors", (uint64_t)n * sizeof(float));
    SXT_TRY(sxt_rope_config_list(document, true, n, w->rope_long, job->error));
    return sxt_rope_config_list(document, false, n, w->rope_short, job->error);
}

static sxt_status read_shape(random_job *job, const char *path, const char *output) {
    sxt_map map = {0};
    sxt_json *document = NULL;
    sxt_status status;
    if (sxt_path_same(output, path))
        return sxt_fail(job->error, SXT_E_ARGUMENT,
                        "%.200s is one of the files that are read; choose another output", output);
    SXT_TRY(sxt_map_open(path, &map, job->error)); /* its error names the path */
    status = sxt_json_parse(map.data, map.size, &document, job->error);
    if (status == SXT_OK)
        status = sxt_hparams_from_json(document, 0, sxt_tokenizer_n_vocab(job->vocab->tokenizer),
                                       &job->shape.hparams, job->error);
    if (status == SXT_OK) status = read_lists(job, document);
    sxt_fail_in(job->error, status, path);
    sxt_json_free(document);
    sxt_map_close(&map);
    return status;
}

static sxt_status open_inputs(random_job *job, const char *output) {
    const sxt_model_params vocab_only = {.vocab_only = true};
    SXT_TRY(sxt_model_load(job->vocab_path, &vocab_only, &job->vocab, job->error));
    SXT_TRY(sxt_check_output(job->vocab, output, job->error));
    job->shape.tokenizer = job->vocab->tokenizer;
    if (!sxt_path_is_folder(job->config_path)) return read_shape(job, job->config_path, output);
    char *path = sxt_path_join(job->config_path, "config.json");
    if (!path) return sxt_fail_memory(job->error, "a file name", strlen(job->config_path));
    sxt_status status = read_shape(job, path, output);
    sxt_free(path);
    return status;
}

/* ---- The list of tensors: walked once to declare them and once to write them ---- */

typedef struct tensor_plan {
    char name[SXT_WEIGHT_NAME_MAX];
    int slot;
    sxt_type type;
    int32_t n_dims;
    int64_t dims[2];
    uint64_t stream; /* of its random numbers */
} tensor_plan;

typedef sxt_status (*tensor_fn)(random_job *job, const tensor_plan *plan);

/* Divisors of rotary frequencies that the scaling has no use for. */
static bool is_left_out(const sxt_hparams *h, int slot) {
    if (slot == SXT_W_ROPE_FREQS) return !sxt_export_has_divisors(&h->rope);
    return (slot == SXT_W_ROPE_LONG || slot == SXT_W_ROPE_SHORT) && h->rope.scaling != SXT_ROPE_LONGROPE;
}

/* Of a weight: a seed gives the same numbers whatever slots there will be. */
static uint64_t number_of(int32_t layer, int slot) {
    enum { SPACE = 1 << 20 };
    if (slot < SXT_W_FIRST_SLOTS) return (uint64_t)layer * SXT_W_FIRST_SLOTS + (uint64_t)slot;
    return (uint64_t)slot * SPACE + (uint64_t)layer;
}

static sxt_status visit(random_job *job, const sxt_weight_name *row, int32_t layer, tensor_fn fn) {
    const sxt_hparams *h = &job->shape.hparams;
    tensor_plan plan = {.slot = row->slot, .type = SXT_TYPE_F32};
    plan.n_dims = sxt_weight_dims(h, row, plan.dims);
    if (plan.n_dims == 0 || is_left_out(h, row->slot)) return SXT_OK;
    sxt_weight_name_print(row->gguf, layer, plan.name);
    if (plan.n_dims == 2 && !sxt_slot_is_norm(row->slot))
        plan.type = sxt_type_that_fits(sxt_recipe_type(job->recipe, h, row->slot, layer, job->params->pure),
                                       plan.dims[1]);
    plan.stream = sxt_random_bits(sxt_random_mix(job->seed), number_of(layer, row->slot));
    return fn(job, &plan);
}

static sxt_status visit_all(random_job *job, tensor_fn fn) {
    const sxt_hparams *h = &job->shape.hparams;
    for (int i = 0; i < h->arch->n_weights; i++) {
        const sxt_weight_name *row = &h->arch->weights[i];
        for (int32_t layer = 0; layer < (row->per_layer ? h->n_layers : 1); layer++)
            SXT_TRY(visit(job, row, layer, fn));
    }
    return SXT_OK;
}

static sxt_status declare(random_job *job, const tensor_plan *plan) {
    sxt_gguf_writer_tensor(job->writer, plan->name, plan->type, plan->n_dims, plan->dims);
    job->widest = sxt_max_i64(job->widest, plan->dims[plan->n_dims - 1]);
    job->n_tensors++;
    return SXT_OK;
}

/* ---- Pools of blocks ---- */

typedef struct pool_work {
    const random_job *job;
    pool *pool;
    uint64_t stream;
} pool_work;

static void fill_pool(void *arg, int64_t i_task, int i_thread) {
    const pool_work *work = arg;
    const sxt_type_traits *traits = work->pool->traits;
    float *values = work->job->rows + i_thread * work->job->widest; /* a row is whole blocks */
    for (int64_t b = i_task * POOL_TASK; b < (i_task + 1) * POOL_TASK; b++) {
        for (int64_t i = 0; i < traits->block; i++)
            values[i] =
                sxt_random_normal(work->stream, (uint64_t)(b * traits->block + i), work->job->deviation);
        traits->pack(values, work->pool->blocks + (size_t)b * traits->block_bytes, traits->block);
    }
}

static sxt_status find_pool(random_job *job, const sxt_type_traits *traits, const uint8_t **blocks) {
    for (int i = 0; i < job->n_pools; i++)
        if (job->pools[i].traits == traits) {
            *blocks = job->pools[i].blocks;
            return SXT_OK;
        }
    assert(job->n_pools < MAX_POOLS);
    pool *made = &job->pools[job->n_pools];
    size_t n_bytes = POOL_BLOCKS * traits->block_bytes;
    *made = (pool){traits, sxt_alloc(n_bytes, 1)};
    if (!made->blocks) return sxt_fail_memory(job->error, "random blocks", n_bytes);
    job->n_pools++;
    pool_work work = {job, made, sxt_random_mix(~job->seed)};
    sxt_pool_run(job->threads, POOL_BLOCKS / POOL_TASK, fill_pool, &work);
    *blocks = made->blocks;
    return SXT_OK;
}

/* ---- Rows ---- */

typedef struct slab_work {
    const random_job *job;
    const tensor_plan *plan;
    const sxt_type_traits *traits;
    const uint8_t *blocks; /* the pool; NULL for types of single numbers */
    int64_t first_row;     /* of the slab */
    size_t row_bytes;
} slab_work;

static void draw_row(const slab_work *work, int64_t row, uint8_t *to) {
    const int64_t n_blocks = work->plan->dims[1] / work->traits->block;
    const size_t block_bytes = work->traits->block_bytes;
    for (int64_t i = 0; i < n_blocks; i++) {
        uint64_t chosen = sxt_random_bits(work->plan->stream, (uint64_t)(row * n_blocks + i)) % POOL_BLOCKS;
        memcpy(to + (size_t)i * block_bytes, work->blocks + chosen * block_bytes, block_bytes);
    }
}

static void make_row(void *arg, int64_t i_task, int i_thread) {
    const slab_work *work = arg;
    const int64_t row = work->first_row + i_task, n = work->plan->dims[1];
    uint8_t *to = work->job->slab + (size_t)i_task * work->row_bytes;
    float *values = work->job->rows + i_thread * work->job->widest;
    if (work->blocks) {
        draw_row(work, row, to);
        return;
    }
    for (int64_t i = 0; i < n; i++)
        values[i] = sxt_random_normal(work->plan->stream, (uint64_t)(row * n + i), work->job->deviation);
    work->traits->pack(values, to, n);
}

static sxt_status write_matrix(random_job *job, const tensor_plan *plan) {
    slab_work work = {.job = job, .plan = plan, .traits = sxt_type_find((uint32_t)plan->type)};
    if (work.traits->block > 1) SXT_TRY(find_pool(job, work.traits, &work.blocks));
    work.row_bytes = (size_t)(plan->dims[1] / work.traits->block) * work.traits->block_bytes;
    const int64_t rows_at_once = (int64_t)(job->slab_bytes / work.row_bytes);
    for (int64_t row = 0; row < plan->dims[0]; row += rows_at_once) {
        int64_t n = sxt_min_i64(rows_at_once, plan->dims[0] - row);
        work.first_row = row;
        sxt_pool_run(job->threads, n, make_row, &work);
        SXT_TRY(sxt_gguf_writer_data(job->writer, job->slab, (size_t)n * work.row_bytes, job->error));
    }
    return SXT_OK;
}

/* Norms are ones, as before training; biases random; the rotary divisors what config.json says. */
static sxt_status write_vector(random_job *job, const tensor_plan *plan) {
    float *values = job->rows;
    const int64_t n = plan->dims[0];
    bool is_norm = sxt_slot_is_norm(plan->slot);
    for (int64_t i = 0; i < n; i++)
        values[i] = is_norm ? 1 : sxt_random_normal(plan->stream, (uint64_t)i, job->deviation);
    const float *list = plan->slot == SXT_W_ROPE_LONG    ? job->shape.weights.rope_long
                        : plan->slot == SXT_W_ROPE_SHORT ? job->shape.weights.rope_short
                                                         : NULL;
    if (list) memcpy(values, list, (size_t)n * sizeof *values);
    if (plan->slot == SXT_W_ROPE_FREQS)
        SXT_TRY(sxt_export_divisors(&job->shape.hparams.rope, values, job->error));
    return sxt_gguf_writer_data(job->writer, values, (size_t)n * sizeof *values, job->error);
}

static sxt_status write_tensor(random_job *job, const tensor_plan *plan) {
    SXT_TRY(plan->n_dims == 2 ? write_matrix(job, plan) : write_vector(job, plan));
    job->n_done++;
    if (!job->params->progress ||
        job->params->progress(job->params->progress_user, job->n_done, job->n_tensors))
        return SXT_OK;
    return sxt_fail(job->error, SXT_E_CANCELLED, "stopped after %lld of %lld tensors; nothing was written",
                    (long long)job->n_done, (long long)job->n_tensors);
}

/* ---- All of it ---- */

static sxt_status make_buffers(random_job *job) {
    const uint64_t row_bytes = (uint64_t)job->widest * sizeof *job->rows; /* no type is wider than f32 */
    job->slab_bytes = row_bytes > SLAB_BYTES ? (size_t)row_bytes : SLAB_BYTES;
    job->slab = sxt_alloc(job->slab_bytes, 1);
    job->rows = sxt_alloc((size_t)sxt_pool_n_threads(job->threads), (size_t)row_bytes);
    if (job->slab && job->rows) return SXT_OK;
    return sxt_fail_memory(job->error, "rows of weights", job->slab_bytes + row_bytes);
}

static sxt_status write_all(random_job *job, const char *output) {
    SXT_TRY(sxt_recipe_need(job->params->type, &job->recipe, job->error));
    SXT_TRY(open_inputs(job, output));
    job->deviation = 1 / sqrtf((float)job->shape.hparams.d_model);
    SXT_TRY(sxt_pool_new(job->params->n_threads, &job->threads, job->error));
    SXT_TRY(sxt_gguf_writer_new(output, &job->writer, job->error));
    SXT_TRY(sxt_export_values(&job->shape, job->recipe->file_type, job->writer, job->error));
    SXT_TRY(visit_all(job, declare));
    SXT_TRY(make_buffers(job));
    SXT_TRY(sxt_gguf_writer_begin(job->writer, job->error));
    SXT_TRY(visit_all(job, write_tensor));
    sxt_gguf_writer *writer = job->writer;
    job->writer = NULL;
    return sxt_gguf_writer_commit(writer, job->error);
}

sxt_status sxt_random_model_write(const char *config, const char *vocab, const char *output, uint64_t seed,
                                  const sxt_convert_params *params, sxt_error *error) {
    random_job job = {
        .config_path = config, .vocab_path = vocab, .seed = seed, .params = params, .error = error};
    sxt_status status = write_all(&job, output);
    sxt_gguf_writer_abort(job.writer);
    sxt_pool_free(job.threads);
    sxt_model_unload(job.vocab);
    sxt_weights_free(&job.shape.weights);
    for (int i = 0; i < job.n_pools; i++) sxt_free(job.pools[i].blocks);
    sxt_free(job.slab);
    sxt_free(job.rows);
    return status;
}
