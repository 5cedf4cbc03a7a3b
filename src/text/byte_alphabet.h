/* The alphabet of byte-level BPE: each byte is written as one printable character (GPT-2's table). */
#ifndef SXT_TEXT_BYTE_ALPHABET_H
#define SXT_TEXT_BYTE_ALPHABET_H

#include "base/buffer.h"

/* The character that stands for a byte, and back; -1 when the character stands for none. */
uint32_t sxt_byte_to_character(unsigned char byte);
int sxt_character_to_byte(uint32_t code);

/* Appends text (n) written in the alphabet. */
void sxt_bytes_to_alphabet(const char *text, size_t n, sxt_buffer *out);

/* Appends the bytes that text (n) stands for; false, with nothing appended, when it holds a character
 * that is not of the alphabet. */
bool sxt_alphabet_to_bytes(const char *text, size_t n, sxt_buffer *out);

#endif
