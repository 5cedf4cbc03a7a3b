#include "model/convert.h"

#include "base/file.h"
#include "base/memory.h"
#include "format/gguf_split.h"
#include "model/export_values.h"

#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- The output must not be one of the inputs ---- */

static bool ends_with(const char *text, const char *tail) {
    size_t n = strlen(text), n_tail = strlen(tail);
    return n >= n_tail && strcmp(text + n - n_tail, tail) == 0;
}

/* A GGUF that lies in a model folder is not read, so it may be written. */
static sxt_status folder_has(const char *folder, const char *output, bool *has, sxt_error *error) {
    DIR *entries = opendir(folder);
    if (!entries) return sxt_fail(error, SXT_E_IO, "%.200s: cannot list the folder", folder);
    sxt_status status = SXT_OK;
    for (struct dirent *entry = readdir(entries); entry && !*has; entry = readdir(entries)) {
        if (ends_with(entry->d_name, ".gguf")) continue;
        char *path = sxt_path_join(folder, entry->d_name);
        if (!path) {
            status = sxt_fail_memory(error, "a file name", strlen(folder) + strlen(entry->d_name));
            break;
        }
        *has = sxt_path_same(path, output);
        sxt_free(path);
    }
    closedir(entries);
    return status;
}

static sxt_status split_has(const char *path, const char *output, bool *has, sxt_error *error) {
    sxt_split_name name;
    if (!sxt_split_name_parse(path, &name)) return SXT_OK;
    for (int64_t no = 1; no <= name.count && !*has; no++) {
        char *part = sxt_split_name_of(path, &name, no);
        if (!part) return sxt_fail_memory(error, "a file name", strlen(path));
        *has = sxt_path_same(part, output);
        sxt_free(part);
    }
    return SXT_OK;
}

static sxt_status check_output(const sxt_model *model, const char *output, sxt_error *error) {
    bool is_input = sxt_path_same(model->path, output);
    if (sxt_path_is_folder(output))
        return sxt_fail(error, SXT_E_ARGUMENT, "%.200s is a folder; needed the name of a file to write",
                        output);
    if (model->source.folder && !is_input) SXT_TRY(folder_has(model->path, output, &is_input, error));
    if (model->source.gguf && !is_input) SXT_TRY(split_has(model->path, output, &is_input, error));
    if (is_input)
        return sxt_fail(error, SXT_E_ARGUMENT,
                        "%.200s is part of the model that is read; choose another output", output);
    return SXT_OK;
}

/* ---- What becomes of each tensor ---- */

typedef struct job {
    const sxt_tensor *tensor;
    const char *name; /* in the output */
    sxt_type type;
    bool is_rotary; /* rows of heads whose halves become neighbours */
} job;

typedef struct conversion {
    const sxt_model *model;
    sxt_type type;
    sxt_gguf_writer *writer;
    job *jobs; /* (n_jobs) */
    char (*names)[SXT_WEIGHT_NAME_MAX];
    int64_t n_jobs;
    float *factors; /* (n_rot / 2) rope_freqs.weight to be made, or NULL */
    float *row;     /* (widest row) f32 */
    uint8_t *packed;
    sxt_error *error;
} conversion;

static const char factors_name[] = "rope_freqs.weight";

static int64_t columns_of(const sxt_tensor *tensor) {
    return tensor->n_dims > 0 ? tensor->dims[tensor->n_dims - 1] : 1;
}

/* Vectors stay exact; a matrix whose rows are not whole blocks becomes F16. */
static sxt_type choose_type(const sxt_tensor *tensor, sxt_type type) {
    int64_t columns = columns_of(tensor);
    if (sxt_tensor_elements(tensor) == columns) return SXT_TYPE_F32;
    return columns % sxt_type_find(type)->block == 0 ? type : SXT_TYPE_F16;
}

static void add_job(conversion *c, const sxt_tensor *tensor, const char *name, bool is_rotary) {
    job *j = &c->jobs[c->n_jobs];
    snprintf(c->names[c->n_jobs++], sizeof c->names[0], "%s", name);
    *j = (job){tensor, c->names[c->n_jobs - 1], choose_type(tensor, c->type), is_rotary};
}

static bool is_rotary_slot(int slot) {
    return slot == SXT_W_Q || slot == SXT_W_K || slot == SXT_W_Q_BIAS || slot == SXT_W_K_BIAS;
}

