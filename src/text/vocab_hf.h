/* The tokenizer that the JSON files of a Hugging Face folder describe. */
#ifndef SXT_TEXT_VOCAB_HF_H
#define SXT_TEXT_VOCAB_HF_H

#include "text/tokenizer_state.h"

typedef struct sxt_hf_vocab_files {
    const sxt_json *tokenizer;         /* tokenizer.json; NULL: not there, as for the others */
    const sxt_json *tokenizer_config;  /* tokenizer_config.json */
    const sxt_json *config;            /* config.json */
    const sxt_json *generation_config; /* generation_config.json */
    const char *chat_template;         /* chat_template.jinja (n_chat_template) */
    size_t n_chat_template;
} sxt_hf_vocab_files;

/* Fills a tokenizer made by sxt_tokenizer_make(); the caller finishes it. */
sxt_status sxt_vocab_from_hf(const sxt_hf_vocab_files *files, sxt_tokenizer *t, sxt_error *error);

#endif
