#include "text/tokenizer_state.h"

#include "base/memory.h"
#include "text/vocab_gguf.h"
#include "text/vocab_hf.h"

#include <string.h>

/* Texts by which well-known models end a turn, whether or not their files say so. */
static const char *const end_texts[] = {
    "</s>",
    "<|im_end|>",
    "<|eot_id|>",
    "<|eom_id|>",
    "<|end|>",
    "<end_of_turn>",
    "<|endoftext|>",
    "<EOT>",
    "<|eot|>",
    "<|end_of_text|>",
    "<|end_of_turn|>",
    "<|END_OF_TURN_TOKEN|>",
    "<\uFF5Cend\u2581of\u2581sentence\uFF5C>",
};

sxt_tokenizer *sxt_tokenizer_make(void) {
    sxt_tokenizer *t = sxt_alloc(1, sizeof *t);
    if (!t) return NULL;
    t->bos = t->eos = t->padding = t->vocab.unknown = -1;
    return t;
}

sxt_status sxt_tokenizer_make_flags(sxt_tokenizer *t, sxt_error *error) {
    t->flags = sxt_alloc((size_t)t->vocab.n_tokens, sizeof *t->flags);
    return t->flags ? SXT_OK : sxt_fail_memory(error, "the vocabulary", (uint64_t)t->vocab.n_tokens);
}

void sxt_tokenizer_free(sxt_tokenizer *t) {
    if (!t) return;
    sxt_vocabulary_free(&t->vocab);
    sxt_normalizer_free(&t->normalizer);
    sxt_pretokenizer_free(&t->pretokenizer);
    sxt_special_set_free(&t->special);
    sxt_special_set_free(&t->special_after);
    sxt_free(t->flags);
    sxt_free(t->pre);
    sxt_free(t->chat_template);
    sxt_free(t);
}

/* A token that is matched after normalization is normalized itself. */
static sxt_status add_normalized(sxt_tokenizer *t, int32_t id, uint8_t flags, sxt_error *error) {
    sxt_buffer text = {0}, spare = {0};
    sxt_matcher *matcher = NULL;
    sxt_status status;
    SXT_TRY_DONE(sxt_matcher_new(&matcher, error));
    sxt_buffer_append(&text, t->vocab.texts[id], t->vocab.sizes[id]);
    if (text.failed) {
        status = sxt_fail_memory(error, "the special tokens", t->vocab.sizes[id]);
        goto done;
    }
    SXT_TRY_DONE(sxt_normalize(&t->normalizer, matcher, &text, &spare, error));
    SXT_TRY_DONE(sxt_special_add(&t->special_after, text.data, text.size, id, flags, error));
done:
    sxt_buffer_free(&text);
    sxt_buffer_free(&spare);
    sxt_matcher_free(matcher);
    return status;
}

static sxt_status add_specials(sxt_tokenizer *t, sxt_error *error) {
    const uint8_t strips = SXT_SPECIAL_LSTRIP | SXT_SPECIAL_RSTRIP | SXT_SPECIAL_SINGLE_WORD;
    for (int32_t id = 0; id < t->vocab.n_tokens; id++) {
        if (!sxt_vocabulary_special(&t->vocab, id)) continue;
        bool user = t->vocab.types[id] == SXT_TOKEN_USER;
        uint8_t flags = (uint8_t)((t->flags[id] & strips) | (user ? 0 : SXT_SPECIAL_RESTRICTED));
        /* Control tokens are looked for in the text as it is, so that no rewriting can make one. */
        if (user && (t->flags[id] & SXT_SPECIAL_NORMALIZED) && t->normalizer.n > 0) {
            SXT_TRY(add_normalized(t, id, flags, error));
        } else {
            SXT_TRY(sxt_special_add(&t->special, t->vocab.texts[id], t->vocab.sizes[id], id, flags, error));
        }
    }
    return SXT_OK;
}

/* What ends a generation is a control token, even where a file calls it user-defined: a text must not
 * hold one by accident. */
static void mark_ends(sxt_tokenizer *t) {
    sxt_vocabulary *v = &t->vocab;
    if (t->eos >= 0) t->flags[t->eos] |= SXT_TOKEN_ENDS;
    for (size_t i = 0; i < sizeof end_texts / sizeof end_texts[0]; i++) {
        int32_t id = sxt_vocabulary_find(v, end_texts[i], strlen(end_texts[i]));
        if (id >= 0 && (v->types[id] == SXT_TOKEN_CONTROL || v->types[id] == SXT_TOKEN_USER))
            t->flags[id] |= SXT_TOKEN_ENDS;
    }
    for (int32_t id = 0; id < v->n_tokens; id++)
        if ((t->flags[id] & SXT_TOKEN_ENDS) && v->types[id] == SXT_TOKEN_USER) v->types[id] = SXT_TOKEN_CONTROL;
}

sxt_status sxt_tokenizer_finish(sxt_tokenizer *t, sxt_error *error) {
    mark_ends(t);
    SXT_TRY(sxt_vocabulary_finish(&t->vocab, error));
    return add_specials(t, error);
}

sxt_status sxt_tokenizer_new(const sxt_source *source, sxt_tokenizer **tokenizer, sxt_error *error) {
    sxt_status status;
    sxt_tokenizer *t = sxt_tokenizer_make();
    if (!t) return sxt_fail_memory(error, "the tokenizer", sizeof *t);
    if (source->gguf) {
        SXT_TRY_DONE(sxt_vocab_from_gguf(source->gguf, t, error));
    } else {
        const sxt_hf_folder *folder = source->folder;
        sxt_hf_vocab_files files = {.tokenizer = sxt_hf_tokenizer(folder),
                                    .tokenizer_config = sxt_hf_tokenizer_config(folder),
                                    .config = sxt_hf_config(folder),
                                    .generation_config = sxt_hf_generation_config(folder)};
        files.chat_template = sxt_hf_chat_template(folder, &files.n_chat_template);
        SXT_TRY_DONE(sxt_vocab_from_hf(&files, t, error));
    }
    SXT_TRY_DONE(sxt_tokenizer_finish(t, error));
    *tokenizer = t;
    t = NULL;
done:
    sxt_tokenizer_free(t);
    return status;
}

bool sxt_tokenizer_ends(const sxt_tokenizer *t, int32_t id) {
    return id >= 0 && id < t->vocab.n_tokens && (t->flags[id] & SXT_TOKEN_ENDS);
}

int32_t sxt_tokenizer_n_vocab(const sxt_tokenizer *t) { return t->vocab.n_tokens; }
int32_t sxt_tokenizer_bos(const sxt_tokenizer *t) { return t->bos; }
int32_t sxt_tokenizer_eos(const sxt_tokenizer *t) { return t->eos; }
bool sxt_tokenizer_add_bos(const sxt_tokenizer *t) { return t->add_bos; }
bool sxt_tokenizer_add_eos(const sxt_tokenizer *t) { return t->add_eos; }
const char *sxt_tokenizer_pre(const sxt_tokenizer *t) { return t->pre; }
const char *sxt_tokenizer_template(const sxt_tokenizer *t) { return t->chat_template; }

const char *sxt_tokenizer_kind(const sxt_tokenizer *t) {
    return t->vocab.byte_level ? "byte-level-bpe" : "sentencepiece-bpe";
}

int32_t sxt_tokenizer_special_id(const sxt_tokenizer *t, const char *text) {
    int32_t id = sxt_vocabulary_find(&t->vocab, text, strlen(text));
    return id >= 0 && sxt_vocabulary_special(&t->vocab, id) ? id : -1;
}
