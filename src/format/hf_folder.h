/* A Hugging Face model folder: its JSON files and its safetensors. */
#ifndef SXT_FORMAT_HF_FOLDER_H
#define SXT_FORMAT_HF_FOLDER_H

#include "base/json.h"
#include "tensor/tensor.h"

typedef struct sxt_hf_folder sxt_hf_folder;

/* With `vocab_only` no weights are opened. */
sxt_status sxt_hf_folder_open(const char *path, bool vocab_only, sxt_hf_folder **folder, sxt_error *error);
/* A folder that holds these two documents and no weights, from memory (tests, fuzzing). `tokenizer` may be
 * NULL: absent. */
sxt_status sxt_hf_folder_parse(const void *config, size_t n_config, const void *tokenizer, size_t n_tokenizer,
                               sxt_hf_folder **folder, sxt_error *error);
void sxt_hf_folder_close(sxt_hf_folder *folder);

/* Parsed documents; NULL for an optional file that is not there. config.json is always there. */
const sxt_json *sxt_hf_config(const sxt_hf_folder *folder);
const sxt_json *sxt_hf_generation_config(const sxt_hf_folder *folder);
const sxt_json *sxt_hf_tokenizer(const sxt_hf_folder *folder);
const sxt_json *sxt_hf_tokenizer_config(const sxt_hf_folder *folder);
/* Text of chat_template.jinja when that file is there (newer folders), else NULL. */
const char *sxt_hf_chat_template(const sxt_hf_folder *folder, size_t *n);

int64_t sxt_hf_n_tensors(const sxt_hf_folder *folder);
const sxt_tensor *sxt_hf_tensor_at(const sxt_hf_folder *folder, int64_t i);
const sxt_tensor *sxt_hf_find_tensor(const sxt_hf_folder *folder, const char *name);
/* Tensors that are stored in a way this library does not read (I64, FP8, ...) are not listed above; for
 * one of them this says why ("is stored as I64"), for any other name NULL. */
const char *sxt_hf_why_unusable(const sxt_hf_folder *folder, const char *name);

#endif
