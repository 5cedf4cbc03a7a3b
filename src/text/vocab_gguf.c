#include "text/vocab_gguf.h"

#include "base/memory.h"
#include "text/pre_names.h"

#include <math.h>
#include <string.h>
#include <strings.h>

static sxt_status fail_missing(const char *key, sxt_error *error) {
    return sxt_fail(error, SXT_E_FORMAT, "%s is missing; the file has no usable tokenizer, convert it again",
                    key);
}

/* An array whose length must be the number of tokens; NULL when absent. */
static sxt_status per_token(const sxt_gguf *gguf, const char *key, sxt_gguf_type type, int32_t n_tokens,
                            const sxt_gguf_value **value, sxt_error *error) {
    SXT_TRY(sxt_gguf_get_array(gguf, key, type, value, error));
    if (*value && (*value)->n != (uint64_t)n_tokens)
        return sxt_fail_at(error, SXT_E_FORMAT, (*value)->offset,
                           "%s has %llu elements, tokenizer.ggml.tokens has %d; convert the file again", key,
                           (unsigned long long)(*value)->n, n_tokens);
    return SXT_OK;
}

static sxt_status read_types(const sxt_gguf *gguf, const sxt_gguf_value *tokens, sxt_vocabulary *v,
                             sxt_error *error) {
    const sxt_gguf_value *types;
    SXT_TRY(per_token(gguf, "tokenizer.ggml.token_type", SXT_GGUF_I32, v->n_tokens, &types, error));
    sxt_reader texts = sxt_gguf_strings(tokens);
    sxt_reader numbers = types ? sxt_reader_make(types->data, types->n_bytes) : sxt_reader_make("", 0);
    for (int32_t id = 0; id < v->n_tokens; id++) {
        size_t n;
        const char *text = sxt_gguf_next_string(&texts, &n);
        int32_t type = types ? (int32_t)sxt_read_u32(&numbers) : SXT_TOKEN_NORMAL;
        if (type < 0 || type > SXT_TOKEN_BYTE)
            return sxt_fail_at(
                error, SXT_E_FORMAT, types->offset,
                "tokenizer.ggml.token_type of token %d is %d (0 to 6 are known); convert the file "
                "again",
                id, type);
        if (type == SXT_TOKEN_BYTE && sxt_byte_token_value(text, n) < 0)
            return sxt_fail_at(error, SXT_E_FORMAT, tokens->offset,
                               "tokenizer.ggml.tokens: token %d is a byte token, but its text \"%.*s\" is not "
                               "<0x00> to <0xFF>; convert the file again",
                               id, n < 40 ? (int)n : 40, text);
        sxt_vocabulary_set(v, id, text, n, type == 0 ? SXT_TOKEN_NORMAL : type);
    }
    return SXT_OK;
}

static sxt_status read_tokens(const sxt_gguf *gguf, sxt_vocabulary *v, sxt_error *error) {
    const sxt_gguf_value *tokens;
    SXT_TRY(sxt_gguf_get_array(gguf, "tokenizer.ggml.tokens", SXT_GGUF_STRING, &tokens, error));
    if (!tokens || tokens->n == 0) return fail_missing("tokenizer.ggml.tokens", error);
    if (tokens->n > (uint64_t)SXT_MAX_VOCAB)
        return sxt_fail_at(error, SXT_E_UNSUPPORTED, tokens->offset,
                           "tokenizer.ggml.tokens has %llu tokens (at most %d); the file is damaged",
                           (unsigned long long)tokens->n, SXT_MAX_VOCAB);
    SXT_TRY(sxt_vocabulary_make(v, (int32_t)tokens->n, (size_t)tokens->n_bytes, error));
    SXT_TRY(read_types(gguf, tokens, v, error));
    return sxt_vocabulary_index(v, error);
}

static sxt_status read_scores(const sxt_gguf *gguf, sxt_vocabulary *v, sxt_error *error) {
    const sxt_gguf_value *scores;
    SXT_TRY(per_token(gguf, "tokenizer.ggml.scores", SXT_GGUF_F32, v->n_tokens, &scores, error));
    if (!scores) return fail_missing("tokenizer.ggml.scores", error);
    v->scores = sxt_alloc((size_t)v->n_tokens, sizeof *v->scores);
    if (!v->scores) return sxt_fail_memory(error, "the vocabulary", (uint64_t)v->n_tokens * 4);
    memcpy(v->scores, scores->data, (size_t)v->n_tokens * sizeof *v->scores);
    for (int32_t id = 0; id < v->n_tokens; id++)
        if (!isfinite(v->scores[id]))
            return sxt_fail_at(
                error, SXT_E_FORMAT, scores->offset,
                "tokenizer.ggml.scores of token %d is not a finite number; convert the file again", id);
    return SXT_OK;
}

