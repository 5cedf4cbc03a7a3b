/* The parts that hyper-parameters are read in. */
#ifndef SXT_MODEL_HPARAMS_PARTS_H
#define SXT_MODEL_HPARAMS_PARTS_H

#include "model/arch.h"

/* A family's own name in config.json, or the usual one. */
static inline const char *sxt_own_or(const char *own, const char *usual) { return own ? own : usual; }

/* Sizes of the layers, the heads and the vocabulary. n_rows: the embedding's, 0 when not known. */
sxt_status sxt_hparams_read_sizes(const sxt_config *config, int64_t n_rows, int32_t n_tokens, sxt_hparams *h,
                                  sxt_error *error);

/* The trained window, the sliding one, and which layers slide. */
sxt_status sxt_hparams_read_windows(const sxt_config *config, sxt_hparams *h, sxt_error *error);
/* A window that no layer has, and layers without a window, are none. After a family had its say. */
void sxt_hparams_settle_windows(sxt_hparams *h);

#endif
