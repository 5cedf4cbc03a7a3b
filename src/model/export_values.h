/* The key-value part of a GGUF file made from an open model. */
#ifndef SXT_MODEL_EXPORT_VALUES_H
#define SXT_MODEL_EXPORT_VALUES_H

#include "format/gguf_writer.h"
#include "model/model.h"

/* From a GGUF file: every value as it is, but the ones that describe storage. From a folder: the keys that the
 * architecture's readers know, and the tokenizer. `file_type`: GGUF's general.file_type. */
sxt_status sxt_export_values(const sxt_model *model, uint32_t file_type, sxt_gguf_writer *writer,
                             sxt_error *error);

/* (n_rot / 2) divisors of the rotary frequencies that mean the same as the folder's llama3 scaling. */
void sxt_export_llama3_factors(const sxt_rope_params *rope, float *factors);

/* Whether a GGUF file of a folder's model has rope_freqs.weight, and its (n_rot / 2) divisors: under llama3,
 * and under what no key can say. */
bool sxt_export_has_divisors(const sxt_rope_params *rope);
sxt_status sxt_export_divisors(const sxt_rope_params *rope, float *divisors, sxt_error *error);

#endif
