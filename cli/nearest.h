/* The valid name that lies nearest to a mistyped one. */
#ifndef SEXTANT_CLI_NEAREST_H
#define SEXTANT_CLI_NEAREST_H

#include <stddef.h>

typedef struct nearest {
    const char *typed;
    const char *best; /* NULL until a name that is near enough was offered */
    size_t distance;
} nearest;

nearest nearest_to(const char *typed);
void nearest_offer(nearest *search, const char *name);

#endif
