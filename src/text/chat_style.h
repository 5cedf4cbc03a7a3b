/* Which fixed renderer a chat template calls for, and the details in which its versions differ. */
#ifndef SXT_TEXT_CHAT_STYLE_H
#define SXT_TEXT_CHAT_STYLE_H

#include "text/tokenizer.h"

typedef enum sxt_chat_kind {
    SXT_CHAT_CHATML,
    SXT_CHAT_LLAMA2,
    SXT_CHAT_LLAMA3,
    SXT_CHAT_MISTRAL,
    SXT_CHAT_PHI3,
    SXT_CHAT_GEMMA,
    SXT_CHAT_ZEPHYR,
    SXT_N_CHAT_KINDS
} sxt_chat_kind;

typedef struct sxt_chat_style {
    sxt_chat_kind kind;
    bool bos;                 /* BOS in front */
    char default_system[512]; /* ChatML: system text when the conversation has none; "" none */
    bool dated;               /* Llama 3.1: the system turn states dates, and is always there */
    const char *open, *close; /* Mistral: around a user's turn */
    bool answer_space;        /* Mistral: a space in front of an answer */
    bool answer_trim;         /* Mistral: answers are stripped of white space */
    bool end_space;           /* Mistral: a space behind EOS */
    bool system_last;         /* Mistral: system text goes into the last turn, not the first */
} sxt_chat_style;

/* "chatml", ... */
const char *sxt_chat_kind_name(sxt_chat_kind kind);

/* By marker strings in the model's template text; false when it is not recognised. */
bool sxt_chat_style_detect(const char *chat_template, sxt_chat_style *style);

/* The usual version of a kind for this tokenizer. */
void sxt_chat_style_default(sxt_chat_kind kind, const sxt_tokenizer *t, sxt_chat_style *style);

#endif
