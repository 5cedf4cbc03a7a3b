#include "text/tokenizer_state.h"

#include "text/bpe_merge.h"

#include <string.h>

/* Working memory of one call. */
typedef struct encoder {
    const sxt_tokenizer *t;
    sxt_matcher *matcher;
    sxt_bpe bpe;
    sxt_buffer text, spare;     /* a fragment, normalized */
    sxt_pieces pieces, cutting; /* a part of it, cut */
    sxt_ids ids;
} encoder;

static void free_encoder(encoder *e) {
    sxt_matcher_free(e->matcher);
    sxt_bpe_free(&e->bpe);
    sxt_buffer_free(&e->text);
    sxt_buffer_free(&e->spare);
    sxt_pieces_free(&e->pieces);
    sxt_pieces_free(&e->cutting);
    sxt_free(e->ids.data);
}

/* Merges one piece. Where no token has a visible space inside, each word may be merged on its own: the
 * result is the same and the heap stays small. */
static sxt_status encode_piece(encoder *e, const char *text, size_t n, sxt_error *error) {
    const sxt_vocabulary *v = &e->t->vocab;
    size_t start = 0;
    while (v->space_leads && !v->ignore_merges) {
        size_t pos = start;
        while (n - pos >= SXT_SPACE_MARK_BYTES && memcmp(text + pos, SXT_SPACE_MARK, SXT_SPACE_MARK_BYTES) == 0)
            pos += SXT_SPACE_MARK_BYTES;
        const char *next = memmem(text + pos, n - pos, SXT_SPACE_MARK, SXT_SPACE_MARK_BYTES);
        if (!next) break;
        size_t end = (size_t)(next - text);
        SXT_TRY(sxt_bpe_encode(v, &e->bpe, text + start, end - start, &e->ids, error));
        start = end;
    }
    return sxt_bpe_encode(v, &e->bpe, text + start, n - start, &e->ids, error);
}

/* Normalized text without special tokens. */
static sxt_status encode_part(encoder *e, const char *text, size_t n, bool at_start, sxt_error *error) {
    if (n == 0) return SXT_OK;
    if (e->t->pretokenizer.n == 0) return encode_piece(e, text, n, error);
    sxt_pieces_clear(&e->pieces);
    sxt_buffer_append(&e->pieces.text, text, n);
    sxt_pieces_add(&e->pieces, 0, n);
    if (e->pieces.failed || e->pieces.text.failed) return sxt_fail_memory(error, "a text", n);
    SXT_TRY(sxt_pretokenize(&e->t->pretokenizer, e->matcher, at_start, &e->pieces, &e->cutting, error));
    for (size_t i = 0; i < e->pieces.n; i++) {
        sxt_span span = e->pieces.spans[i];
        SXT_TRY(encode_piece(e, e->pieces.text.data + span.start, span.end - span.start, error));
    }
    return SXT_OK;
}

/* Text between two special tokens. */
static sxt_status encode_fragment(encoder *e, const char *text, size_t n, bool at_start, sxt_error *error) {
    const sxt_allowed nowhere = {NULL, 0};
    size_t i_allowed = 0, pos = 0;
    sxt_span span;
    if (n == 0) return SXT_OK;
    if (e->t->normalizer.n == 0) return encode_part(e, text, n, at_start, error);
    e->text.size = 0;
    sxt_buffer_append(&e->text, text, n);
    if (e->text.failed) return sxt_fail_memory(error, "a text", n);
    SXT_TRY(sxt_normalize(&e->t->normalizer, e->matcher, &e->text, &e->spare, error));
    for (;;) {
        int32_t id =
            sxt_special_find(&e->t->special_after, e->text.data, e->text.size, pos, nowhere, &i_allowed, &span);
        size_t end = id < 0 ? e->text.size : span.start;
        SXT_TRY(encode_part(e, e->text.data + pos, end - pos, at_start && pos == 0, error));
        if (id < 0) return SXT_OK;
        SXT_TRY(sxt_ids_add(&e->ids, id, error));
        pos = span.end;
    }
}

static sxt_status encode_text(encoder *e, const char *text, size_t n, sxt_allowed allowed, sxt_error *error) {
    size_t i_allowed = 0, pos = 0;
    sxt_span span;
    for (;;) {
        int32_t id = sxt_special_find(&e->t->special, text, n, pos, allowed, &i_allowed, &span);
        size_t end = id < 0 ? n : span.start;
        SXT_TRY(encode_fragment(e, text + pos, end - pos, pos == 0, error));
        if (id < 0) return SXT_OK;
        SXT_TRY(sxt_ids_add(&e->ids, id, error));
        pos = span.end;
    }
}

static sxt_status encode_with(encoder *e, const char *text, size_t n, sxt_allowed allowed, bool add_special,
                              sxt_error *error) {
    const sxt_tokenizer *t = e->t;
    SXT_TRY(sxt_matcher_new(&e->matcher, error));
    if (add_special && t->add_bos && t->bos >= 0) SXT_TRY(sxt_ids_add(&e->ids, t->bos, error));
    SXT_TRY(encode_text(e, text, n, allowed, error));
    if (add_special && t->add_eos && t->eos >= 0) SXT_TRY(sxt_ids_add(&e->ids, t->eos, error));
    if (!e->ids.data) { /* an empty text: still memory that the caller may free */
        e->ids.data = sxt_alloc(1, sizeof *e->ids.data);
        if (!e->ids.data) return sxt_fail_memory(error, "token ids", sizeof *e->ids.data);
    }
    return SXT_OK;
}

sxt_status sxt_tokenizer_encode_allowed(const sxt_tokenizer *t, const char *text, size_t n, sxt_allowed allowed,
                                        bool add_special, int32_t **ids, int64_t *n_ids, sxt_error *error) {
    encoder e = {.t = t};
    sxt_status status = encode_with(&e, n ? text : "", n, allowed, add_special, error);
    if (status == SXT_OK) {
        *ids = e.ids.data;
        *n_ids = (int64_t)e.ids.n;
        e.ids.data = NULL;
    }
    free_encoder(&e);
    return status;
}

sxt_status sxt_tokenizer_encode(const sxt_tokenizer *t, const char *text, size_t n_bytes, uint32_t flags,
                                int32_t **ids, int64_t *n_ids, sxt_error *error) {
    const sxt_span all = {0, n_bytes};
    const sxt_allowed allowed = {&all, flags & SXT_TOKENIZE_PARSE_SPECIAL ? 1 : 0};
    return sxt_tokenizer_encode_allowed(t, text, n_bytes, allowed, flags & SXT_TOKENIZE_ADD_SPECIAL, ids, n_ids,
                                        error);
}
