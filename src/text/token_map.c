#include "text/token_map.h"

#include "base/hash.h"
#include "base/memory.h"

#include <string.h>

static size_t slots_for(size_t n) {
    size_t n_slots = 16;
    while (n_slots < 2 * n) n_slots *= 2;
    return n_slots;
}

static int32_t *free_slots(size_t n_slots, sxt_error *error) {
    int32_t *slots = sxt_alloc(n_slots, sizeof *slots);
    if (slots) {
        memset(slots, 0xFF, n_slots * sizeof *slots);
    } else {
        sxt_fail_memory(error, "the tokenizer's tables", (uint64_t)n_slots * sizeof *slots);
    }
    return slots;
}

/* The slot that holds the text, or the free one where it belongs. */
static size_t text_slot(const sxt_token_map *map, const char *text, size_t n) {
    size_t mask = map->n_slots - 1, i = (size_t)sxt_hash_bytes(text, n).low & mask;
    for (;; i = (i + 1) & mask) {
        int32_t id = map->slots[i];
        if (id < 0 || (map->sizes[id] == n && memcmp(map->texts[id], text, n) == 0)) return i;
    }
}

sxt_status sxt_token_map_build(sxt_token_map *map, const char *const *texts, const size_t *sizes, int32_t n,
                               sxt_error *error) {
    map->texts = texts;
    map->sizes = sizes;
    map->n_slots = slots_for((size_t)n);
    map->slots = free_slots(map->n_slots, error);
    if (!map->slots) return SXT_E_MEMORY;
    for (int32_t id = 0; id < n; id++) map->slots[text_slot(map, texts[id], sizes[id])] = id;
    return SXT_OK;
}

int32_t sxt_token_map_find(const sxt_token_map *map, const char *text, size_t n) {
    return map->slots[text_slot(map, text, n)];
}

void sxt_token_map_free(sxt_token_map *map) {
    sxt_free(map->slots);
    map->slots = NULL;
}

static size_t pair_slot(const sxt_merge_map *map, int32_t left, int32_t right) {
    uint64_t key = (uint64_t)(uint32_t)left << 32 | (uint32_t)right;
    key ^= key >> 32;
    key *= UINT64_C(0x9E3779B97F4A7C15); /* Fibonacci hashing: 2^64 over the golden ratio */
    key ^= key >> 29;
    key *= UINT64_C(0xBF58476D1CE4E5B9);
    size_t mask = map->n_slots - 1, i = (size_t)(key >> 32) & mask;
    for (;; i = (i + 1) & mask) {
        int32_t at = map->slots[i];
        if (at < 0 || (map->merges[at].left == left && map->merges[at].right == right)) return i;
    }
}

sxt_status sxt_merge_map_build(sxt_merge_map *map, const sxt_merge *merges, int64_t n, sxt_error *error) {
    map->merges = merges;
    map->n_slots = slots_for((size_t)n);
    map->slots = free_slots(map->n_slots, error);
    if (!map->slots) return SXT_E_MEMORY;
    for (int64_t i = 0; i < n; i++) {
        size_t slot = pair_slot(map, merges[i].left, merges[i].right);
        if (map->slots[slot] < 0) map->slots[slot] = (int32_t)i;
    }
    return SXT_OK;
}

const sxt_merge *sxt_merge_map_find(const sxt_merge_map *map, int32_t left, int32_t right) {
    int32_t at = map->slots[pair_slot(map, left, right)];
    return at < 0 ? NULL : &map->merges[at];
}

void sxt_merge_map_free(sxt_merge_map *map) {
    sxt_free(map->slots);
    map->slots = NULL;
}
