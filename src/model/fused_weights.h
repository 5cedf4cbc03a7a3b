/* Tensors that hold several weights, or weights that lie in several tensors. */
#ifndef SXT_MODEL_FUSED_WEIGHTS_H
#define SXT_MODEL_FUSED_WEIGHTS_H

#include "model/weight_binder.h"

/* Queries, keys and values: views of rows, in order in memory where the file has them mixed. */
sxt_status sxt_bind_qkv(sxt_binder *b, const sxt_tensor *tensor, const sxt_place *to, sxt_layer_weights *layer);
sxt_status sxt_bind_qkv_bias(sxt_binder *b, const sxt_tensor *tensor, sxt_layer_weights *layer);

/* Gate above up. */
void sxt_bind_gate_up(const sxt_binder *b, const sxt_tensor *tensor, const sxt_place *to,
                      sxt_layer_weights *layer);

/* A matrix with a vector for each head, or in a folder a tensor for each: `name` has a "%d" left. */
sxt_status sxt_bind_heads(sxt_binder *b, const sxt_weight_name *row, const char *name, float **vectors);

#endif
