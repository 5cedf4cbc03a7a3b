/* The forward pass: token ids to hidden states to logits, a chunk at a time. */
#ifndef SXT_MODEL_FORWARD_H
#define SXT_MODEL_FORWARD_H

#include "model/model.h"
#include "op/attention.h"

#include <stdatomic.h>

typedef struct sxt_forward sxt_forward;

/* Activations for up to `chunk` tokens at a time. `model` and `pool` outlive it. With fast precision the
 * model's weights are packed already. */
sxt_status sxt_forward_new(const sxt_model *model, sxt_pool *pool, int32_t chunk, sxt_precision precision,
                           sxt_forward **forward, sxt_error *error);
void sxt_forward_free(sxt_forward *forward);
uint64_t sxt_forward_bytes(const sxt_model *model, int n_threads, int32_t chunk);

/* Reads tokens (n <= chunk) that stand at indices first, first + 1, ...: appends their keys and values to
 * `layers` (n_layers views) and leaves the hidden states of the last n_wanted of them for
 * sxt_forward_logits(); the fewer, the less work is the last layer. Returns false when *cancel became true
 * between layers; the cache beyond `first` is then undefined. local_rope: what layers that slide turn by, of
 * sxt_hparams_local_rope(); NULL where that is NULL. */
bool sxt_forward_read(sxt_forward *forward, const int32_t *tokens, int64_t first, int64_t n, int64_t n_wanted,
                      const sxt_plan *plan, const sxt_rope *rope, const sxt_rope *local_rope,
                      const sxt_kv_view *layers, const atomic_bool *cancel);

/* Logits (n_rows, n_vocab) of rows [i_row, i_row + n_rows) of the last chunk read, all of them wanted then. */
void sxt_forward_logits(sxt_forward *forward, int64_t i_row, int64_t n_rows, float *logits);

#endif
