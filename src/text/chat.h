/* Chat templates: fixed renderers, recognised by the model's template text. No template is ever run. */
#ifndef SXT_TEXT_CHAT_H
#define SXT_TEXT_CHAT_H

#include "text/tokenizer.h"

/* Name of the renderer for the model's own template: "" when the file has none, "unknown" when it has
 * one that is not recognised. */
const char *sxt_chat_template_name(const sxt_tokenizer *t);

/* As the public sxt_chat_tokens(). */
sxt_status sxt_chat_encode(const sxt_tokenizer *t, const char *template_name, const sxt_message *messages,
                           int64_t n_messages, bool add_assistant, int32_t **ids, int64_t *n_ids,
                           sxt_error *error);

#endif
