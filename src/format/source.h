/* A model as it lies on disk: exactly one of the two members is set. */
#ifndef SXT_FORMAT_SOURCE_H
#define SXT_FORMAT_SOURCE_H

#include "format/gguf.h"
#include "format/hf_folder.h"

typedef struct sxt_source {
    sxt_gguf *gguf;
    sxt_hf_folder *folder;
} sxt_source;

/* A folder with config.json is read as a Hugging Face folder, also when a GGUF lies in it. */
sxt_status sxt_source_open(const char *path, bool vocab_only, sxt_source *source, sxt_error *error);
void sxt_source_close(sxt_source *source);

int64_t sxt_source_n_tensors(const sxt_source *source);
const sxt_tensor *sxt_source_tensor_at(const sxt_source *source, int64_t i);
const sxt_tensor *sxt_source_find_tensor(const sxt_source *source, const char *name);
/* The same for a tensor that the model cannot do without: the error says whether it is missing or stored
 * in a type that is not read. */
sxt_status sxt_source_need_tensor(const sxt_source *source, const char *name, const sxt_tensor **tensor,
                                  sxt_error *error);

#endif
