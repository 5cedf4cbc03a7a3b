/* The tokenizer that a GGUF file describes. */
#ifndef SXT_TEXT_VOCAB_GGUF_H
#define SXT_TEXT_VOCAB_GGUF_H

#include "text/tokenizer_state.h"

/* Fills a tokenizer made by sxt_tokenizer_make(); the caller finishes it. */
sxt_status sxt_vocab_from_gguf(const sxt_gguf *gguf, sxt_tokenizer *t, sxt_error *error);

#endif
