#include "infer/history.h"

#include "base/memory.h"
#include "base/num.h"

#include <string.h>

sxt_status sxt_history_make(sxt_history *h, int64_t room, sxt_error *error) {
    *h = (sxt_history){.room = room, .tokens = sxt_alloc((size_t)room, sizeof *h->tokens)};
    return h->tokens ? SXT_OK : sxt_fail_memory(error, "the token history", (uint64_t)room * sizeof *h->tokens);
}

void sxt_history_free(sxt_history *h) {
    sxt_free(h->tokens);
    *h = (sxt_history){0};
}

int64_t sxt_history_left(const sxt_history *h) { return h->room - (h->n - h->first); }

void sxt_history_add(sxt_history *h, const int32_t *tokens, int64_t n) {
    memmove(h->tokens + (h->n - h->first), tokens, (size_t)n * sizeof *tokens);
    h->n += n;
}

void sxt_history_resume(sxt_history *h, int64_t first, sxt_hash forgotten) {
    h->first = h->n = first;
    h->forgotten = forgotten;
}

void sxt_history_cut(sxt_history *h, int64_t n) {
    if (n < h->first) sxt_history_resume(h, 0, (sxt_hash){0});
    h->n = sxt_min_i64(h->n, n);
}

static sxt_hash hash_block(sxt_hash hash, const int32_t *tokens) {
    return sxt_hash_more(hash, tokens, SXT_HISTORY_BLOCK * sizeof *tokens);
}

void sxt_history_forget(sxt_history *h, int64_t first) {
    int64_t n = 0;
    first = sxt_min_i64(first, h->n);
    for (; h->first + n + SXT_HISTORY_BLOCK <= first; n += SXT_HISTORY_BLOCK)
        h->forgotten = hash_block(h->forgotten, h->tokens + n);
    if (n == 0) return;
    h->first += n;
    memmove(h->tokens, h->tokens + n, (size_t)(h->n - h->first) * sizeof *h->tokens);
}

int64_t sxt_history_same(const sxt_history *h, const int32_t *tokens, int64_t n) {
    int64_t same = h->first, most = sxt_min_i64(n, h->n);
    sxt_hash hash = {0};
    if (most < same) return 0;
    for (int64_t i = 0; i < same; i += SXT_HISTORY_BLOCK) hash = hash_block(hash, tokens + i);
    if (!sxt_hash_equal(hash, h->forgotten)) return 0;
    while (same < most && h->tokens[same - h->first] == tokens[same]) same++;
    return same;
}

const int32_t *sxt_history_at(const sxt_history *h, int64_t i) { return h->tokens + (i - h->first); }
