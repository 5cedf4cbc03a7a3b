/* Tensors that no slot asks for. */
#ifndef SXT_MODEL_UNKNOWN_TENSORS_H
#define SXT_MODEL_UNKNOWN_TENSORS_H

#include "model/arch.h"

/* A weight that the graph does not use would change what the model computes: better refused than ignored. */
sxt_status sxt_unknown_tensors_refuse(const sxt_source *source, const sxt_hparams *h, sxt_error *error);

#endif
