/* Rotary parameters as model files write them: rope_scaling, rope_parameters, GGUF's rope.* keys. */
#ifndef SXT_MODEL_ROPE_CONFIG_H
#define SXT_MODEL_ROPE_CONFIG_H

#include "model/config.h"
#include "plan/rope.h"

/* What a family has where its config.json is silent. */
typedef struct sxt_rope_usual {
    double theta;
    double part; /* of a head that is rotated; 0: all of it */
} sxt_rope_usual;

/* Fills everything but `interleaved` and the lists of divisors. n_ctx_train is what the original context is
 * when the file does not say. */
sxt_status sxt_rope_config_read(const sxt_config *config, int32_t head_dim, int64_t n_ctx_train,
                                const sxt_rope_usual *usual, sxt_rope_params *rope, sxt_error *error);

/* Of families whose layers that slide turn by a base of their own: replaces rope->theta where the file gives
 * one; `rope` holds the family's, without scaling. */
sxt_status sxt_rope_config_read_local(const sxt_config *config, int32_t head_dim, sxt_rope_params *rope,
                                      sxt_error *error);

/* longrope's list from a whole config.json: n finite numbers above 0. */
sxt_status sxt_rope_config_list(const sxt_json *document, bool is_long, int32_t n, float *list,
                                sxt_error *error);

#endif
