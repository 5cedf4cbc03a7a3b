#include "text/vocab_hf.h"

#include "base/memory.h"
#include "text/hf_special_ids.h"
#include "text/hf_steps.h"
#include "text/pre_names.h"

#include <stdio.h>
#include <string.h>

/* Ids without a text that a vocabulary may have: rows that pad the embedding to a round size. */
#define MOST_PADDING 65536

static sxt_status fail_damaged(sxt_error *error, const char *what) {
    return sxt_fail(error, SXT_E_FORMAT, "tokenizer.json: %s; the file is damaged, fetch it again", what);
}

/* ---- Tokens ------------------------------------------------------------------------------------ */

static sxt_status read_token_id(const sxt_json *node, const char *what, const char *text, size_t n, int32_t *id,
                                sxt_error *error) {
    int64_t value;
    if (!sxt_json_integer(node, &value) || value < 0 || value >= SXT_MAX_VOCAB)
        return sxt_fail(
            error, SXT_E_FORMAT,
            "tokenizer.json: %s \"%.*s\": id must be an integer from 0 to %d; the file is damaged, fetch "
            "it again",
            what, n < 40 ? (int)n : 40, text, SXT_MAX_VOCAB - 1);
    *id = (int32_t)value;
    return SXT_OK;
}

static sxt_status read_added(const sxt_json *token, const char **text, size_t *n, int32_t *id,
                             sxt_error *error) {
    if (!sxt_json_string(sxt_json_get(token, "content"), text, n))
        return fail_damaged(error, "added_tokens: content must be a text");
    return read_token_id(sxt_json_get(token, "id"), "added_tokens", *text, *n, id, error);
}

typedef struct vocab_extent {
    int64_t n_named;  /* tokens that have a text; those in both lists count twice */
    int32_t n_tokens; /* largest id plus one */
    size_t text_bytes;
} vocab_extent;

static sxt_status measure(const sxt_json *vocab, const sxt_json *added, vocab_extent *extent,
                          sxt_error *error) {
    for (void *it = sxt_json_next(vocab, NULL); it; it = sxt_json_next(vocab, it)) {
        int32_t id = 0;
        SXT_TRY(read_token_id(sxt_json_value(it), "model.vocab", sxt_json_key(it), sxt_json_key_size(it), &id,
                              error));
        extent->text_bytes += sxt_json_key_size(it);
        if (id >= extent->n_tokens) extent->n_tokens = id + 1;
    }
    for (size_t i = 0; i < sxt_json_size(added); i++) {
        const char *text;
        size_t n;
        int32_t id = 0;
        SXT_TRY(read_added(sxt_json_at(added, i), &text, &n, &id, error));
        extent->text_bytes += n;
        if (id >= extent->n_tokens) extent->n_tokens = id + 1;
    }
    extent->n_named = (int64_t)sxt_json_size(vocab) + (int64_t)sxt_json_size(added);
    return SXT_OK;
}

/* The embedding may have more rows than there are texts. */
static sxt_status extend_to_config(const sxt_json *config, vocab_extent *extent, sxt_error *error) {
    int64_t wanted = 0;
    if (sxt_json_integer(sxt_json_get(config, "vocab_size"), &wanted) && wanted > extent->n_tokens) {
        if (wanted > SXT_MAX_VOCAB)
            return sxt_fail(error, SXT_E_UNSUPPORTED, "config.json: vocab_size is %lld (at most %d)",
                            (long long)wanted, SXT_MAX_VOCAB);
        extent->n_tokens = (int32_t)wanted;
    }
    if (extent->n_tokens - extent->n_named > MOST_PADDING)
        return sxt_fail(
            error, SXT_E_FORMAT,
            "tokenizer.json has %lld tokens, but config.json or the ids ask for %d; use the tokenizer.json "
            "that belongs to this model",
            (long long)extent->n_named, extent->n_tokens);
    return SXT_OK;
}

static sxt_status set_vocab(sxt_vocabulary *v, const sxt_json *vocab, sxt_error *error) {
    for (void *it = sxt_json_next(vocab, NULL); it; it = sxt_json_next(vocab, it)) {
        const char *text = sxt_json_key(it);
        size_t n = sxt_json_key_size(it);
        int32_t id = 0;
        SXT_TRY(read_token_id(sxt_json_value(it), "model.vocab", text, n, &id, error));
        if (v->types[id] != SXT_TOKEN_UNUSED)
            return sxt_fail(
                error, SXT_E_FORMAT,
                "tokenizer.json: model.vocab gives id %d twice; the file is damaged, fetch it again", id);
        bool is_byte = v->byte_fallback && sxt_byte_token_value(text, n) >= 0;
        sxt_vocabulary_set(v, id, text, n, is_byte ? SXT_TOKEN_BYTE : SXT_TOKEN_NORMAL);
    }
    return SXT_OK;
}

