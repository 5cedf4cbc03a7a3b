/* The pre-tokenizers that GGUF knows by name (tokenizer.ggml.pre). */
#ifndef SXT_TEXT_PRE_NAMES_H
#define SXT_TEXT_PRE_NAMES_H

#include "text/pretokenize.h"

typedef struct sxt_pre_traits {
    bool ignore_merges; /* a piece that is a token needs no merges */
    bool add_bos;       /* when the file does not say */
} sxt_pre_traits;

/* Builds the steps for a name (n bytes); an unknown name is an error that lists the known ones. */
sxt_status sxt_pre_from_name(const char *name, size_t n, sxt_pretokenizer *p, sxt_pre_traits *traits,
                             sxt_error *error);

/* The name under which GGUF knows these steps; *name is NULL when it knows none. */
sxt_status sxt_pre_find_name(const sxt_pretokenizer *p, bool ignore_merges, const char **name,
                             sxt_error *error);

#endif
