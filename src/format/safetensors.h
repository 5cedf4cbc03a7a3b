/* One safetensors file, held to the rules of Hugging Face's own reader: offsets that touch exactly, sizes
 * that equal shape times type, no duplicate names, a header of at most 100 MB that begins with '{'. */
#ifndef SXT_FORMAT_SAFETENSORS_H
#define SXT_FORMAT_SAFETENSORS_H

#include "tensor/tensor.h"

/* A tensor of the file. One that is well-formed but of no use here (I64, FP8, five dimensions, no
 * elements) has tensor.traits NULL, and `why_not` says why; the model may not need it. */
typedef struct sxt_safetensors_entry {
    sxt_tensor tensor;
    char why_not[48];
} sxt_safetensors_entry;

typedef struct sxt_safetensors sxt_safetensors;

sxt_status sxt_safetensors_open(const char *path, sxt_safetensors **file, sxt_error *error);
/* The same over memory, which must outlive the result (tests, fuzzing). */
sxt_status sxt_safetensors_parse(const void *data, size_t size, sxt_safetensors **file, sxt_error *error);
void sxt_safetensors_close(sxt_safetensors *file);

/* In file order. */
uint64_t sxt_safetensors_n(const sxt_safetensors *file);
const sxt_safetensors_entry *sxt_safetensors_at(const sxt_safetensors *file, uint64_t i);

#endif
