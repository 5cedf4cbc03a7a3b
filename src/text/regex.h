/* Regular expressions as Hugging Face tokenizers write them (Oniguruma's syntax), through PCRE2. */
#ifndef SXT_TEXT_REGEX_H
#define SXT_TEXT_REGEX_H

#include "base/error.h"

/* A compiled pattern; immutable, may be shared by threads. */
typedef struct sxt_regex sxt_regex;

sxt_status sxt_regex_new(const char *pattern, size_t n, sxt_regex **regex, sxt_error *error);
void sxt_regex_free(sxt_regex *regex);

/* What one thread needs to run patterns. */
typedef struct sxt_matcher sxt_matcher;

sxt_status sxt_matcher_new(sxt_matcher **matcher, sxt_error *error);
void sxt_matcher_free(sxt_matcher *matcher);

/* First match at or after `from` in text (n), which must be valid UTF-8, `from` at a character. */
sxt_status sxt_regex_find(const sxt_regex *regex, sxt_matcher *matcher, const char *text, size_t n, size_t from,
                          bool *found, size_t *start, size_t *end, sxt_error *error);

#endif
