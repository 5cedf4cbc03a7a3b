/* Text to token ids and back, exactly as the model's own tokenizer does it. */
#ifndef SXT_TEXT_TOKENIZER_H
#define SXT_TEXT_TOKENIZER_H

#include "format/source.h"

typedef struct sxt_tokenizer sxt_tokenizer;

/* Reads the vocabulary of either kind of source. Copies what it needs: the source may be closed. */
sxt_status sxt_tokenizer_new(const sxt_source *source, sxt_tokenizer **tokenizer, sxt_error *error);
void sxt_tokenizer_free(sxt_tokenizer *tokenizer);

/* As the public sxt_tokenize() and its siblings, which call these. */
sxt_status sxt_tokenizer_encode(const sxt_tokenizer *t, const char *text, size_t n_bytes, uint32_t flags,
                                int32_t **ids, int64_t *n_ids, sxt_error *error);
sxt_status sxt_tokenizer_decode(const sxt_tokenizer *t, const int32_t *ids, int64_t n_ids, uint32_t flags,
                                char **text, size_t *n_bytes, sxt_error *error);
sxt_status sxt_tokenizer_piece(const sxt_tokenizer *t, int32_t id, const char **bytes, size_t *n_bytes,
                               sxt_error *error);
bool sxt_tokenizer_ends(const sxt_tokenizer *t, int32_t id);

/* Facts. */
int32_t sxt_tokenizer_n_vocab(const sxt_tokenizer *t);
int32_t sxt_tokenizer_bos(const sxt_tokenizer *t); /* -1: none */
int32_t sxt_tokenizer_eos(const sxt_tokenizer *t);
bool sxt_tokenizer_add_bos(const sxt_tokenizer *t);
bool sxt_tokenizer_add_eos(const sxt_tokenizer *t);
const char *sxt_tokenizer_kind(const sxt_tokenizer *t); /* "sentencepiece-bpe", "byte-level-bpe" */
const char *sxt_tokenizer_pre(const sxt_tokenizer *t);  /* GGUF's name, "" where there is none */
/* Id of a special token by its text, -1 when there is none. */
int32_t sxt_tokenizer_special_id(const sxt_tokenizer *t, const char *text);
/* The model's chat template as written in the file, NULL when there is none. */
const char *sxt_tokenizer_template(const sxt_tokenizer *t);

/* What a GGUF file stores of a vocabulary, whichever file it came from; for the converter. Pointers live
 * as long as the tokenizer. SXT_E_UNSUPPORTED when GGUF has no name for this pre-tokenizer. */
typedef struct sxt_vocab {
    const char *model; /* tokenizer.ggml.model: "llama" or "gpt2" */
    const char *pre;   /* tokenizer.ggml.pre */
    int32_t n_tokens;
    const char *const *tokens; /* (n_tokens) as GGUF writes them, NUL-terminated */
    const size_t *token_sizes; /* (n_tokens) */
    const float *scores;       /* (n_tokens), NULL for byte-level BPE */
    const int32_t *types;      /* (n_tokens) 1 normal 2 unknown 3 control 4 user-defined 5 unused 6 byte */
    int64_t n_merges;
    const char *const *merges;          /* (n_merges) "left right" */
    int32_t bos, eos, unknown, padding; /* -1: none */
    bool add_bos, add_eos, add_space_prefix;
    const char *chat_template; /* NULL: none */
} sxt_vocab;
sxt_status sxt_tokenizer_vocab(const sxt_tokenizer *t, sxt_vocab *vocab, sxt_error *error);

#endif
