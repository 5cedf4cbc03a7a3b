#include "text/vocabulary.h"

#include "base/buffer.h"
#include "base/memory.h"
#include "base/utf8.h"
#include "text/byte_alphabet.h"

#include <stdio.h>
#include <string.h>

sxt_status sxt_vocabulary_make(sxt_vocabulary *v, int32_t n, size_t text_bytes, sxt_error *error) {
    v->n_tokens = n;
    v->arena_size = text_bytes + (size_t)n + 1;
    v->arena = sxt_alloc(v->arena_size, 1);
    v->texts = sxt_alloc((size_t)n, sizeof *v->texts);
    v->sizes = sxt_alloc((size_t)n, sizeof *v->sizes);
    v->types = sxt_alloc((size_t)n, sizeof *v->types);
    if (!v->arena || !v->texts || !v->sizes || !v->types)
        return sxt_fail_memory(error, "the vocabulary", (uint64_t)v->arena_size + (uint64_t)n * 20);
    v->arena_used = 1; /* the empty text */
    for (int32_t id = 0; id < n; id++) {
        v->texts[id] = v->arena;
        v->types[id] = SXT_TOKEN_UNUSED;
    }
    return SXT_OK;
}

void sxt_vocabulary_set(sxt_vocabulary *v, int32_t id, const char *text, size_t n, int32_t type) {
    v->types[id] = type;
    v->sizes[id] = n;
    v->texts[id] = v->arena + v->arena_used;
    if (n) memcpy(v->arena + v->arena_used, text, n);
    v->arena_used += n + 1;
    if (n > v->max_size) v->max_size = n;
}

sxt_status sxt_vocabulary_index(sxt_vocabulary *v, sxt_error *error) {
    return sxt_token_map_build(&v->by_text, (const char *const *)v->texts, v->sizes, v->n_tokens, error);
}

int32_t sxt_vocabulary_find(const sxt_vocabulary *v, const char *text, size_t n) {
    return n > v->max_size ? -1 : sxt_token_map_find(&v->by_text, text, n);
}

bool sxt_vocabulary_mergeable(const sxt_vocabulary *v, int32_t id) {
    return v->types[id] == SXT_TOKEN_NORMAL || v->types[id] == SXT_TOKEN_USER;
}

bool sxt_vocabulary_special(const sxt_vocabulary *v, int32_t id) {
    return v->types[id] == SXT_TOKEN_CONTROL || v->types[id] == SXT_TOKEN_UNKNOWN ||
           v->types[id] == SXT_TOKEN_USER;
}

/* Bytes of a text that an error quotes. */
static int quoted(size_t n) { return n < 40 ? (int)n : 40; }

sxt_status sxt_vocabulary_add_merge(sxt_vocabulary *v, const char *left, size_t n_left, const char *right,
                                    size_t n_right, const char *where, sxt_error *error) {
    char joined[512];
    size_t n = n_left + n_right;
    int32_t result = -1;
    int32_t l = sxt_vocabulary_find(v, left, n_left), r = sxt_vocabulary_find(v, right, n_right);
    if (n_left <= sizeof joined && n_right <= sizeof joined - n_left) {
        memcpy(joined, left, n_left);
        memcpy(joined + n_left, right, n_right);
        result = sxt_vocabulary_find(v, joined, n);
    } else if (n <= v->max_size) {
        char *text = sxt_alloc(n, 1);
        if (!text) return sxt_fail_memory(error, "the merges", n);
        memcpy(text, left, n_left);
        memcpy(text + n_left, right, n_right);
        result = sxt_vocabulary_find(v, text, n);
        sxt_free(text);
    }
    if (l < 0 || r < 0 || result < 0)
        return sxt_fail(error, SXT_E_FORMAT,
                        "%s: merge %lld joins \"%.*s\" and \"%.*s\", but %s is not in the vocabulary; the file "
                        "is damaged, fetch it again",
                        where, (long long)v->n_merges, quoted(n_left), left, quoted(n_right), right,
                        l < 0   ? "the first"
                        : r < 0 ? "the second"
                                : "their union");
    v->merges[v->n_merges] = (sxt_merge){l, r, result, (uint32_t)v->n_merges};
    v->n_merges++;
    return SXT_OK;
}

static int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int sxt_byte_token_value(const char *text, size_t n) {
    if (n != 6 || memcmp(text, "<0x", 3) != 0 || text[5] != '>') return -1;
    int high = hex_digit(text[3]), low = hex_digit(text[4]);
    return high < 0 || low < 0 ? -1 : high * 16 + low;
}

static void find_bytes(sxt_vocabulary *v) {
    for (int b = 0; b < 256; b++) {
        char text[8];
        v->byte_ids[b] = -1;
        if (v->byte_level) {
            size_t n = sxt_utf8_encode(sxt_byte_to_character((unsigned char)b), text);
            int32_t id = sxt_vocabulary_find(v, text, n);
            /* User-defined tokens mean their own text, not bytes. */
            if (id >= 0 && v->types[id] == SXT_TOKEN_NORMAL) v->byte_ids[b] = id;
        }
    }
    if (v->byte_level) return;
    for (int32_t id = 0; id < v->n_tokens; id++) {
        int value = v->types[id] == SXT_TOKEN_BYTE ? sxt_byte_token_value(v->texts[id], v->sizes[id]) : -1;
        if (value >= 0) v->byte_ids[value] = id;
    }
}

/* True when no text that merging may give has a visible space behind another character; then a text may
 * be cut in front of each word without changing the result. */
