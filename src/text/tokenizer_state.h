/* What a tokenizer is made of. Filled from a file, completed by sxt_tokenizer_finish(), then immutable. */
#ifndef SXT_TEXT_TOKENIZER_STATE_H
#define SXT_TEXT_TOKENIZER_STATE_H

#include "text/normalize.h"
#include "text/pretokenize.h"
#include "text/special_tokens.h"
#include "text/tokenizer.h"
#include "text/vocabulary.h"

/* Beside the SXT_SPECIAL_* flags of special_tokens.h. */
enum {
    SXT_SPECIAL_NORMALIZED = 16u, /* matched in the normalized text */
    SXT_TOKEN_ENDS = 32u          /* ends a generation */
};

struct sxt_tokenizer {
    sxt_vocabulary vocab;
    uint8_t *flags; /* (n_tokens) */
    sxt_normalizer normalizer;
    sxt_pretokenizer pretokenizer;
    sxt_special_set special;       /* found in the text as it is given */
    sxt_special_set special_after; /* found in the normalized text */
    int32_t bos, eos, padding;     /* -1: none */
    bool add_bos, add_eos;
    bool puts_space;     /* encoding puts a space in front, decoding takes it away */
    char *pre;           /* GGUF's name, "" where there is none */
    char *chat_template; /* NULL: none */
};

/* Zeroed, without special tokens; NULL when memory is out. */
sxt_tokenizer *sxt_tokenizer_make(void);
/* Room for the flags; call once the number of tokens is known. */
sxt_status sxt_tokenizer_make_flags(sxt_tokenizer *t, sxt_error *error);
/* Builds what follows from the vocabulary, the flags and the ids. */
sxt_status sxt_tokenizer_finish(sxt_tokenizer *t, sxt_error *error);

/* Encodes a text in which control tokens are found only inside `allowed`. */
sxt_status sxt_tokenizer_encode_allowed(const sxt_tokenizer *t, const char *text, size_t n, sxt_allowed allowed,
                                        bool add_special, int32_t **ids, int64_t *n_ids, sxt_error *error);

#endif
