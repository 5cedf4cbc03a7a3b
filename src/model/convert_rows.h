/* The numbers of one tensor from one type to another, many rows at once, streamed into a file. */
#ifndef SXT_MODEL_CONVERT_ROWS_H
#define SXT_MODEL_CONVERT_ROWS_H

#include "base/threads.h"
#include "format/gguf_writer.h"
#include "model/hparams.h"
#include "tensor/tensor.h"

typedef struct sxt_row_converter sxt_row_converter;

/* For tensors of up to `widest` columns. */
sxt_status sxt_row_converter_new(int n_threads, int64_t widest, sxt_row_converter **converter,
                                 sxt_error *error);
void sxt_row_converter_free(sxt_row_converter *converter);

/* Writes `tensor` as `type`; the bytes do not depend on the number of threads. `rotary` is not NULL for weights
 * of rotary heads whose halves become neighbours: their rows, or a bias's elements, change places. What the
 * type cannot hold is refused with SXT_E_NUMERIC. */
sxt_status sxt_row_converter_write(sxt_row_converter *converter, const sxt_tensor *tensor, sxt_type type,
                                   const sxt_hparams *rotary, sxt_gguf_writer *writer, sxt_error *error);

#endif
