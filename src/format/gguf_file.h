/* One GGUF file in memory: its values and its tensors, all checked. */
#ifndef SXT_FORMAT_GGUF_FILE_H
#define SXT_FORMAT_GGUF_FILE_H

#include "format/gguf.h"
#include "format/name_index.h"

typedef struct sxt_gguf_file {
    uint32_t version;
    sxt_gguf_value *values; /* (n_values), in file order; owned, and so are their keys */
    uint64_t n_values;
    sxt_name_index keys;
    sxt_tensor *tensors; /* (n_tensors), in file order; owned, and so are their names */
    uint64_t n_tensors;
} sxt_gguf_file;

/* `data` must outlive *file, which is zeroed on failure. Free with sxt_gguf_file_free(). */
sxt_status sxt_gguf_file_parse(const void *data, uint64_t size, bool vocab_only, sxt_gguf_file *file,
                               sxt_error *error);
void sxt_gguf_file_free(sxt_gguf_file *file);

/* NULL when absent. */
const sxt_gguf_value *sxt_gguf_file_find(const sxt_gguf_file *file, const char *key);

#endif
