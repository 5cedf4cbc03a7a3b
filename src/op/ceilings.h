/* What the machine can do at most, measured with the level and the threads in use. */
#ifndef SXT_OP_CEILINGS_H
#define SXT_OP_CEILINGS_H

#include "base/threads.h"

/* As the public sxt_measure_ceilings(). About a second. */
sxt_status sxt_ceilings_measure(sxt_pool *pool, sxt_ceilings *ceilings, sxt_error *error);

#endif
