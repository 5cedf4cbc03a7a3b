/* The packed form of a model's block-quantised matrices, made when the first session with fast products asks
 * for it and shared by all of them. */
#ifndef SXT_MODEL_PACKED_WEIGHTS_H
#define SXT_MODEL_PACKED_WEIGHTS_H

#include "base/threads.h"
#include "model/weights.h"

typedef struct sxt_packed_weights sxt_packed_weights;

/* Gives every matrix of `weights` that can be packed its `packed`, empty for now. `weights` outlive it. */
sxt_status sxt_packed_weights_new(sxt_weights *weights, sxt_packed_weights **packed, sxt_error *error);
void sxt_packed_weights_free(sxt_packed_weights *packed);

/* Bytes that the packed form takes, made or not, and bytes of the file that are not needed beside it. */
uint64_t sxt_packed_weights_bytes(const sxt_packed_weights *packed);
uint64_t sxt_packed_weights_file_bytes(const sxt_packed_weights *packed);
/* Whether they are in memory already. Any thread. */
bool sxt_packed_weights_made(sxt_packed_weights *packed);

/* Packs all that is not packed, with the threads of `pool`, and gives the pages of the file back: what was read
 * from there is not needed again. Any thread; the first comes, the others wait for it. SXT_E_MEMORY leaves
 * everything as it was. After SXT_OK products may use tensor->packed. */
sxt_status sxt_packed_weights_make(sxt_packed_weights *packed, sxt_pool *pool, sxt_error *error);

#endif
