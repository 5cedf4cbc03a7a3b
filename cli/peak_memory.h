/* The most memory that this process has had resident at once. */
#ifndef SEXTANT_CLI_PEAK_MEMORY_H
#define SEXTANT_CLI_PEAK_MEMORY_H

#include <stdint.h>

/* Begins anew from what is resident now, where the system can do that (Linux). */
void peak_memory_restart(void);
/* In bytes, since the last restart that worked, or since the process began. */
int64_t peak_memory_bytes(void);

#endif
