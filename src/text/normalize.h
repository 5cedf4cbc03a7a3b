/* Normalization: what a model does to a text before it is cut. */
#ifndef SXT_TEXT_NORMALIZE_H
#define SXT_TEXT_NORMALIZE_H

#include "base/buffer.h"
#include "text/regex.h"

typedef enum sxt_norm_kind { SXT_NORM_PREPEND, SXT_NORM_REPLACE, SXT_NORM_NFC } sxt_norm_kind;

typedef struct sxt_norm_step {
    sxt_norm_kind kind;
    sxt_buffer what;  /* of a replacement by text: what is replaced */
    sxt_regex *regex; /* of a replacement by pattern */
    sxt_buffer with;  /* what stands there instead, or what is put in front */
} sxt_norm_step;

typedef struct sxt_normalizer {
    sxt_norm_step *steps; /* (n) owned */
    size_t n, room;
} sxt_normalizer;

sxt_status sxt_norm_add_prepend(sxt_normalizer *z, const char *text, size_t n, sxt_error *error);
sxt_status sxt_norm_add_replace(sxt_normalizer *z, bool is_regex, const char *what, size_t n_what,
                                const char *with, size_t n_with, sxt_error *error);
sxt_status sxt_norm_add_nfc(sxt_normalizer *z, sxt_error *error);
void sxt_normalizer_free(sxt_normalizer *z);

/* Runs all steps: `text` is replaced; `spare` is working memory. An empty text stays empty. */
sxt_status sxt_normalize(const sxt_normalizer *z, sxt_matcher *matcher, sxt_buffer *text, sxt_buffer *spare,
                         sxt_error *error);

#endif
