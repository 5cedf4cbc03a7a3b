/* "normalizer" and "pre_tokenizer" of a tokenizer.json. */
#ifndef SXT_TEXT_HF_STEPS_H
#define SXT_TEXT_HF_STEPS_H

#include "base/json.h"
#include "text/normalize.h"
#include "text/pretokenize.h"

sxt_status sxt_hf_read_normalizer(const sxt_json *node, sxt_normalizer *z, sxt_error *error);
sxt_status sxt_hf_read_pretokenizer(const sxt_json *node, sxt_pretokenizer *p, sxt_error *error);

/* True when the object's "type" is `name`. */
bool sxt_hf_is_type(const sxt_json *node, const char *name);
/* A bool member; absent or null: *value stays. */
sxt_status sxt_hf_read_bool(const sxt_json *object, const char *where, const char *key, bool *value,
                            sxt_error *error);

#endif
