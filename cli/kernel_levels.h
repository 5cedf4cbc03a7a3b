/* The CPU levels that this machine has, and whether SEXTANT_KERNEL got the one it names. */
#ifndef SEXTANT_CLI_KERNEL_LEVELS_H
#define SEXTANT_CLI_KERNEL_LEVELS_H

#include "json_document.h"

/* "avx512, avx2, scalar", best first; cut off where it does not fit. Returns text. */
char *kernel_levels_text(char *text, size_t n_text);
json_document *kernel_levels_document(void);

/* The library takes its best level when it does not have the one asked for, and does not print: so this does.
 */
void kernel_levels_warn(void);

#endif