/* The folder's tensors in the order of the architecture's table, under GGUF's names. */
static void plan_folder(conversion *c) {
    const sxt_hparams *h = &c->model->hparams;
    for (int i = 0; i < h->arch->n_weights; i++) {
        const sxt_weight_name *row = &h->arch->weights[i];
        bool is_rotary = h->arch->gguf_interleaved && is_rotary_slot(row->slot);
        for (int32_t layer = 0; row->hf && layer < (row->per_layer ? h->n_layers : 1); layer++) {
            char name[SXT_WEIGHT_NAME_MAX];
            sxt_weight_name_print(row->hf, layer, name);
            const sxt_tensor *tensor = sxt_source_find_tensor(&c->model->source, name);
            sxt_weight_name_print(row->gguf, layer, name);
            if (tensor) add_job(c, tensor, name, is_rotary);
        }
    }
}

static void plan_gguf(conversion *c) {
    const int64_t n = sxt_source_n_tensors(&c->model->source);
    for (int64_t i = 0; i < n; i++) {
        const sxt_tensor *tensor = sxt_source_tensor_at(&c->model->source, i);
        add_job(c, tensor, tensor->name, false);
    }
}

static sxt_status make_factors(conversion *c) {
    const sxt_rope_params *rope = &c->model->hparams.rope;
    if (c->model->source.gguf || rope->scaling != SXT_ROPE_LLAMA3) return SXT_OK;
    c->factors = sxt_alloc((size_t)rope->n_rot / 2, sizeof *c->factors);
    if (!c->factors) return sxt_fail_memory(c->error, "rotary factors", (uint64_t)rope->n_rot * 2);
    sxt_export_llama3_factors(rope, c->factors);
    return SXT_OK;
}

static sxt_status make_buffers(conversion *c) {
    int64_t widest = 1;
    for (int64_t i = 0; i < c->n_jobs; i++) widest = sxt_max_i64(widest, columns_of(c->jobs[i].tensor));
    c->row = sxt_alloc((size_t)widest, sizeof *c->row);
    c->packed = sxt_alloc((size_t)widest, sizeof *c->row); /* no type is wider than f32 */
    if (!c->row || !c->packed) return sxt_fail_memory(c->error, "a row", (uint64_t)widest * 8);
    return SXT_OK;
}

static sxt_status plan_jobs(conversion *c) {
    size_t n = (size_t)sxt_source_n_tensors(&c->model->source);
    c->jobs = sxt_alloc(n, sizeof *c->jobs);
    c->names = sxt_alloc(n, sizeof *c->names);
    if (!c->jobs || !c->names)
        return sxt_fail_memory(c->error, "the list of tensors", n * (sizeof *c->jobs + sizeof *c->names));
    if (c->model->source.gguf)
        plan_gguf(c);
    else
        plan_folder(c);
    SXT_TRY(make_factors(c));
    return make_buffers(c);
}

static void declare_tensors(conversion *c) {
    for (int64_t i = 0; i < c->n_jobs; i++)
        sxt_gguf_writer_tensor(c->writer, c->jobs[i].name, c->jobs[i].type, c->jobs[i].tensor->n_dims,
                               c->jobs[i].tensor->dims);
    const int64_t n_factors = c->model->hparams.rope.n_rot / 2;
    if (c->factors) sxt_gguf_writer_tensor(c->writer, factors_name, SXT_TYPE_F32, 1, &n_factors);
}

/* ---- Streaming ---- */

/* Largest magnitude that a type can hold; the block types' scale is F16. */
static double largest(sxt_type type) {
    switch (type) {
    case SXT_TYPE_F16: return 65504;
    case SXT_TYPE_BF16: return 3.3895313892515355e38;
    case SXT_TYPE_Q8_0: return 65504.0 * 127;
    case SXT_TYPE_Q4_0: return 65504.0 * 8;
    default: return INFINITY;
    }
}

static sxt_status check_row(const conversion *c, const job *j, int64_t n) {
    const double limit = largest(j->type);
    for (int64_t i = 0; i < n; i++) {
        if (!isfinite(c->row[i]))
            return sxt_fail(c->error, SXT_E_NUMERIC, "%.80s holds NaN or infinity; the model is damaged",
                            j->tensor->name);
        if (fabs((double)c->row[i]) > limit)
            return sxt_fail(c->error, SXT_E_NUMERIC, "%.80s holds %g, more than %s can; convert to F32 instead",
                            j->tensor->name, (double)c->row[i], sxt_type_name(j->type));
    }
    return SXT_OK;
}

/* Where row i of the output lies in a half-split source: neighbours 2p, 2p+1 were p, p + n_rot/2. */
static int64_t source_row(const sxt_hparams *h, int64_t i) {
    int64_t within = i % h->head_dim, first = i - within;
    if (within >= h->rope.n_rot) return i;
    return first + within / 2 + (within % 2) * (h->rope.n_rot / 2);
}