static bool space_always_leads(const sxt_vocabulary *v) {
    for (int32_t id = 0; id < v->n_tokens; id++) {
        const char *text = v->texts[id];
        size_t n = v->sizes[id], spaces = 0;
        if (!sxt_vocabulary_mergeable(v, id)) continue;
        while (n - spaces >= SXT_SPACE_MARK_BYTES &&
               memcmp(text + spaces, SXT_SPACE_MARK, SXT_SPACE_MARK_BYTES) == 0)
            spaces += SXT_SPACE_MARK_BYTES;
        if (memmem(text + spaces, n - spaces, SXT_SPACE_MARK, SXT_SPACE_MARK_BYTES)) return false;
    }
    return true;
}

/* The bytes that a token stands for in a text. Special tokens stand for their own text. */
static void append_piece(const sxt_vocabulary *v, int32_t id, sxt_buffer *out) {
    const char *text = v->texts[id];
    size_t n = v->sizes[id];
    int value = v->types[id] == SXT_TOKEN_BYTE ? sxt_byte_token_value(text, n) : -1;
    if (value >= 0) {
        char byte = (char)value;
        sxt_buffer_append(out, &byte, 1);
    } else if (sxt_vocabulary_special(v, id)) {
        sxt_buffer_append(out, text, n);
    } else if (v->byte_level) {
        if (!sxt_alphabet_to_bytes(text, n, out)) sxt_buffer_append(out, text, n);
    } else {
        for (size_t pos = 0; pos < n;) {
            bool space = n - pos >= SXT_SPACE_MARK_BYTES &&
                         memcmp(text + pos, SXT_SPACE_MARK, SXT_SPACE_MARK_BYTES) == 0;
            sxt_buffer_append(out, space ? " " : text + pos, 1);
            pos += space ? SXT_SPACE_MARK_BYTES : 1;
        }
    }
}

static sxt_status write_pieces(sxt_vocabulary *v, sxt_error *error) {
    sxt_buffer out = {0};
    v->piece_starts = sxt_alloc((size_t)v->n_tokens + 1, sizeof *v->piece_starts);
    if (!v->piece_starts) return sxt_fail_memory(error, "the vocabulary", (uint64_t)v->n_tokens * 8);
    for (int32_t id = 0; id < v->n_tokens; id++) {
        v->piece_starts[id] = out.size;
        append_piece(v, id, &out);
    }
    v->piece_starts[v->n_tokens] = out.size;
    v->pieces = sxt_buffer_take(&out);
    sxt_buffer_free(&out);
    return v->pieces ? SXT_OK : sxt_fail_memory(error, "the vocabulary", v->arena_size);
}

static sxt_status write_merges(sxt_vocabulary *v, sxt_error *error) {
    size_t bytes = 0;
    for (int64_t i = 0; i < v->n_merges; i++)
        bytes += v->sizes[v->merges[i].left] + v->sizes[v->merges[i].right] + 2;
    v->merge_arena = sxt_alloc(bytes, 1);
    v->merge_text = sxt_alloc((size_t)v->n_merges, sizeof *v->merge_text);
    if (!v->merge_arena || !v->merge_text) return sxt_fail_memory(error, "the merges", bytes);
    char *at = v->merge_arena;
    for (int64_t i = 0; i < v->n_merges; i++) {
        int32_t left = v->merges[i].left, right = v->merges[i].right;
        v->merge_text[i] = at;
        memcpy(at, v->texts[left], v->sizes[left]);
        at += v->sizes[left];
        *at++ = ' ';
        memcpy(at, v->texts[right], v->sizes[right]);
        at += v->sizes[right];
        *at++ = 0;
    }
    return SXT_OK;
}

/* Scores by which merging gives what the ranks give: a token's is the rank of its first merge, negated. */
static sxt_status write_rank_scores(sxt_vocabulary *v, sxt_error *error) {
    v->rank_scores = sxt_alloc((size_t)v->n_tokens, sizeof *v->rank_scores);
    if (!v->rank_scores) return sxt_fail_memory(error, "the merges", (uint64_t)v->n_tokens * 4);
    for (int32_t id = 0; id < v->n_tokens; id++)
        v->rank_scores[id] = v->types[id] == SXT_TOKEN_NORMAL ? -(float)v->n_merges : 0.0f;
    for (int64_t i = v->n_merges - 1; i >= 0; i--) v->rank_scores[v->merges[i].result] = -(float)i;
    return SXT_OK;
}

sxt_status sxt_vocabulary_finish(sxt_vocabulary *v, sxt_error *error) {
    find_bytes(v);
    v->space_leads = !v->byte_level && sxt_vocabulary_find(v, SXT_SPACE_MARK, SXT_SPACE_MARK_BYTES) >= 0 &&
                     space_always_leads(v);
    SXT_TRY(write_pieces(v, error));
    if (v->scores) return SXT_OK;
    SXT_TRY(sxt_merge_map_build(&v->by_pair, v->merges, v->n_merges, error));
    return v->byte_level ? write_merges(v, error) : write_rank_scores(v, error);
}

void sxt_vocabulary_free(sxt_vocabulary *v) {
    sxt_token_map_free(&v->by_text);
    sxt_merge_map_free(&v->by_pair);
    sxt_free(v->arena);
    sxt_free((void *)v->texts);
    sxt_free(v->sizes);
    sxt_free(v->types);
    sxt_free(v->scores);
    sxt_free(v->rank_scores);
    sxt_free(v->merges);
    sxt_free(v->pieces);
    sxt_free(v->piece_starts);
    sxt_free(v->merge_arena);
    sxt_free((void *)v->merge_text);
    memset(v, 0, sizeof *v);
}
