#include "model/convert.h"

#include "base/memory.h"
#include "base/num.h"
#include "model/convert_output.h"
#include "model/convert_rows.h"
#include "model/export_values.h"
#include "model/recipe.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- What becomes of each tensor ---- */

typedef struct job {
    const sxt_tensor *tensor;
    const char *name; /* in the output */
    sxt_type type;
    sxt_row_change change;
} job;

/* A vector of divisors of the rotary frequencies. */
typedef struct divisors {
    const char *name;
    const float *values; /* (n_rot / 2) */
} divisors;

typedef struct conversion {
    const sxt_model *model;
    const sxt_convert_params *params;
    const sxt_recipe *recipe;
    sxt_convert_report *report;
    sxt_gguf_writer *writer;
    sxt_row_converter *rows;
    job *jobs; /* (n_jobs) */
    char (*names)[SXT_WEIGHT_NAME_MAX];
    int64_t n_jobs;
    float *factors;       /* (n_rot / 2) rope_freqs.weight to be made, or NULL */
    divisors divisors[2]; /* tensors that config.json stands for in a folder */
    int n_divisors;
    sxt_tensor *made; /* (2 * n_layers) what a folder has in several tensors */
    int64_t n_made;
    sxt_error *error;
} conversion;

static int64_t columns_of(const sxt_tensor *tensor) {
    return tensor->n_dims > 0 ? tensor->dims[tensor->n_dims - 1] : 1;
}

/* Vectors stay exact. */
static sxt_type choose_type(conversion *c, const sxt_tensor *tensor, const char *name, int slot,
                            int32_t layer) {
    int64_t columns = columns_of(tensor);
    if (sxt_tensor_elements(tensor) == columns || sxt_slot_is_norm(slot)) return SXT_TYPE_F32;
    sxt_type wanted = sxt_recipe_type(c->recipe, &c->model->hparams, slot, layer, c->params->pure);
    sxt_type type = sxt_type_that_fits(wanted, columns);
    if (type != wanted && c->report->n_misfits++ == 0)
        snprintf(c->report->misfit, sizeof c->report->misfit,
                 "%.80s has rows of %lld, which are not whole blocks of %s: kept as %s", name,
                 (long long)columns, sxt_type_name(wanted), sxt_type_name(type));
    return type;
}

static void add_job(conversion *c, const sxt_tensor *tensor, const char *name, int slot, int32_t layer,
                    sxt_row_change change) {
    job *j = &c->jobs[c->n_jobs];
    snprintf(c->names[c->n_jobs], sizeof c->names[0], "%s", name);
    *j = (job){tensor, c->names[c->n_jobs++], choose_type(c, tensor, name, slot, layer), change};
}

static bool is_rotary_slot(int slot) {
    return slot == SXT_W_Q || slot == SXT_W_K || slot == SXT_W_Q_BIAS || slot == SXT_W_K_BIAS;
}

/* What GGUF stores otherwise than a folder. */
static sxt_row_change change_of(const sxt_hparams *h, int slot) {
    const sxt_arch *arch = h->arch;
    sxt_row_change change = {.hparams = h};
    if (arch->gguf_interleaved && is_rotary_slot(slot)) change.order = SXT_ROWS_PAIRED;
    if (arch->hf_grouped_qkv && (slot == SXT_W_QKV || slot == SXT_W_QKV_BIAS))
        change.order = SXT_ROWS_UNGROUPED;
    if (arch->hf_norms_less_one && sxt_slot_is_norm(slot)) change.more = 1;
    return change;
}

/* Norms of single heads as one matrix, from where the model has put them side by side. */
static const sxt_tensor *join_heads(conversion *c, int slot, int32_t layer) {
    const sxt_hparams *h = &c->model->hparams;
    const sxt_layer_weights *w = &c->model->weights.layers[layer];
    bool is_q = slot == SXT_W_Q_HEAD_NORMS;
    sxt_tensor *made = &c->made[c->n_made++];
    *made = (sxt_tensor){.name = "norms of heads", .traits = sxt_type_find(SXT_TYPE_F32), .n_dims = 2};
    made->dims[0] = is_q ? h->n_heads : h->n_kv_heads;
    made->dims[1] = h->head_dim;
    made->data = (const uint8_t *)(is_q ? w->q_norm : w->k_norm);
    made->n_bytes = (uint64_t)(made->dims[0] * made->dims[1]) * sizeof(float);
    return made;
}

