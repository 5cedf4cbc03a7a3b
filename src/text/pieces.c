#include "text/pieces.h"

#include "base/memory.h"

#include <string.h>

void sxt_pieces_add(sxt_pieces *pieces, size_t start, size_t end) {
    if (pieces->failed) return;
    if (pieces->n == pieces->room) {
        size_t room = pieces->room ? 2 * pieces->room : 64;
        sxt_span *spans = sxt_resize(pieces->spans, room, sizeof *spans);
        if (!spans) {
            pieces->failed = true;
            return;
        }
        pieces->spans = spans;
        pieces->room = room;
    }
    pieces->spans[pieces->n++] = (sxt_span){start, end};
}

void sxt_pieces_clear(sxt_pieces *pieces) {
    pieces->text.size = 0;
    pieces->n = 0;
}

void sxt_pieces_free(sxt_pieces *pieces) {
    sxt_buffer_free(&pieces->text);
    sxt_free(pieces->spans);
    memset(pieces, 0, sizeof *pieces);
}