static sxt_status set_added(sxt_tokenizer *t, const sxt_json *token, sxt_error *error) {
    static const struct {
        const char *key;
        uint8_t flag;
    } keys[] = {{"lstrip", SXT_SPECIAL_LSTRIP},
                {"rstrip", SXT_SPECIAL_RSTRIP},
                {"single_word", SXT_SPECIAL_SINGLE_WORD},
                {"normalized", SXT_SPECIAL_NORMALIZED}};
    const char *text;
    size_t n;
    int32_t id = 0;
    bool special = false;
    sxt_vocabulary *v = &t->vocab;
    SXT_TRY(read_added(token, &text, &n, &id, error));
    if (v->types[id] == SXT_TOKEN_UNUSED) {
        sxt_vocabulary_set(v, id, text, n, SXT_TOKEN_USER);
    } else if (v->sizes[id] != n || memcmp(v->texts[id], text, n) != 0) {
        return sxt_fail(
            error, SXT_E_FORMAT,
            "tokenizer.json: added_tokens: \"%.*s\" has id %d, which is another token's; the file is "
            "damaged, fetch it again",
            n < 40 ? (int)n : 40, text, id);
    }
    SXT_TRY(sxt_hf_read_bool(token, "tokenizer.json: added_tokens", "special", &special, error));
    v->types[id] = special ? SXT_TOKEN_CONTROL : SXT_TOKEN_USER;
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        bool set = false;
        SXT_TRY(sxt_hf_read_bool(token, "tokenizer.json: added_tokens", keys[i].key, &set, error));
        if (set) t->flags[id] |= keys[i].flag;
    }
    return SXT_OK;
}

/* Ids without a text get one that llama.cpp's converter gives them, so that all texts differ. */
static void set_padding(sxt_vocabulary *v) {
    for (int32_t id = 0; id < v->n_tokens; id++) {
        char text[24];
        if (v->types[id] != SXT_TOKEN_UNUSED) continue;
        int n = snprintf(text, sizeof text, "[PAD%d]", id);
        sxt_vocabulary_set(v, id, text, (size_t)n, SXT_TOKEN_UNUSED);
    }
}

static sxt_status read_unknown(const sxt_json *model, sxt_vocabulary *v, sxt_error *error) {
    const sxt_json *node = sxt_json_get(model, "unk_token");
    const char *text;
    size_t n;
    if (sxt_json_is_none(node)) return SXT_OK;
    if (!sxt_json_string(node, &text, &n)) return fail_damaged(error, "model.unk_token must be a text");
    v->unknown = sxt_vocabulary_find(v, text, n);
    if (v->unknown < 0) return fail_damaged(error, "model.unk_token is not in the vocabulary");
    /* As in other vocabularies, text never becomes it. */
    v->types[v->unknown] = SXT_TOKEN_UNKNOWN;
    return SXT_OK;
}

static sxt_status read_tokens(const sxt_json *root, const sxt_json *config, sxt_tokenizer *t,
                              sxt_error *error) {
    const sxt_json *vocab = sxt_json_get(sxt_json_get(root, "model"), "vocab");
    const sxt_json *added = sxt_json_get(root, "added_tokens");
    vocab_extent extent = {0};
    if (sxt_json_kind_of(vocab) != SXT_JSON_OBJECT || sxt_json_size(vocab) == 0)
        return fail_damaged(error, "model.vocab must be an object with at least one token");
    if (!sxt_json_is_none(added) && sxt_json_kind_of(added) != SXT_JSON_ARRAY)
        return fail_damaged(error, "added_tokens must be a list");
    SXT_TRY(measure(vocab, added, &extent, error));
    SXT_TRY(extend_to_config(config, &extent, error));
    int64_t n_padding = extent.n_tokens; /* at most all: cheap, and always enough */
    SXT_TRY(sxt_vocabulary_make(&t->vocab, extent.n_tokens, extent.text_bytes + 16 * (size_t)n_padding, error));
    SXT_TRY(sxt_tokenizer_make_flags(t, error));
    SXT_TRY(set_vocab(&t->vocab, vocab, error));
    for (size_t i = 0; i < sxt_json_size(added); i++) SXT_TRY(set_added(t, sxt_json_at(added, i), error));
    set_padding(&t->vocab);
    SXT_TRY(sxt_vocabulary_index(&t->vocab, error));
    return read_unknown(sxt_json_get(root, "model"), &t->vocab, error);
}

/* ---- Model ------------------------------------------------------------------------------------- */

static sxt_status check_model(const sxt_json *model, sxt_error *error) {
    static const char *const unused[] = {"dropout", "continuing_subword_prefix", "end_of_word_suffix"};
    const char *type = "(none)", *text;
    size_t n = strlen(type), n_text;
    sxt_json_string(sxt_json_get(model, "type"), &type, &n);
    /* Old files leave the type out; BPE is the kind that has merges. */
    bool is_bpe =
        sxt_hf_is_type(model, "BPE") || (sxt_json_is_none(sxt_json_get(model, "type")) &&
                                         sxt_json_kind_of(sxt_json_get(model, "merges")) == SXT_JSON_ARRAY);
    if (!is_bpe)
        return sxt_fail(
            error, SXT_E_UNSUPPORTED,
            "tokenizer.json: model of type \"%.*s\" is not supported (BPE is; Unigram, WordPiece and "
            "WordLevel are not); choose a model with a BPE tokenizer",
            n < 40 ? (int)n : 40, type);
    for (size_t i = 0; i < sizeof unused / sizeof unused[0]; i++) {
        const sxt_json *node = sxt_json_get(model, unused[i]);
        bool empty = sxt_json_is_none(node) || (sxt_json_string(node, &text, &n_text) && n_text == 0);
        double number = 0;
        if (!empty && !(sxt_json_number(node, &number) && number == 0))
            return sxt_fail(error, SXT_E_UNSUPPORTED,
                            "tokenizer.json: model.%s is set, which is not supported; use a GGUF of this model",
                            unused[i]);
    }
    return SXT_OK;
}

