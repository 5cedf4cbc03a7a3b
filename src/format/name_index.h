/* Finds a name among many without trusting them: a sorted array, so hostile names cannot make it slow. */
#ifndef SXT_FORMAT_NAME_INDEX_H
#define SXT_FORMAT_NAME_INDEX_H

#include "base/error.h"

typedef struct sxt_named {
    const char *name; /* NUL-terminated; outlives the index */
    uint64_t i;       /* what the name stands for */
} sxt_named;

typedef struct sxt_name_index {
    sxt_named *entries; /* (n), sorted by name; owned */
    uint64_t n;
} sxt_name_index;

/* Room for n names; the caller fills entries[0..n) and sorts. */
sxt_status sxt_name_index_make(sxt_name_index *index, uint64_t n, sxt_error *error);
/* Sorts; gives the later of two entries that have the same name, NULL when all names differ. */
const sxt_named *sxt_name_index_sort(sxt_name_index *index);
/* NULL when absent. */
const sxt_named *sxt_name_index_find(const sxt_name_index *index, const char *name);
void sxt_name_index_free(sxt_name_index *index);

#endif
