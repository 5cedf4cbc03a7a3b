#include "text/bpe_merge.h"

#include "base/utf8.h"
#include "text/byte_alphabet.h"

#include <string.h>

static sxt_status heap_push(sxt_bpe *work, uint64_t key, sxt_error *error) {
    if (work->n_heap == work->heap_room) {
        size_t room = work->heap_room ? 2 * work->heap_room : 64;
        uint64_t *heap = sxt_resize(work->heap, room, sizeof *heap);
        if (!heap) return sxt_fail_memory(error, "merging a piece of text", (uint64_t)room * sizeof *heap);
        work->heap = heap;
        work->heap_room = room;
    }
    size_t i = work->n_heap++;
    while (i > 0 && key < work->heap[(i - 1) / 4]) {
        work->heap[i] = work->heap[(i - 1) / 4];
        i = (i - 1) / 4;
    }
    work->heap[i] = key;
    return SXT_OK;
}

static uint64_t heap_pop(sxt_bpe *work) {
    uint64_t *heap = work->heap, top = heap[0], last = heap[--work->n_heap];
    size_t i = 0, n = work->n_heap;
    for (size_t child = 1; child < n; child = 4 * i + 1) {
        size_t end = child + 4 < n ? child + 4 : n, best = child;
        for (size_t k = child + 1; k < end; k++)
            if (heap[k] < heap[best]) best = k;
        if (last <= heap[best]) break;
        heap[i] = heap[best];
        i = best;
    }
    if (n > 0) heap[i] = last;
    return top;
}

/* Higher scores go first: the float's bits, put in rising order and turned round. */
static uint32_t priority_of_score(float score) {
    uint32_t bits;
    memcpy(&bits, &score, sizeof bits);
    bits = bits & 0x80000000u ? ~bits : bits | 0x80000000u;
    return ~bits;
}

/* Whether a symbol and its right neighbour merge, into what, and how early. */
static bool find_merge(const sxt_vocabulary *v, const char *text, const sxt_bpe_symbol *left,
                       const sxt_bpe_symbol *right, int32_t *result, uint32_t *priority) {
    if (v->scores) {
        *result = sxt_vocabulary_find(v, text + left->start, (size_t)left->size + right->size);
        if (*result < 0) return false;
        *priority = priority_of_score(v->scores[*result]);
    } else {
        const sxt_merge *merge = sxt_merge_map_find(&v->by_pair, left->id, right->id);
        if (!merge) return false;
        *result = merge->result;
        *priority = merge->rank;
    }
    return sxt_vocabulary_mergeable(v, *result);
}

/* Looks up the merge of a symbol and its right neighbour, and queues it. */
static sxt_status consider(const sxt_vocabulary *v, sxt_bpe *work, const char *text, int32_t i,
                           sxt_error *error) {
    if (i < 0) return SXT_OK;
    sxt_bpe_symbol *symbol = &work->symbols[i];
    symbol->merged_id = -1;
    if (symbol->next < 0) return SXT_OK;
    int32_t merged_id;
    if (!find_merge(v, text, symbol, &work->symbols[symbol->next], &merged_id, &symbol->priority))
        return SXT_OK;
    symbol->merged_id = merged_id;
    return heap_push(work, (uint64_t)symbol->priority << 32 | (uint32_t)i, error);
}

static sxt_status merge_all(const sxt_vocabulary *v, sxt_bpe *work, const char *text, sxt_error *error) {
    work->n_heap = 0;
    for (size_t i = 0; i < work->n_symbols; i++) SXT_TRY(consider(v, work, text, (int32_t)i, error));
    while (work->n_heap > 0) {
        uint64_t key = heap_pop(work);
        int32_t i = (int32_t)(uint32_t)key;
        sxt_bpe_symbol *left = &work->symbols[i];
        /* Out of date when the symbol is gone, or its pair is another one by now. */
        if (left->size == 0 || left->merged_id < 0 || left->priority != (uint32_t)(key >> 32)) continue;
        sxt_bpe_symbol *right = &work->symbols[left->next];
        left->id = left->merged_id;
        left->size += right->size;
        left->next = right->next;
        right->size = 0;
        if (left->next >= 0) work->symbols[left->next].previous = i;
        SXT_TRY(consider(v, work, text, left->previous, error));
        SXT_TRY(consider(v, work, text, i, error));
    }
    return SXT_OK;
}

static int32_t first_id(const sxt_vocabulary *v, const char *text, size_t n) {
    if (v->byte_level) return v->byte_ids[(unsigned char)text[0]];
    int32_t id = sxt_vocabulary_find(v, text, n);
    return id >= 0 && sxt_vocabulary_mergeable(v, id) ? id : -1;
}

