/* A model of any shape with random weights: to see how fast a real one of that shape would be. */
#ifndef SXT_MODEL_RANDOM_MODEL_H
#define SXT_MODEL_RANDOM_MODEL_H

#include "base/threads.h"

/* As the public sxt_convert_random(); every field of `params` is set. */
sxt_status sxt_random_model_write(const char *config, const char *vocab, const char *output, uint64_t seed,
                                  const sxt_convert_params *params, sxt_error *error);

#endif
