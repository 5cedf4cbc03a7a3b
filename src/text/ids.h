/* A growing list of token ids. */
#ifndef SXT_TEXT_IDS_H
#define SXT_TEXT_IDS_H

#include "base/memory.h"

typedef struct sxt_ids {
    int32_t *data; /* (n) owned */
    size_t n, room;
} sxt_ids;

static inline sxt_status sxt_ids_add(sxt_ids *ids, int32_t id, sxt_error *error) {
    if (ids->n == ids->room) {
        size_t room = ids->room ? 2 * ids->room : 64;
        int32_t *data = sxt_resize(ids->data, room, sizeof *data);
        if (!data) return sxt_fail_memory(error, "token ids", (uint64_t)room * sizeof *data);
        ids->data = data;
        ids->room = room;
    }
    ids->data[ids->n++] = id;
    return SXT_OK;
}

#endif