/* Bytes of a byte-level piece, else characters (a byte that is not UTF-8 stands alone). */
static sxt_status make_symbols(const sxt_vocabulary *v, sxt_bpe *work, const char *text, size_t n,
                               sxt_error *error) {
    if (n > work->symbols_room) {
        size_t room = n > 2 * work->symbols_room ? n : 2 * work->symbols_room;
        sxt_bpe_symbol *symbols = sxt_resize(work->symbols, room, sizeof *symbols);
        if (!symbols) return sxt_fail_memory(error, "a piece of text", (uint64_t)room * sizeof *symbols);
        work->symbols = symbols;
        work->symbols_room = room;
    }
    work->n_symbols = 0;
    for (size_t pos = 0; pos < n;) {
        size_t size = v->byte_level ? 1 : sxt_utf8_length(text + pos, n - pos);
        if (size == 0) size = 1;
        int32_t i = (int32_t)work->n_symbols++;
        work->symbols[i] = (sxt_bpe_symbol){.start = (uint32_t)pos,
                                            .size = (uint32_t)size,
                                            .id = first_id(v, text + pos, size),
                                            .previous = i - 1,
                                            .next = pos + size < n ? i + 1 : -1};
        pos += size;
    }
    return SXT_OK;
}

static bool has_bytes(const sxt_vocabulary *v, const char *text, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (v->byte_ids[(unsigned char)text[i]] < 0) return false;
    return v->byte_fallback;
}

static sxt_status emit(const sxt_vocabulary *v, const sxt_bpe *work, const char *text, sxt_ids *ids,
                       sxt_error *error) {
    bool was_unknown = false;
    for (int32_t i = 0; i >= 0; i = work->symbols[i].next) {
        const sxt_bpe_symbol *symbol = &work->symbols[i];
        const char *at = text + symbol->start;
        bool unknown = false;
        if (symbol->id >= 0) {
            SXT_TRY(sxt_ids_add(ids, symbol->id, error));
        } else if (has_bytes(v, at, symbol->size)) {
            for (uint32_t k = 0; k < symbol->size; k++)
                SXT_TRY(sxt_ids_add(ids, v->byte_ids[(unsigned char)at[k]], error));
        } else if (v->unknown >= 0) {
            unknown = true;
            if (!was_unknown || !v->fuse_unknown) SXT_TRY(sxt_ids_add(ids, v->unknown, error));
        } else {
            return sxt_fail(error, SXT_E_UNSUPPORTED,
                            "this vocabulary has no token for the byte 0x%02X of the text, and no unknown "
                            "token; remove that character from the text",
                            (unsigned)(unsigned char)at[0]);
        }
        was_unknown = unknown;
    }
    return SXT_OK;
}

/* The piece's own token when merges are not asked for whole tokens, else -1. */
static int32_t whole_token(const sxt_vocabulary *v, sxt_bpe *work, const char *text, size_t n) {
    if (!v->ignore_merges || n > v->max_size) return -1;
    int32_t id;
    if (v->byte_level) {
        work->name.size = 0;
        sxt_bytes_to_alphabet(text, n, &work->name);
        id = work->name.failed ? -1 : sxt_vocabulary_find(v, work->name.data, work->name.size);
    } else {
        id = sxt_vocabulary_find(v, text, n);
    }
    return id >= 0 && sxt_vocabulary_mergeable(v, id) ? id : -1;
}

sxt_status sxt_bpe_encode(const sxt_vocabulary *v, sxt_bpe *work, const char *text, size_t n, sxt_ids *ids,
                          sxt_error *error) {
    if (n == 0) return SXT_OK;
    if (n > INT32_MAX / 2)
        return sxt_fail(error, SXT_E_ARGUMENT,
                        "a piece of %zu bytes is too long to tokenize (at most %d); cut the text", n,
                        INT32_MAX / 2);
    int32_t whole = whole_token(v, work, text, n);
    if (work->name.failed) return sxt_fail_memory(error, "a piece of text", n);
    if (whole >= 0) return sxt_ids_add(ids, whole, error);
    SXT_TRY(make_symbols(v, work, text, n, error));
    SXT_TRY(merge_all(v, work, text, error));
    return emit(v, work, text, ids, error);
}

void sxt_bpe_free(sxt_bpe *work) {
    sxt_free(work->symbols);
    sxt_free(work->heap);
    sxt_buffer_free(&work->name);
    memset(work, 0, sizeof *work);
}
