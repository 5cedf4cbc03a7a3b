/* What Unicode's tables say (wraps utf8proc). */
#ifndef SXT_TEXT_UNICODE_H
#define SXT_TEXT_UNICODE_H

#include "base/buffer.h"

/* White space, and the characters a word is made of (letters, marks, decimal digits, connectors). */
bool sxt_unicode_is_space(uint32_t code);
bool sxt_unicode_is_word(uint32_t code);

/* Appends the NFC form of text (n); bytes that are not UTF-8 stay as they are. */
sxt_status sxt_unicode_nfc(const char *text, size_t n, sxt_buffer *out, sxt_error *error);

#endif