static sxt_status write_row(conversion *c, const job *j, const uint8_t *source, int64_t columns) {
    const sxt_type_traits *from = j->tensor->traits, *to = sxt_type_find(j->type);
    from->unpack(source, c->row, columns);
    SXT_TRY(check_row(c, j, columns));
    if (from == to)
        return sxt_gguf_writer_data(c->writer, source, (size_t)(columns / from->block) * from->block_bytes,
                                    c->error);
    to->pack(c->row, c->packed, columns);
    return sxt_gguf_writer_data(c->writer, c->packed, (size_t)(columns / to->block) * to->block_bytes,
                                c->error);
}

static sxt_status write_matrix(conversion *c, const job *j) {
    const int64_t columns = columns_of(j->tensor), n_rows = sxt_tensor_elements(j->tensor) / columns;
    const uint64_t row_bytes = j->tensor->n_bytes / (uint64_t)n_rows;
    for (int64_t i = 0; i < n_rows; i++) {
        int64_t row = j->is_rotary ? source_row(&c->model->hparams, i) : i;
        SXT_TRY(write_row(c, j, j->tensor->data + (uint64_t)row * row_bytes, columns));
    }
    return SXT_OK;
}

/* A vector; of a rotary bias each element is a row. */
static sxt_status write_vector(conversion *c, const job *j) {
    const int64_t n = columns_of(j->tensor);
    float *ordered = (float *)(void *)c->packed;
    j->tensor->traits->unpack(j->tensor->data, c->row, n);
    SXT_TRY(check_row(c, j, n));
    for (int64_t i = 0; i < n; i++) ordered[i] = c->row[j->is_rotary ? source_row(&c->model->hparams, i) : i];
    return sxt_gguf_writer_data(c->writer, ordered, (size_t)n * sizeof *ordered, c->error);
}

static sxt_status write_tensors(conversion *c, sxt_progress_fn progress, void *user) {
    for (int64_t i = 0; i < c->n_jobs; i++) {
        const job *j = &c->jobs[i];
        bool is_vector = sxt_tensor_elements(j->tensor) == columns_of(j->tensor);
        SXT_TRY(is_vector ? write_vector(c, j) : write_matrix(c, j));
        if (progress && !progress(user, i + 1, c->n_jobs))
            return sxt_fail(c->error, SXT_E_CANCELLED,
                            "stopped after %lld of %lld tensors; nothing was written", (long long)(i + 1),
                            (long long)c->n_jobs);
    }
    if (!c->factors) return SXT_OK;
    size_t n_bytes = (size_t)c->model->hparams.rope.n_rot / 2 * sizeof *c->factors;
    return sxt_gguf_writer_data(c->writer, c->factors, n_bytes, c->error);
}

/* ---- All of it ---- */

static sxt_status check_arguments(const sxt_model *model, sxt_type type, sxt_error *error) {
    static const sxt_type written[] = {SXT_TYPE_F32, SXT_TYPE_F16, SXT_TYPE_BF16, SXT_TYPE_Q8_0, SXT_TYPE_Q4_0};
    if (model->vocab_only)
        return sxt_fail(error, SXT_E_ARGUMENT, "%.200s was opened for its vocabulary alone; open it whole",
                        model->path);
    for (size_t i = 0; i < sizeof written / sizeof written[0]; i++)
        if (written[i] == type) return SXT_OK;
    const char *name = sxt_type_name(type);
    return sxt_fail(error, SXT_E_UNSUPPORTED,
                    "type %s (%d) cannot be written; choose F32, F16, BF16, Q8_0 or Q4_0", name ? name : "?",
                    (int)type);
}

sxt_status sxt_convert_model(const sxt_model *model, const char *output, sxt_type type,
                             sxt_progress_fn progress, void *user, sxt_error *error) {
    SXT_TRY(check_arguments(model, type, error));
    SXT_TRY(check_output(model, output, error));
    conversion c = {.model = model, .type = type, .error = error};
    sxt_status status;
    SXT_TRY_DONE(sxt_gguf_writer_new(output, &c.writer, error));
    SXT_TRY_DONE(sxt_export_values(model, type, c.writer, error));
    SXT_TRY_DONE(plan_jobs(&c));
    declare_tensors(&c);
    SXT_TRY_DONE(sxt_gguf_writer_begin(c.writer, error));
    SXT_TRY_DONE(write_tensors(&c, progress, user));
    status = sxt_gguf_writer_commit(c.writer, error);
    c.writer = NULL;
done:
    sxt_gguf_writer_abort(c.writer);
    sxt_free(c.jobs);
    sxt_free(c.names);
    sxt_free(c.factors);
    sxt_free(c.row);
    sxt_free(c.packed);
    return status;
}
