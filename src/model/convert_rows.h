/* The numbers of one tensor from one type to another, many rows at once, streamed into a file. */
#ifndef SXT_MODEL_CONVERT_ROWS_H
#define SXT_MODEL_CONVERT_ROWS_H

#include "base/threads.h"
#include "format/gguf_writer.h"
#include "model/arch.h"
#include "tensor/tensor.h"

typedef struct sxt_row_converter sxt_row_converter;

/* For tensors of up to `widest` columns. */
sxt_status sxt_row_converter_new(int n_threads, int64_t widest, sxt_row_converter **converter,
                                 sxt_error *error);
void sxt_row_converter_free(sxt_row_converter *converter);

/* How rows, or a vector's elements, change places between a folder and a GGUF file. */
typedef enum sxt_row_order {
    SXT_ROWS_STAY,
    SXT_ROWS_PAIRED,   /* of rotary heads: halves become neighbours */
    SXT_ROWS_UNGROUPED /* sxt_grouped_qkv_row() */
} sxt_row_order;

typedef struct sxt_row_change {
    const sxt_hparams *hparams;
    sxt_row_order order;
    float more; /* added to every element of a vector */
} sxt_row_change;

/* Writes `tensor` as `type`; the bytes do not depend on the number of threads. What the type cannot hold is
 * refused with SXT_E_NUMERIC. */
sxt_status sxt_row_converter_write(sxt_row_converter *converter, const sxt_tensor *tensor, sxt_type type,
                                   const sxt_row_change *change, sxt_gguf_writer *writer, sxt_error *error);

#endif
