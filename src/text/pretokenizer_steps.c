#include "text/pretokenize.h"

#include "base/memory.h"

#include <string.h>

/* No honest tokenizer has more. */
#define MOST_STEPS 64

const char sxt_gpt2_pattern[] =
    "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";

/* Punctuation as Hugging Face means it: ASCII's signs and Unicode's category P. */
static const char punctuation_pattern[] = "[\\p{P}$+<=>^`|~]";

static sxt_status add_step(sxt_pretokenizer *p, sxt_pre_kind kind, const char *pattern, size_t n,
                           sxt_pre_step **step, sxt_error *error) {
    if (p->n >= MOST_STEPS) {
        sxt_fail(error, SXT_E_UNSUPPORTED, "the pre-tokenizer has more than %d steps; use a simpler one",
                 MOST_STEPS);
        return SXT_E_UNSUPPORTED;
    }
    if (p->n == p->room) {
        size_t room = p->room ? 2 * p->room : 4;
        sxt_pre_step *steps = sxt_resize(p->steps, room, sizeof *steps);
        if (!steps) {
            sxt_fail_memory(error, "the pre-tokenizer", room * sizeof *steps);
            return SXT_E_MEMORY;
        }
        p->steps = steps;
        p->room = room;
    }
    sxt_pre_step made = {.kind = kind, .n_pattern = n};
    made.pattern = sxt_copy_text(pattern, n);
    if (!made.pattern) {
        sxt_fail_memory(error, "the pre-tokenizer", n);
        return SXT_E_MEMORY;
    }
    p->steps[p->n] = made;
    *step = &p->steps[p->n++];
    return SXT_OK;
}

sxt_status sxt_pre_add_split(sxt_pretokenizer *p, const char *pattern, size_t n, sxt_split_behavior behavior,
                             bool invert, sxt_error *error) {
    sxt_pre_step *step = NULL;
    SXT_TRY(add_step(p, SXT_PRE_SPLIT, pattern, n, &step, error));
    step->behavior = behavior;
    step->invert = invert;
    return sxt_regex_new(pattern, n, &step->regex, error);
}

sxt_status sxt_pre_add_split_literal(sxt_pretokenizer *p, const char *text, size_t n,
                                     sxt_split_behavior behavior, bool invert, sxt_error *error) {
    sxt_buffer pattern = {0};
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)text[i];
        bool plain = c >= 0x80 || (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
        if (!plain) sxt_buffer_text(&pattern, "\\");
        sxt_buffer_append(&pattern, text + i, 1);
    }
    sxt_status status = pattern.failed ? sxt_fail_memory(error, "the pre-tokenizer", n)
                                       : sxt_pre_add_split(p, pattern.data ? pattern.data : "", pattern.size,
                                                           behavior, invert, error);
    sxt_buffer_free(&pattern);
    return status;
}

sxt_status sxt_pre_add_byte_level(sxt_pretokenizer *p, bool add_prefix_space, bool use_regex,
                                  sxt_error *error) {
    sxt_pre_step *step = NULL;
    if (p->byte_level)
        return sxt_fail(error, SXT_E_UNSUPPORTED,
                        "tokenizer.json: pre_tokenizer has ByteLevel twice; keep the last one");
    if (add_prefix_space) SXT_TRY(add_step(p, SXT_PRE_SPACE, "", 0, &step, error));
    if (use_regex)
        SXT_TRY(
            sxt_pre_add_split(p, sxt_gpt2_pattern, strlen(sxt_gpt2_pattern), SXT_SPLIT_ISOLATED, false, error));
    SXT_TRY(add_step(p, SXT_PRE_ALPHABET, "", 0, &step, error));
    p->byte_level = true;
    return SXT_OK;
}

sxt_status sxt_pre_add_digits(sxt_pretokenizer *p, bool individual, sxt_error *error) {
    const char *pattern = individual ? "\\p{N}" : "\\p{N}+";
    return sxt_pre_add_split(p, pattern, strlen(pattern), SXT_SPLIT_ISOLATED, false, error);
}

sxt_status sxt_pre_add_punctuation(sxt_pretokenizer *p, sxt_split_behavior behavior, sxt_error *error) {
    return sxt_pre_add_split(p, punctuation_pattern, strlen(punctuation_pattern), behavior, false, error);
}

sxt_status sxt_pre_add_metaspace(sxt_pretokenizer *p, const char *replacement, size_t n, sxt_prepend prepend,
                                 bool split, sxt_error *error) {
    sxt_pre_step *step = NULL;
    SXT_TRY(add_step(p, SXT_PRE_METASPACE, replacement, n, &step, error));
    step->prepend = prepend;
    if (!split) return SXT_OK;
    return sxt_pre_add_split_literal(p, replacement, n, SXT_SPLIT_MERGED_WITH_NEXT, false, error);
}

/* Writing the alphabet as the last step would only be undone at once. */
void sxt_pre_finish(sxt_pretokenizer *p) {
    if (p->n > 0 && p->steps[p->n - 1].kind == SXT_PRE_ALPHABET) sxt_free(p->steps[--p->n].pattern);
}

void sxt_pretokenizer_free(sxt_pretokenizer *p) {
    for (size_t i = 0; i < p->n; i++) {
        sxt_free(p->steps[i].pattern);
        sxt_regex_free(p->steps[i].regex);
    }
    sxt_free(p->steps);
    memset(p, 0, sizeof *p);
}

static bool same_step(const sxt_pre_step *a, const sxt_pre_step *b) {
    return a->kind == b->kind && a->behavior == b->behavior && a->invert == b->invert &&
           a->prepend == b->prepend && a->n_pattern == b->n_pattern &&
           memcmp(a->pattern, b->pattern, a->n_pattern) == 0;
}

bool sxt_pretokenizer_equal(const sxt_pretokenizer *a, const sxt_pretokenizer *b) {
    if (a->n != b->n || a->byte_level != b->byte_level) return false;
    for (size_t i = 0; i < a->n; i++)
        if (!same_step(&a->steps[i], &b->steps[i])) return false;
    return true;
}
