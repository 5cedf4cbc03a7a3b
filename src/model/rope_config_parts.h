/* What the readers of rotary parameters share. */
#ifndef SXT_MODEL_ROPE_CONFIG_PARTS_H
#define SXT_MODEL_ROPE_CONFIG_PARTS_H

#include "model/config.h"
#include "plan/rope.h"

#define SXT_ROPE_MIN_THETA 1.001
#define SXT_ROPE_MAX_THETA 1e30
#define SXT_ROPE_MIN_FACTOR 0.01
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

/* rope_parameters or rope_scaling of a config.json; `rope` holds the defaults and n_rot. */
sxt_status sxt_rope_read_json(const sxt_config *config, int64_t n_ctx_train, sxt_rope_params *rope,
                              sxt_error *error);

#endif
