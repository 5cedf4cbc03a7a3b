/* The sixteen steps of IQ4_NL and IQ4_XS: not evenly spaced, closer together where weights are dense. */
#ifndef SXT_TENSOR_IQ4_VALUES_H
#define SXT_TENSOR_IQ4_VALUES_H

#include <stdint.h>

static const int8_t sxt_iq4_values[16] = {-127, -104, -83, -65, -49, -35, -22, -10,
                                          1,    13,   25,  38,  53,  69,  89,  113};

#endif
