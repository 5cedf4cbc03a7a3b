#include "format/name_index.h"

#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

static int compare(const void *a, const void *b) {
    const sxt_named *x = a, *y = b;
    int order = strcmp(x->name, y->name);
    return order ? order : x->i < y->i ? -1 : x->i > y->i;
}

static int compare_name(const void *name, const void *entry) {
    return strcmp(name, ((const sxt_named *)entry)->name);
}

sxt_status sxt_name_index_make(sxt_name_index *index, uint64_t n, sxt_error *error) {
    sxt_named *entries = sxt_alloc(n, sizeof *entries);
    if (!entries) return sxt_fail_memory(error, "an index of names", n * sizeof *entries);
    index->entries = entries;
    index->n = n;
    return SXT_OK;
}

const sxt_named *sxt_name_index_sort(sxt_name_index *index) {
    qsort(index->entries, index->n, sizeof *index->entries, compare);
    for (uint64_t i = 1; i < index->n; i++)
        if (strcmp(index->entries[i - 1].name, index->entries[i].name) == 0) return &index->entries[i];
    return NULL;
}

const sxt_named *sxt_name_index_find(const sxt_name_index *index, const char *name) {
    if (index->n == 0) return NULL;
    return bsearch(name, index->entries, index->n, sizeof *index->entries, compare_name);
}

void sxt_name_index_free(sxt_name_index *index) {
    sxt_free(index->entries);
    memset(index, 0, sizeof *index);
}
