/* Hash tables of a vocabulary: text to id, and pair of neighbours to merge. Built once, then read-only. */
#ifndef SXT_TEXT_TOKEN_MAP_H
#define SXT_TEXT_TOKEN_MAP_H

#include "base/error.h"

typedef struct sxt_token_map {
    int32_t *slots; /* (n_slots) ids, -1 where free; n_slots is a power of two */
    size_t n_slots;
    const char *const *texts; /* by id, not owned */
    const size_t *sizes;
} sxt_token_map;

/* Of equal texts the last one counts. */
sxt_status sxt_token_map_build(sxt_token_map *map, const char *const *texts, const size_t *sizes, int32_t n,
                               sxt_error *error);
/* -1 when absent. */
int32_t sxt_token_map_find(const sxt_token_map *map, const char *text, size_t n);
void sxt_token_map_free(sxt_token_map *map);

typedef struct sxt_merge {
    int32_t left, right, result;
    uint32_t rank; /* smaller goes first */
} sxt_merge;

typedef struct sxt_merge_map {
    const sxt_merge *merges; /* not owned */
    int32_t *slots;          /* (n_slots) indices into merges, -1 where free */
    size_t n_slots;
} sxt_merge_map;

/* Of equal pairs the first one counts. */
sxt_status sxt_merge_map_build(sxt_merge_map *map, const sxt_merge *merges, int64_t n, sxt_error *error);
/* NULL when the pair does not merge. */
const sxt_merge *sxt_merge_map_find(const sxt_merge_map *map, int32_t left, int32_t right);
void sxt_merge_map_free(sxt_merge_map *map);

#endif