/* A merge is "left right", or ["left", "right"]. */
static sxt_status read_merge(const sxt_json *node, sxt_vocabulary *v, sxt_error *error) {
    const char *left, *right;
    size_t n, n_right;
    if (sxt_json_string(node, &left, &n)) {
        const char *space = n > 2 ? memchr(left + 1, ' ', n - 2) : NULL;
        if (!space)
            return fail_damaged(error, "model.merges: a merge must be two tokens with a space between them");
        size_t n_left = (size_t)(space - left);
        return sxt_vocabulary_add_merge(v, left, n_left, space + 1, n - n_left - 1,
                                        "tokenizer.json: model.merges", error);
    }
    if (sxt_json_size(node) != 2 || !sxt_json_string(sxt_json_at(node, 0), &left, &n) ||
        !sxt_json_string(sxt_json_at(node, 1), &right, &n_right))
        return fail_damaged(error, "model.merges: a merge must be \"left right\" or [\"left\", \"right\"]");
    return sxt_vocabulary_add_merge(v, left, n, right, n_right, "tokenizer.json: model.merges", error);
}

static sxt_status read_merges(const sxt_json *model, sxt_vocabulary *v, sxt_error *error) {
    const sxt_json *merges = sxt_json_get(model, "merges");
    if (sxt_json_kind_of(merges) != SXT_JSON_ARRAY) return fail_damaged(error, "model.merges must be a list");
    size_t n = sxt_json_size(merges);
    if (n > (uint64_t)SXT_MAX_MERGES) return fail_damaged(error, "model.merges has more than 2^24 merges");
    v->merges = sxt_alloc(n, sizeof *v->merges);
    if (!v->merges) return sxt_fail_memory(error, "the merges", (uint64_t)n * sizeof *v->merges);
    for (size_t i = 0; i < n; i++) SXT_TRY(read_merge(sxt_json_at(merges, i), v, error));
    return SXT_OK;
}

/* Whether encoding puts a space in front of a text, so that decoding must take it away. */
static bool puts_space(const sxt_tokenizer *t) {
    for (size_t i = 0; i < t->normalizer.n; i++)
        if (t->normalizer.steps[i].kind == SXT_NORM_PREPEND) return true;
    for (size_t i = 0; i < t->pretokenizer.n; i++)
        if (t->pretokenizer.steps[i].kind == SXT_PRE_METASPACE)
            return t->pretokenizer.steps[i].prepend != SXT_PREPEND_NEVER;
    return false;
}

static sxt_status name_pre(sxt_tokenizer *t, sxt_error *error) {
    const char *name = NULL;
    if (t->vocab.byte_level) SXT_TRY(sxt_pre_find_name(&t->pretokenizer, t->vocab.ignore_merges, &name, error));
    t->pre = sxt_copy_text(name ? name : "", name ? strlen(name) : 0);
    return t->pre ? SXT_OK : sxt_fail_memory(error, "the tokenizer", 1);
}

sxt_status sxt_vocab_from_hf(const sxt_hf_vocab_files *files, sxt_tokenizer *t, sxt_error *error) {
    const sxt_json *root = files->tokenizer, *model = sxt_json_get(root, "model");
    const char *where = "tokenizer.json: model";
    sxt_vocabulary *v = &t->vocab;
    if (!root)
        return sxt_fail(
            error, SXT_E_FORMAT,
            "tokenizer.json is missing; put the model's tokenizer.json into the folder (tokenizer.model "
            "alone is not read)");
    SXT_TRY(check_model(model, error));
    SXT_TRY(sxt_hf_read_bool(model, where, "byte_fallback", &v->byte_fallback, error));
    SXT_TRY(sxt_hf_read_bool(model, where, "ignore_merges", &v->ignore_merges, error));
    SXT_TRY(sxt_hf_read_bool(model, where, "fuse_unk", &v->fuse_unknown, error));
    SXT_TRY(sxt_hf_read_normalizer(sxt_json_get(root, "normalizer"), &t->normalizer, error));
    SXT_TRY(sxt_hf_read_pretokenizer(sxt_json_get(root, "pre_tokenizer"), &t->pretokenizer, error));
    v->byte_level = t->pretokenizer.byte_level;
    SXT_TRY(read_tokens(root, files->config, t, error));
    SXT_TRY(read_merges(model, v, error));
    t->puts_space = puts_space(t);
    SXT_TRY(name_pre(t, error));
    return sxt_hf_read_special_ids(files, t, error);
}
