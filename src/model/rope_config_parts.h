/* What the readers of rotary parameters share. */
#ifndef SXT_MODEL_ROPE_CONFIG_PARTS_H
#define SXT_MODEL_ROPE_CONFIG_PARTS_H

#include "model/rope_config.h"

#define SXT_ROPE_MIN_THETA 1.001
#define SXT_ROPE_MAX_THETA 1e30
#define SXT_ROPE_MIN_FACTOR 1.0 /* text is stretched, never shortened */
#define SXT_ROPE_MAX_FACTOR 1e6
#define SXT_ROPE_MAX_CONTEXT 2147483648.0

bool sxt_rope_is_named(const char *text, size_t n, const char *name);

/* The scale on cos and sin that YaRN uses for a factor when the file gives none. */
double sxt_rope_yarn_scale(double factor, double weight);

sxt_status sxt_rope_fail_scaling(const sxt_config *config, sxt_config_key key, const char *text, size_t n,
                                 sxt_error *error);
sxt_status sxt_rope_read_betas(const sxt_config *config, sxt_rope_params *rope, sxt_error *error);
/* n_ctx_train where the file does not say. */
sxt_status sxt_rope_read_original(const sxt_config *config, int64_t n_ctx_train, sxt_rope_params *rope,
                                  sxt_error *error);
sxt_status sxt_rope_longrope_factor(const sxt_config *config, int64_t n_ctx_train, bool has_factor,
                                    sxt_rope_params *rope, sxt_error *error);

/* Checks the number, which follows from `name`, against the head. */
sxt_status sxt_rope_set_n_rot(const char *where, const char *name, int64_t n_rot, int32_t head_dim,
                              sxt_rope_params *rope, sxt_error *error);

/* All of a config.json; `rope` holds what is so without scaling. */
sxt_status sxt_rope_read_json(const sxt_config *config, int32_t head_dim, int64_t n_ctx_train,
                              const sxt_rope_usual *usual, sxt_rope_params *rope, sxt_error *error);
sxt_status sxt_rope_read_json_local(const sxt_config *config, int32_t head_dim, sxt_rope_params *rope,
                                    sxt_error *error);

#endif
