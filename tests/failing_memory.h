/* An allocator hook that lets some allocations succeed and then fails: one, or all that follow. */
#ifndef SXT_TESTS_FAILING_MEMORY_H
#define SXT_TESTS_FAILING_MEMORY_H

#include "base/memory.h"

typedef struct countdown {
    int64_t n_left; /* allocations that still succeed */
    bool for_good;  /* all later ones fail too; else just one */
    bool hit;
} countdown;

static bool count_down(void *user, size_t bytes) {
    countdown *c = user;
    (void)bytes;
    if (c->n_left-- > 0 || (c->hit && !c->for_good)) return true;
    c->hit = true;
    return false;
}

#endif
