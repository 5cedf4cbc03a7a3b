/* BOS, EOS and the chat template, from the files around a tokenizer.json. */
#ifndef SXT_TEXT_HF_SPECIAL_IDS_H
#define SXT_TEXT_HF_SPECIAL_IDS_H

#include "text/vocab_hf.h"

/* The vocabulary must be indexed. */
sxt_status sxt_hf_read_special_ids(const sxt_hf_vocab_files *files, sxt_tokenizer *t, sxt_error *error);

#endif
