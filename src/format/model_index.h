/* model.safetensors.index.json: which shard holds which tensor. */
#ifndef SXT_FORMAT_MODEL_INDEX_H
#define SXT_FORMAT_MODEL_INDEX_H

#include "base/json.h"

typedef struct sxt_model_index {
    const sxt_json *weight_map; /* tensor name -> shard name; of the document */
    const char **shards;        /* (n_shards), sorted, each once; names of the document; owned array */
    uint64_t n_shards;
} sxt_model_index;

/* `document` must outlive the index. Shard names are plain names of safetensors files: no folders. */
sxt_status sxt_model_index_read(const sxt_json *document, sxt_model_index *index, sxt_error *error);
void sxt_model_index_free(sxt_model_index *index);

#endif
