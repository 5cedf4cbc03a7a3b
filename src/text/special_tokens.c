#include "text/special_tokens.h"

#include "base/memory.h"
#include "base/utf8.h"
#include "text/unicode.h"

#include <string.h>

/* Bounds the work at one place of a text. */
#define MOST_BYTES 1024

static sxt_status new_node(sxt_special_set *set, unsigned char byte, int32_t *node, sxt_error *error) {
    if (set->n == set->room) {
        size_t room = set->room ? 2 * set->room : 256;
        sxt_special_node *nodes = sxt_resize(set->nodes, room, sizeof *nodes);
        if (!nodes) {
            sxt_fail_memory(error, "the special tokens", (uint64_t)room * sizeof *nodes);
            return SXT_E_MEMORY;
        }
        set->nodes = nodes;
        set->room = room;
    }
    *node = (int32_t)set->n;
    set->nodes[set->n++] = (sxt_special_node){.child = -1, .sibling = -1, .id = -1, .byte = byte};
    return SXT_OK;
}

static int32_t sibling_with(const sxt_special_set *set, int32_t node, unsigned char byte) {
    while (node >= 0 && set->nodes[node].byte != byte) node = set->nodes[node].sibling;
    return node;
}

sxt_status sxt_special_add(sxt_special_set *set, const char *text, size_t n, int32_t id, uint8_t flags,
                           sxt_error *error) {
    if (n == 0) return SXT_OK; /* nothing to find */
    if (n > MOST_BYTES)
        return sxt_fail(error, SXT_E_UNSUPPORTED,
                        "special token %d is %zu bytes long (at most %d); the file is damaged, fetch it again",
                        id, n, MOST_BYTES);
    unsigned char byte = (unsigned char)text[0];
    if (set->first[byte] == 0) {
        int32_t made;
        SXT_TRY(new_node(set, byte, &made, error));
        set->first[byte] = made + 1;
    }
    int32_t node = set->first[byte] - 1;
    for (size_t i = 1; i < n; i++) {
        byte = (unsigned char)text[i];
        int32_t next = sibling_with(set, set->nodes[node].child, byte);
        if (next < 0) {
            SXT_TRY(new_node(set, byte, &next, error));
            set->nodes[next].sibling = set->nodes[node].child;
            set->nodes[node].child = next;
        }
        node = next;
    }
    set->nodes[node].id = id;
    set->nodes[node].flags = flags;
    return SXT_OK;
}

void sxt_special_set_free(sxt_special_set *set) {
    sxt_free(set->nodes);
    memset(set, 0, sizeof *set);
}

/* Start of the character that ends at `pos` (> 0); a stray byte is a character of its own. */
static size_t previous_character(const char *text, size_t pos) {
    for (size_t back = 1; back <= 4 && back <= pos; back++)
        if (sxt_utf8_length(text + pos - back, back) == back) return pos - back;
    return pos - 1;
}

static bool is_space_at(const char *text, size_t pos, size_t n, size_t *length) {
    *length = sxt_utf8_length(text + pos, n - pos);
    return *length > 0 && sxt_unicode_is_space(sxt_utf8_decode(text + pos, *length));
}

static bool is_word_at(const char *text, size_t pos, size_t n) {
    size_t length = sxt_utf8_length(text + pos, n - pos);
    return length > 0 && sxt_unicode_is_word(sxt_utf8_decode(text + pos, length));
}

static bool is_whole_word(const char *text, size_t n, sxt_span span) {
    return !(span.start > 0 && is_word_at(text, previous_character(text, span.start), span.start)) &&
           !(span.end < n && is_word_at(text, span.end, n));
}

static sxt_span take_space(const char *text, size_t n, size_t from, sxt_span span, unsigned flags) {
    size_t length;
    while ((flags & SXT_SPECIAL_LSTRIP) && span.start > from) {
        size_t before = previous_character(text, span.start);
        if (before < from || !is_space_at(text, before, span.start, &length)) break;
        span.start = before;
    }
    while ((flags & SXT_SPECIAL_RSTRIP) && span.end < n && is_space_at(text, span.end, n, &length))
        span.end += length;
    return span;
}

/* The longest token that starts at `pos` and may stand there; NULL when there is none. */
static const sxt_special_node *longest_at(const sxt_special_set *set, const char *text, size_t n, size_t pos,
                                          const sxt_span *allowed, size_t *end) {
    const sxt_special_node *best = NULL;
    int32_t node = set->first[(unsigned char)text[pos]] - 1;
    for (size_t at = pos + 1; node >= 0; at++) {
        const sxt_special_node *here = &set->nodes[node];
        bool restricted = here->flags & SXT_SPECIAL_RESTRICTED;
        bool may = !restricted || (allowed && pos >= allowed->start && at <= allowed->end);
        if (here->id >= 0 && may) {
            best = here;
            *end = at;
        }
        node = at < n ? sibling_with(set, here->child, (unsigned char)text[at]) : -1;
    }
    return best;
}

int32_t sxt_special_find(const sxt_special_set *set, const char *text, size_t n, size_t from,
                         sxt_allowed allowed, size_t *i_allowed, sxt_span *span) {
    if (set->n == 0) return -1;
    for (size_t pos = from; pos < n; pos++) {
        if (set->first[(unsigned char)text[pos]] == 0) continue;
        while (*i_allowed < allowed.n && allowed.spans[*i_allowed].end <= pos) ++*i_allowed;
        size_t end;
        const sxt_special_node *found =
            longest_at(set, text, n, pos, *i_allowed < allowed.n ? &allowed.spans[*i_allowed] : NULL, &end);
        if (!found) continue;
        sxt_span here = {pos, end};
        if ((found->flags & SXT_SPECIAL_SINGLE_WORD) && !is_whole_word(text, n, here)) continue;
        *span = take_space(text, n, from, here, found->flags);
        return found->id;
    }
    return -1;
}
