#include "model/convert_rows.h"

#include "base/memory.h"
#include "base/num.h"

#include <math.h>
#include <stdatomic.h>
#include <string.h>

/* Elements converted at a time: enough for many threads, little beside a model. */
enum { BATCH_ELEMENTS = 1 << 20 };

struct sxt_row_converter {
    sxt_pool *pool;
    int64_t widest;
    float *rows;     /* (n_threads, widest) */
    uint8_t *packed; /* a batch; no type is wider than f32 */
};

/* One batch of rows. */
typedef struct batch {
    sxt_row_converter *converter;
    const sxt_tensor *tensor;
    const sxt_type_traits *to;
    const sxt_row_change *change;
    int64_t columns, first_row;
    size_t from_bytes, to_bytes; /* of a row */
    _Atomic int64_t first_bad;   /* the first row that the type cannot hold */
} batch;

sxt_status sxt_row_converter_new(int n_threads, int64_t widest, sxt_row_converter **converter,
                                 sxt_error *error) {
    sxt_status status;
    sxt_row_converter *c = sxt_alloc(1, sizeof *c);
    if (!c) return sxt_fail_memory(error, "the conversion", sizeof *c);
    *c = (sxt_row_converter){.widest = widest};
    SXT_TRY_DONE(sxt_pool_new(n_threads, &c->pool, error));
    size_t n_rows = (size_t)n_threads * (size_t)widest, n_batch = (size_t)sxt_max_i64(widest, BATCH_ELEMENTS);
    c->rows = sxt_alloc(n_rows, sizeof *c->rows);
    c->packed = sxt_alloc(n_batch, sizeof *c->rows);
    if (!c->rows || !c->packed) {
        status = sxt_fail_memory(error, "rows of weights", (n_rows + n_batch) * sizeof *c->rows);
        goto done;
    }
    *converter = c;
    return SXT_OK;
done:
    sxt_row_converter_free(c);
    return status;
}

void sxt_row_converter_free(sxt_row_converter *c) {
    if (!c) return;
    sxt_pool_free(c->pool);
    sxt_free(c->rows);
    sxt_free(c->packed);
    sxt_free(c);
}

/* ---- What a type cannot hold ---- */

/* Blocks that are copied hold what they hold; only a damaged scale is refused. */
static bool holds(const batch *b, float value) {
    return isfinite(value) && (b->tensor->traits == b->to || fabs((double)value) <= b->to->largest);
}

static bool holds_row(const batch *b, const float *row) {
    for (int64_t i = 0; i < b->columns; i++)
        if (!holds(b, row[i])) return false;
    return true;
}

static sxt_status refuse(const batch *b, const float *row, sxt_error *error) {
    while (holds(b, *row)) row++;
    if (!isfinite(*row))
        return sxt_fail(error, SXT_E_NUMERIC, "%.80s holds NaN or infinity; the model is damaged",
                        b->tensor->name);
    return sxt_fail(error, SXT_E_NUMERIC, "%.80s holds %g, more than %s can; convert to F32 instead",
                    b->tensor->name, (double)*row, b->to->name);
}

/* ---- Rows ---- */

/* Where row i of the output lies in the source. Paired: neighbours 2p, 2p+1 were p, p + n_rot/2. */
static int64_t source_row(const sxt_row_change *change, int64_t i) {
    const sxt_hparams *h = change->hparams;
    if (change->order == SXT_ROWS_STAY) return i;
    if (change->order == SXT_ROWS_UNGROUPED) return sxt_grouped_qkv_row(h, i);
    int64_t within = i % h->head_dim, first = i - within;
    if (within >= h->rope.n_rot) return i;
    return first + within / 2 + (within % 2) * (h->rope.n_rot / 2);
}

static const uint8_t *source_of(const batch *b, int64_t i) {
    return b->tensor->data + (size_t)source_row(b->change, b->first_row + i) * b->from_bytes;
}

/* The lowest row that does not fit is reported, whichever thread finds one first. */
static void note_bad(batch *b, int64_t i) {
    int64_t seen = atomic_load(&b->first_bad);
    while (i < seen && !atomic_compare_exchange_weak(&b->first_bad, &seen, i)) {
    }
}

static void convert_row(void *arg, int64_t i, int i_thread) {
    batch *b = arg;
    float *row = b->converter->rows + i_thread * b->converter->widest;
    uint8_t *packed = b->converter->packed + (size_t)i * b->to_bytes;
    b->tensor->traits->unpack(source_of(b, i), row, b->columns);
    if (!holds_row(b, row))
        note_bad(b, i);
    else if (b->tensor->traits == b->to)
        memcpy(packed, source_of(b, i), b->to_bytes);
    else
        b->to->pack(row, packed, b->columns);
}

static sxt_status write_batch(batch *b, int64_t n_rows, sxt_gguf_writer *writer, sxt_error *error) {
    sxt_row_converter *c = b->converter;
    atomic_store(&b->first_bad, n_rows);
    sxt_pool_run(c->pool, n_rows, convert_row, b);
    int64_t bad = atomic_load(&b->first_bad);
    if (bad == n_rows) return sxt_gguf_writer_data(writer, c->packed, (size_t)n_rows * b->to_bytes, error);
    b->tensor->traits->unpack(source_of(b, bad), c->rows, b->columns);
    return refuse(b, c->rows, error);
}

static sxt_status write_matrix(batch *b, sxt_gguf_writer *writer, sxt_error *error) {
    const int64_t n_rows = sxt_tensor_elements(b->tensor) / b->columns;
    const int64_t most = sxt_max_i64(1, BATCH_ELEMENTS / b->columns);
    b->from_bytes = (size_t)(b->columns / b->tensor->traits->block) * b->tensor->traits->block_bytes;
    b->to_bytes = (size_t)(b->columns / b->to->block) * b->to->block_bytes;
    for (; b->first_row < n_rows; b->first_row += most)
        SXT_TRY(write_batch(b, sxt_min_i64(most, n_rows - b->first_row), writer, error));
    return SXT_OK;
}

/* Of a bias each element is a row; vectors are F32. */
static sxt_status write_vector(batch *b, sxt_gguf_writer *writer, sxt_error *error) {
    float *row = b->converter->rows, *ordered = (float *)(void *)b->converter->packed;
    b->tensor->traits->unpack(b->tensor->data, row, b->columns);
    if (!holds_row(b, row)) return refuse(b, row, error);
    for (int64_t i = 0; i < b->columns; i++) ordered[i] = row[source_row(b->change, i)] + b->change->more;
    return sxt_gguf_writer_data(writer, ordered, (size_t)b->columns * sizeof *ordered, error);
}

sxt_status sxt_row_converter_write(sxt_row_converter *converter, const sxt_tensor *tensor, sxt_type type,
                                   const sxt_row_change *change, sxt_gguf_writer *writer, sxt_error *error) {
    batch b = {.converter = converter, .tensor = tensor, .to = sxt_type_find((uint32_t)type), .change = change};
    b.columns = tensor->n_dims > 0 ? tensor->dims[tensor->n_dims - 1] : 1;
    bool is_vector = sxt_tensor_elements(tensor) == b.columns;
    return is_vector ? write_vector(&b, writer, error) : write_matrix(&b, writer, error);
}