static bool is_of_heads(int slot) { return slot == SXT_W_Q_HEAD_NORMS || slot == SXT_W_K_HEAD_NORMS; }

/* The folder's tensors in the order of the architecture's table, under GGUF's names. */
static void plan_folder(conversion *c) {
    const sxt_hparams *h = &c->model->hparams;
    for (int i = 0; i < h->arch->n_weights; i++) {
        const sxt_weight_name *row = &h->arch->weights[i];
        bool is_there = row->hf && sxt_weight_applies(row, h);
        for (int32_t layer = 0; is_there && layer < (row->per_layer ? h->n_layers : 1); layer++) {
            char name[SXT_WEIGHT_NAME_MAX];
            sxt_weight_name_print(row->hf, layer, name);
            const sxt_tensor *tensor = is_of_heads(row->slot) ? join_heads(c, row->slot, layer)
                                                              : sxt_source_find_tensor(&c->model->source, name);
            sxt_weight_name_print(row->gguf, layer, name);
            bool is_copy = row->slot == SXT_W_OUTPUT && h->tied_output; /* of the embedding */
            if (tensor && !is_copy) add_job(c, tensor, name, row->slot, layer, change_of(h, row->slot));
        }
    }
}

/* Which weight of the architecture a GGUF name is; SXT_W_COUNT: none. */
static int find_slot(const sxt_hparams *h, const char *name, int32_t *layer) {
    const char *digits = strpbrk(name, "0123456789");
    *layer = digits ? (int32_t)strtol(digits, NULL, 10) : 0;
    for (int i = 0; i < h->arch->n_weights; i++) {
        char expected[SXT_WEIGHT_NAME_MAX];
        const sxt_weight_name *row = &h->arch->weights[i];
        sxt_weight_name_print(row->gguf, *layer, expected);
        if (sxt_weight_applies(row, h) && strcmp(expected, name) == 0) return row->slot;
    }
    return SXT_W_COUNT;
}

/* The file's tensors in its own order, those included that the model does not need. */
static void plan_gguf(conversion *c) {
    const int64_t n = sxt_source_n_tensors(&c->model->source);
    for (int64_t i = 0; i < n; i++) {
        const sxt_tensor *tensor = sxt_source_tensor_at(&c->model->source, i);
        int32_t layer;
        int slot = find_slot(&c->model->hparams, tensor->name, &layer);
        add_job(c, tensor, tensor->name, slot, layer, (sxt_row_change){.hparams = &c->model->hparams});
    }
}

static sxt_status make_factors(conversion *c) {
    const sxt_rope_params *rope = &c->model->hparams.rope;
    if (c->model->source.gguf) return SXT_OK;
    if (rope->scaling == SXT_ROPE_LONGROPE) {
        c->divisors[c->n_divisors++] = (divisors){"rope_factors_long.weight", rope->long_factors};
        c->divisors[c->n_divisors++] = (divisors){"rope_factors_short.weight", rope->short_factors};
    }
    if (!sxt_export_has_divisors(rope)) return SXT_OK;
    c->factors = sxt_alloc((size_t)rope->n_rot / 2, sizeof *c->factors);
    if (!c->factors) return sxt_fail_memory(c->error, "rotary factors", (uint64_t)rope->n_rot * 2);
    c->divisors[c->n_divisors++] = (divisors){"rope_freqs.weight", c->factors};
    return sxt_export_divisors(rope, c->factors, c->error);
}

static sxt_status plan_jobs(conversion *c) {
    size_t n = (size_t)sxt_source_n_tensors(&c->model->source);
    c->jobs = sxt_alloc(n, sizeof *c->jobs);
    c->names = sxt_alloc(n, sizeof *c->names);
    c->made = sxt_alloc((size_t)c->model->hparams.n_layers, 2 * sizeof *c->made);
    if (!c->jobs || !c->names || !c->made)
        return sxt_fail_memory(c->error, "the list of tensors", n * (sizeof *c->jobs + sizeof *c->names));
    if (c->model->source.gguf)
        plan_gguf(c);
    else
        plan_folder(c);
    c->report->n_tensors = c->n_jobs;
    return make_factors(c);
}

