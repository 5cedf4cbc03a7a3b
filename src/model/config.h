/* A model's configuration, whichever file it came from: one value has a GGUF key and a name in config.json. */
#ifndef SXT_MODEL_CONFIG_H
#define SXT_MODEL_CONFIG_H

#include "format/source.h"

/* Exactly one of `gguf` and `json` is set. */
typedef struct sxt_config {
    const sxt_gguf *gguf;
    const sxt_json *json; /* an object */
    const char *where;    /* what errors put before a name: "llama.", "config.json: rope_scaling." */
} sxt_config;

/* NULL where a source has no name for the value: it counts as absent there. GGUF keys follow `where`. */
typedef struct sxt_config_key {
    const char *gguf, *hf;
} sxt_config_key;

/* Typed getters with a closed range. Absent (or null in JSON): *out keeps its value and *found says so; with
 * found == NULL an absent value is an error. GGUF arrays with one value for each layer are accepted where all
 * layers agree. */
sxt_status sxt_config_integer(const sxt_config *config, sxt_config_key key, int64_t low, int64_t high,
                              int64_t *out, bool *found, sxt_error *error);
sxt_status sxt_config_number(const sxt_config *config, sxt_config_key key, double low, double high, double *out,
                             bool *found, sxt_error *error);
sxt_status sxt_config_bool(const sxt_config *config, sxt_config_key key, bool *out, bool *found,
                           sxt_error *error);
sxt_status sxt_config_string(const sxt_config *config, sxt_config_key key, const char **text, size_t *n,
                             bool *found, sxt_error *error);

/* The name that this source gives the value, `where` not included. */
const char *sxt_config_key_name(const sxt_config *config, sxt_config_key key);

#endif
