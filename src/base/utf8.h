/* UTF-8: the only place that knows its bit patterns. Text may hold any bytes. */
#ifndef SXT_BASE_UTF8_H
#define SXT_BASE_UTF8_H

#include <stddef.h>
#include <stdint.h>

/* Bytes of the well-formed character at s (n bytes left), 1 to 4; 0 when there is none. */
size_t sxt_utf8_length(const char *s, size_t n);

/* Code point of a well-formed character of `length` bytes. */
uint32_t sxt_utf8_decode(const char *s, size_t length);

/* Writes a code point (not a surrogate, at most 0x10FFFF); gives the bytes written. */
size_t sxt_utf8_encode(uint32_t code, char out[4]);

/* Bytes at the start of s that are well-formed, or that belong to no well-formed character. */
size_t sxt_utf8_valid_run(const char *s, size_t n);
size_t sxt_utf8_invalid_run(const char *s, size_t n);

#endif
