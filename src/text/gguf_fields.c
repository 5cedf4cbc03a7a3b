#include "text/tokenizer_state.h"

#include <string.h>

static bool is_space_mark(const char *text, size_t n) {
    return n == SXT_SPACE_MARK_BYTES && memcmp(text, SXT_SPACE_MARK, n) == 0;
}

/* True for the steps that "llama" implies: visible spaces for spaces, perhaps one in front. */
static bool is_sentencepiece(const sxt_tokenizer *t) {
    bool writes_marks = false;
    for (size_t i = 0; i < t->normalizer.n; i++) {
        const sxt_norm_step *step = &t->normalizer.steps[i];
        bool mark = step->kind != SXT_NORM_NFC && is_space_mark(step->with.data, step->with.size);
        bool replaces =
            step->kind == SXT_NORM_REPLACE && !step->regex && step->what.size == 1 && step->what.data[0] == ' ';
        if (!mark || (step->kind == SXT_NORM_REPLACE && !replaces)) return false;
        writes_marks = writes_marks || replaces;
    }
    for (size_t i = 0; i < t->pretokenizer.n; i++) {
        const sxt_pre_step *step = &t->pretokenizer.steps[i];
        bool metaspace = step->kind == SXT_PRE_METASPACE;
        bool its_split = i > 0 && t->pretokenizer.steps[i - 1].kind == SXT_PRE_METASPACE &&
                         step->behavior == SXT_SPLIT_MERGED_WITH_NEXT;
        if (!metaspace && !its_split) return false;
        writes_marks = writes_marks || metaspace;
    }
    return writes_marks && t->vocab.byte_fallback && !t->vocab.ignore_merges;
}

static sxt_status check_nameable(const sxt_tokenizer *t, sxt_error *error) {
    if (t->vocab.byte_level ? t->pre[0] != 0 : is_sentencepiece(t)) return SXT_OK;
    return sxt_fail(
        error, SXT_E_UNSUPPORTED,
        "tokenizer.json: GGUF has no name for this %s; the model runs from its folder, but cannot be "
        "converted",
        t->vocab.byte_level ? "pre_tokenizer" : "normalizer and pre_tokenizer");
}

sxt_status sxt_tokenizer_vocab(const sxt_tokenizer *t, sxt_vocab *vocab, sxt_error *error) {
    const sxt_vocabulary *v = &t->vocab;
    SXT_TRY(check_nameable(t, error));
    *vocab = (sxt_vocab){
        .model = v->byte_level ? "gpt2" : "llama",
        .pre = v->byte_level ? t->pre : "default",
        .n_tokens = v->n_tokens,
        .tokens = (const char *const *)v->texts,
        .token_sizes = v->sizes,
        .scores = v->byte_level ? NULL
                  : v->scores   ? v->scores
                                : v->rank_scores,
        .types = v->types,
        .n_merges = v->byte_level ? v->n_merges : 0,
        .merges = v->byte_level ? (const char *const *)v->merge_text : NULL,
        .bos = t->bos,
        .eos = t->eos,
        .unknown = v->unknown,
        .padding = t->padding,
        .add_bos = t->add_bos,
        .add_eos = t->add_eos,
        .add_space_prefix = t->puts_space,
        .chat_template = t->chat_template,
    };
    return SXT_OK;
}
