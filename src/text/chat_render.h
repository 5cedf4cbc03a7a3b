/* The fixed chat renderers: a conversation becomes text, with the stretches marked that are template. */
#ifndef SXT_TEXT_CHAT_RENDER_H
#define SXT_TEXT_CHAT_RENDER_H

#include "text/chat_style.h"
#include "text/pieces.h"

typedef struct sxt_chat_job {
    const sxt_chat_style *style;
    const sxt_message *messages; /* (n), roles checked */
    int64_t n;
    bool add_assistant;
    const char *bos, *eos; /* texts of the tokens; "" none */
} sxt_chat_job;

/* True when the message's role is `role`. */
bool sxt_message_is(const sxt_message *message, const char *role);

/* Writes out->text; out->spans are the stretches that come from the template. Check out's failed flags. */
void sxt_chat_render(const sxt_chat_job *job, sxt_pieces *out);

#endif
