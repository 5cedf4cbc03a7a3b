/* Names of the parts of a split model: PREFIX-00002-of-00005.gguf. */
#ifndef SXT_FORMAT_GGUF_SPLIT_H
#define SXT_FORMAT_GGUF_SPLIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct sxt_split_name {
    size_t n_prefix; /* bytes of the path before "-00002-of-..." */
    int64_t no;      /* from 1, as in the name */
    int64_t count;
} sxt_split_name;

/* False when `path` is not named like a part. */
bool sxt_split_name_parse(const char *path, sxt_split_name *name);

/* The path of part `no` (from 1) of the same model; released with sxt_free(); NULL when out of memory. */
char *sxt_split_name_of(const char *path, const sxt_split_name *name, int64_t no);

#endif