static void declare_tensors(conversion *c) {
    for (int64_t i = 0; i < c->n_jobs; i++)
        sxt_gguf_writer_tensor(c->writer, c->jobs[i].name, c->jobs[i].type, c->jobs[i].tensor->n_dims,
                               c->jobs[i].tensor->dims);
    const int64_t n_factors = c->model->hparams.rope.n_rot / 2;
    for (int i = 0; i < c->n_divisors; i++)
        sxt_gguf_writer_tensor(c->writer, c->divisors[i].name, SXT_TYPE_F32, 1, &n_factors);
}

/* ---- All of it ---- */

static sxt_status start_rows(conversion *c) {
    int64_t widest = 1;
    for (int64_t i = 0; i < c->n_jobs; i++) widest = sxt_max_i64(widest, columns_of(c->jobs[i].tensor));
    int n_threads = c->params->n_threads > 0 ? c->params->n_threads : sxt_cpu_count();
    return sxt_row_converter_new(n_threads, widest, &c->rows, c->error);
}

static sxt_status write_tensors(conversion *c) {
    const sxt_convert_params *p = c->params;
    for (int64_t i = 0; i < c->n_jobs; i++) {
        const job *j = &c->jobs[i];
        SXT_TRY(sxt_row_converter_write(c->rows, j->tensor, j->type, &j->change, c->writer, c->error));
        if (p->progress && !p->progress(p->progress_user, i + 1, c->n_jobs))
            return sxt_fail(c->error, SXT_E_CANCELLED,
                            "stopped after %lld of %lld tensors; nothing was written", (long long)(i + 1),
                            (long long)c->n_jobs);
    }
    size_t n_bytes = (size_t)c->model->hparams.rope.n_rot / 2 * sizeof(float);
    for (int i = 0; i < c->n_divisors; i++)
        SXT_TRY(sxt_gguf_writer_data(c->writer, c->divisors[i].values, n_bytes, c->error));
    return SXT_OK;
}

static sxt_status check_arguments(conversion *c) {
    const sxt_convert_params *p = c->params;
    if (c->model->vocab_only)
        return sxt_fail(c->error, SXT_E_ARGUMENT, "%.200s was opened for its vocabulary alone; open it whole",
                        c->model->path);
    if (p->n_threads < 0 || p->n_threads > SXT_MAX_THREADS)
        return sxt_fail(c->error, SXT_E_ARGUMENT, "the number of threads is %d; give 0 to %d",
                        (int)p->n_threads, (int)SXT_MAX_THREADS);
    return sxt_recipe_need(p->type ? p->type : "f16", &c->recipe, c->error);
}

sxt_status sxt_convert_model(const sxt_model *model, const char *output, const sxt_convert_params *params,
                             sxt_convert_report *report, sxt_error *error) {
    conversion c = {.model = model, .params = params, .report = report, .error = error};
    sxt_status status;
    *report = (sxt_convert_report){0};
    SXT_TRY(check_arguments(&c));
    SXT_TRY(sxt_check_output(model, output, error));
    SXT_TRY_DONE(sxt_gguf_writer_new(output, &c.writer, error));
    SXT_TRY_DONE(sxt_export_values(model, c.recipe->file_type, c.writer, error));
    SXT_TRY_DONE(plan_jobs(&c));
    declare_tensors(&c);
    SXT_TRY_DONE(start_rows(&c));
    SXT_TRY_DONE(sxt_gguf_writer_begin(c.writer, error));
    SXT_TRY_DONE(write_tensors(&c));
    status = sxt_gguf_writer_commit(c.writer, error);
    c.writer = NULL;
done:
    sxt_gguf_writer_abort(c.writer);
    sxt_row_converter_free(c.rows);
    sxt_free(c.made);
    sxt_free(c.jobs);
    sxt_free(c.names);
    sxt_free(c.factors);
    return status;
}
