/* What the steps of binding share: the file, the model that it should be, and the weights made so far. */
#ifndef SXT_MODEL_WEIGHT_BINDER_H
#define SXT_MODEL_WEIGHT_BINDER_H

#include "model/weight_place.h"

typedef struct sxt_binder {
    const sxt_source *source;
    const sxt_hparams *hparams;
    sxt_weights *weights;
    int32_t n_bound[SXT_W_COUNT];
    sxt_error *error;
} sxt_binder;

/* The name of a row in this kind of file; NULL where it has none. */
const char *sxt_binder_pattern(const sxt_source *source, const sxt_weight_name *row);

/* Memory that counts as the weights' own; NULL, and the error is filled. */
void *sxt_binder_alloc(sxt_binder *b, size_t n_bytes, const char *what);

/* A tensor as a vector of floats, checked. Whatever comes back, *vector is the weights' to free. */
sxt_status sxt_binder_load(sxt_binder *b, const sxt_tensor *tensor, int slot, float **vector);

/* The same of `values` (n), which come from `tensor`. */
sxt_status sxt_binder_keep(sxt_binder *b, const sxt_tensor *tensor, const float *values, int64_t n,
                           float **vector);

/* A matrix with both dimensions, also where the file leaves out one of 1. */
void sxt_bind_matrix(const sxt_tensor *tensor, const sxt_hparams *h, const sxt_place *to, sxt_tensor *matrix);

#endif
