#include "text/tokenizer_state.h"

#include "base/memory.h"

static sxt_status check_id(const sxt_tokenizer *t, int32_t id, sxt_error *error) {
    if (id >= 0 && id < t->vocab.n_tokens) return SXT_OK;
    return sxt_fail(error, SXT_E_ARGUMENT, "token id %d is not in the vocabulary (0 to %d)", id,
                    t->vocab.n_tokens - 1);
}

sxt_status sxt_tokenizer_piece(const sxt_tokenizer *t, int32_t id, const char **bytes, size_t *n_bytes,
                               sxt_error *error) {
    SXT_TRY(check_id(t, id, error));
    *bytes = t->vocab.pieces + t->vocab.piece_starts[id];
    *n_bytes = t->vocab.piece_starts[id + 1] - t->vocab.piece_starts[id];
    return SXT_OK;
}

static bool is_silent(const sxt_tokenizer *t, int32_t id) {
    return t->vocab.types[id] == SXT_TOKEN_CONTROL || t->vocab.types[id] == SXT_TOKEN_UNKNOWN;
}

static sxt_status decode(const sxt_tokenizer *t, const int32_t *ids, int64_t n_ids, uint32_t flags,
                         sxt_buffer *out, sxt_error *error) {
    bool at_start = true; /* no text yet: the first space is the one that encoding put there */
    for (int64_t i = 0; i < n_ids; i++) {
        const char *piece;
        size_t n;
        SXT_TRY(sxt_tokenizer_piece(t, ids[i], &piece, &n, error));
        bool silent = is_silent(t, ids[i]);
        if (silent && !(flags & SXT_DETOKENIZE_SPECIAL)) continue;
        bool text = !silent && t->vocab.types[ids[i]] != SXT_TOKEN_USER;
        size_t skip = text && at_start && t->puts_space && n > 0 && piece[0] == ' ' ? 1 : 0;
        sxt_buffer_append(out, piece + skip, n - skip);
        if (!silent) at_start = false;
    }
    return out->failed ? sxt_fail_memory(error, "the text", out->size) : SXT_OK;
}

sxt_status sxt_tokenizer_decode(const sxt_tokenizer *t, const int32_t *ids, int64_t n_ids, uint32_t flags,
                                char **text, size_t *n_bytes, sxt_error *error) {
    sxt_buffer out = {0};
    sxt_status status;
    SXT_TRY_DONE(decode(t, ids, n_ids, flags, &out, error));
    size_t n = out.size;
    char *made = sxt_buffer_take(&out);
    if (!made) {
        status = sxt_fail_memory(error, "the text", n);
        goto done;
    }
    *text = made;
    *n_bytes = n;
done:
    sxt_buffer_free(&out);
    return status;
}
