/* What each slot of a family's table holds: its shape in terms of the hyper-parameters, and where it goes. */
#ifndef SXT_MODEL_WEIGHT_PLACE_H
#define SXT_MODEL_WEIGHT_PLACE_H

#include "model/weights.h"

#include <stddef.h>

typedef enum sxt_width {
    SXT_WIDTH_ONE,
    SXT_WIDTH_MODEL,
    SXT_WIDTH_Q,
    SXT_WIDTH_KV,
    SXT_WIDTH_Q_HEADS,
    SXT_WIDTH_KV_HEADS,
    SXT_WIDTH_QKV,
    SXT_WIDTH_FF,
    SXT_WIDTH_TWO_FF,
    SXT_WIDTH_HEAD,
    SXT_WIDTH_VOCAB,
    SXT_WIDTH_PAIRS
} sxt_width;

/* Vectors are made at load: float *. */
typedef enum sxt_place_kind {
    SXT_PLACE_MATRIX,
    SXT_PLACE_VECTOR,
    SXT_PLACE_QKV_MATRIX,
    SXT_PLACE_QKV_VECTOR,
    SXT_PLACE_GATE_UP_MATRIX,
    SXT_PLACE_HEAD_VECTORS
} sxt_place_kind;

typedef struct sxt_place {
    size_t member; /* of sxt_weights or, per layer, of sxt_layer_weights; not of what is split */
    sxt_width rows, columns;
    sxt_place_kind kind;
} sxt_place;

/* Indexed by sxt_weight_slot. */
const sxt_place *sxt_place_of(int slot);
bool sxt_place_is_vector(const sxt_place *to);

/* A width, and how an error explains it. */
int64_t sxt_width_measure(const sxt_hparams *h, sxt_width kind, char why[96]);

/* Whether a tensor of the file has the shape, and as many bytes as that takes. Dimensions of 1 in front may be
 * left out or written: files differ. */
sxt_status sxt_place_check(const sxt_tensor *tensor, const sxt_hparams *h, const sxt_place *to,
                           sxt_error *error);

#endif
