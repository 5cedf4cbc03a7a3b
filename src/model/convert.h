/* Any readable model to one GGUF file. */
#ifndef SXT_MODEL_CONVERT_H
#define SXT_MODEL_CONVERT_H

#include "model/model.h"

/* As the public sxt_convert(). Tensors are streamed one row at a time. A matrix whose rows are not whole blocks
 * of `type` is kept as F16; one that already has the type is copied bit by bit. */
sxt_status sxt_convert_model(const sxt_model *model, const char *output, sxt_type type,
                             sxt_progress_fn progress, void *user, sxt_error *error);

#endif