static sxt_status read_merges(const sxt_gguf *gguf, sxt_vocabulary *v, sxt_error *error) {
    const sxt_gguf_value *merges;
    SXT_TRY(sxt_gguf_get_array(gguf, "tokenizer.ggml.merges", SXT_GGUF_STRING, &merges, error));
    if (!merges) return fail_missing("tokenizer.ggml.merges", error);
    if (merges->n > (uint64_t)SXT_MAX_MERGES)
        return sxt_fail_at(error, SXT_E_UNSUPPORTED, merges->offset,
                           "tokenizer.ggml.merges has %llu merges (at most %lld); the file is damaged",
                           (unsigned long long)merges->n, (long long)SXT_MAX_MERGES);
    v->merges = sxt_alloc((size_t)merges->n, sizeof *v->merges);
    if (!v->merges) return sxt_fail_memory(error, "the merges", merges->n * sizeof *v->merges);
    sxt_reader texts = sxt_gguf_strings(merges);
    for (uint64_t i = 0; i < merges->n; i++) {
        size_t n;
        const char *text = sxt_gguf_next_string(&texts, &n);
        const char *space = n > 2 ? memchr(text + 1, ' ', n - 2) : NULL;
        if (!space)
            return sxt_fail_at(error, SXT_E_FORMAT, merges->offset,
                               "tokenizer.ggml.merges: merge %llu is not two tokens with a space between them; "
                               "convert the file again",
                               (unsigned long long)i);
        size_t n_left = (size_t)(space - text);
        SXT_TRY(sxt_vocabulary_add_merge(v, text, n_left, space + 1, n - n_left - 1, "tokenizer.ggml.merges",
                                         error));
    }
    return SXT_OK;
}

/* An id of the vocabulary; what is absent, or written as -1 of any width, keeps the default. */
static sxt_status read_id(const sxt_gguf *gguf, const char *key, int32_t n_tokens, int32_t *id,
                          sxt_error *error) {
    int64_t value = *id;
    bool found = false;
    SXT_TRY(sxt_gguf_get_integer(gguf, key, &value, &found, error));
    if (!found) return SXT_OK;
    bool none = value == -1 || value == (int64_t)UINT32_MAX;
    if (!none && (value < 0 || value >= n_tokens))
        return sxt_fail(error, SXT_E_FORMAT, "%s is %lld, the vocabulary has %d tokens; convert the file again",
                        key, (long long)value, n_tokens);
    *id = none ? -1 : (int32_t)value;
    return SXT_OK;
}

static sxt_status mark_end(const sxt_gguf *gguf, const char *key, sxt_tokenizer *t, sxt_error *error) {
    int32_t id = -1;
    SXT_TRY(read_id(gguf, key, t->vocab.n_tokens, &id, error));
    if (id >= 0) t->flags[id] |= SXT_TOKEN_ENDS;
    return SXT_OK;
}

static sxt_status read_ids(const sxt_gguf *gguf, sxt_tokenizer *t, sxt_error *error) {
    int32_t n = t->vocab.n_tokens;
    SXT_TRY(read_id(gguf, "tokenizer.ggml.bos_token_id", n, &t->bos, error));
    SXT_TRY(read_id(gguf, "tokenizer.ggml.eos_token_id", n, &t->eos, error));
    SXT_TRY(read_id(gguf, "tokenizer.ggml.unknown_token_id", n, &t->vocab.unknown, error));
    SXT_TRY(read_id(gguf, "tokenizer.ggml.padding_token_id", n, &t->padding, error));
    SXT_TRY(mark_end(gguf, "tokenizer.ggml.eot_token_id", t, error));
    SXT_TRY(mark_end(gguf, "tokenizer.ggml.eom_token_id", t, error));
    SXT_TRY(sxt_gguf_get_bool(gguf, "tokenizer.ggml.add_bos_token", &t->add_bos, NULL, error));
    return sxt_gguf_get_bool(gguf, "tokenizer.ggml.add_eos_token", &t->add_eos, NULL, error);
}

/* GGUF does not carry Hugging Face's rstrip. Phi-3's special tokens have it, and llama.cpp, too, knows
 * that by the model's name. */
static sxt_status set_phi3_flags(const sxt_gguf *gguf, sxt_tokenizer *t, sxt_error *error) {
    static const char *const without[] = {"<unk>", "<s>", "<|endoftext|>"};
    const char *name = "";
    size_t n = 0;
    bool found, is_phi3 = false;
    SXT_TRY(sxt_gguf_get_string(gguf, "general.name", &name, &n, &found, error));
    for (size_t i = 0; found && i + 4 <= n && !is_phi3; i++)
        is_phi3 =
            strncasecmp(name + i, "phi3", 4) == 0 || (i + 5 <= n && strncasecmp(name + i, "phi-3", 5) == 0);
    if (!is_phi3) return SXT_OK;
    for (int32_t id = 0; id < t->vocab.n_tokens; id++)
        if (sxt_vocabulary_special(&t->vocab, id)) t->flags[id] |= SXT_SPECIAL_RSTRIP;
    for (size_t i = 0; i < sizeof without / sizeof without[0]; i++) {
        int32_t id = sxt_vocabulary_find(&t->vocab, without[i], strlen(without[i]));
        if (id >= 0) t->flags[id] &= (uint8_t)~SXT_SPECIAL_RSTRIP;
    }
    return SXT_OK;
}

static int32_t default_id(const sxt_vocabulary *v, int32_t id) { return id < v->n_tokens ? id : -1; }

static sxt_status read_sentencepiece(const sxt_gguf *gguf, sxt_tokenizer *t, sxt_error *error) {
    sxt_vocabulary *v = &t->vocab;
    SXT_TRY(read_scores(gguf, v, error));
    v->byte_fallback = true;
    v->fuse_unknown = true;
    t->bos = default_id(v, 1);
    t->eos = default_id(v, 2);
    v->unknown = default_id(v, 0);
    t->add_bos = true;
    t->puts_space = true;
    SXT_TRY(sxt_gguf_get_bool(gguf, "tokenizer.ggml.add_space_prefix", &t->puts_space, NULL, error));
    if (t->puts_space)
        SXT_TRY(sxt_norm_add_prepend(&t->normalizer, SXT_SPACE_MARK, SXT_SPACE_MARK_BYTES, error));
    SXT_TRY(sxt_norm_add_replace(&t->normalizer, false, " ", 1, SXT_SPACE_MARK, SXT_SPACE_MARK_BYTES, error));
    t->pre = sxt_copy_text("", 0);
    return t->pre ? SXT_OK : sxt_fail_memory(error, "the tokenizer", 1);
}

static sxt_status read_byte_level(const sxt_gguf *gguf, sxt_tokenizer *t, sxt_error *error) {
    const char *pre = "default";
    size_t n = strlen(pre);
    sxt_pre_traits traits;
    SXT_TRY(read_merges(gguf, &t->vocab, error));
    SXT_TRY(sxt_gguf_get_string(gguf, "tokenizer.ggml.pre", &pre, &n, NULL, error));
    SXT_TRY(sxt_pre_from_name(pre, n, &t->pretokenizer, &traits, error));
    t->vocab.ignore_merges = traits.ignore_merges;
    t->add_bos = traits.add_bos;
    t->pre = sxt_copy_text(pre, n);
    return t->pre ? SXT_OK : sxt_fail_memory(error, "the tokenizer", n);
}

static sxt_status read_template(const sxt_gguf *gguf, sxt_tokenizer *t, sxt_error *error) {
    const char *text;
    size_t n;
    bool found = false;
    SXT_TRY(sxt_gguf_get_string(gguf, "tokenizer.chat_template", &text, &n, &found, error));
    if (!found) return SXT_OK;
    t->chat_template = sxt_copy_text(text, n);
    return t->chat_template ? SXT_OK : sxt_fail_memory(error, "the chat template", n);
}

sxt_status sxt_vocab_from_gguf(const sxt_gguf *gguf, sxt_tokenizer *t, sxt_error *error) {
    const char *model = "";
    size_t n = 0;
    bool found = false;
    SXT_TRY(sxt_gguf_get_string(gguf, "tokenizer.ggml.model", &model, &n, &found, error));
    if (!found) return fail_missing("tokenizer.ggml.model", error);
    t->vocab.byte_level = n == 4 && memcmp(model, "gpt2", 4) == 0;
    if (!t->vocab.byte_level && !(n == 5 && memcmp(model, "llama", 5) == 0))
        return sxt_fail(
            error, SXT_E_UNSUPPORTED,
            "tokenizer.ggml.model is \"%.*s\"; this version reads \"llama\" (SentencePiece BPE) and "
            "\"gpt2\" (byte-level BPE), choose a model with one of them",
            n < 40 ? (int)n : 40, model);
    SXT_TRY(read_tokens(gguf, &t->vocab, error));
    SXT_TRY(sxt_tokenizer_make_flags(t, error));
    SXT_TRY(t->vocab.byte_level ? read_byte_level(gguf, t, error) : read_sentencepiece(gguf, t, error));
    SXT_TRY(read_ids(gguf, t, error));
    SXT_TRY(set_phi3_flags(gguf, t, error));
    return read_template(gguf, t, error);
}
