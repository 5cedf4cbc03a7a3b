#include "text/byte_alphabet.h"

#include "base/utf8.h"

/* Bytes that are printable in Latin-1 stand for themselves; the other 68 follow from U+0100 on, in order:
 * 0x00-0x20, 0x7F-0xA0, 0xAD. */
static bool is_printable(unsigned b) {
    return (b >= 0x21 && b <= 0x7E) || (b >= 0xA1 && b <= 0xFF && b != 0xAD);
}

uint32_t sxt_byte_to_character(unsigned char byte) {
    if (is_printable(byte)) return byte;
    if (byte <= 0x20) return 0x100u + byte;
    if (byte == 0xAD) return 0x143;
    return 0x121u + (byte - 0x7Fu);
}

int sxt_character_to_byte(uint32_t code) {
    if (code < 0x100) return is_printable(code) ? (int)code : -1;
    if (code <= 0x120) return (int)(code - 0x100);
    if (code <= 0x142) return (int)(code - 0x121 + 0x7F);
    return code == 0x143 ? 0xAD : -1;
}

void sxt_bytes_to_alphabet(const char *text, size_t n, sxt_buffer *out) {
    for (size_t i = 0; i < n; i++) {
        char bytes[4];
        sxt_buffer_append(out, bytes, sxt_utf8_encode(sxt_byte_to_character((unsigned char)text[i]), bytes));
    }
}

bool sxt_alphabet_to_bytes(const char *text, size_t n, sxt_buffer *out) {
    size_t before = out->size;
    for (size_t pos = 0; pos < n;) {
        size_t length = sxt_utf8_length(text + pos, n - pos);
        int byte = length ? sxt_character_to_byte(sxt_utf8_decode(text + pos, length)) : -1;
        if (byte < 0) {
            out->size = before;
            return false;
        }
        char value = (char)byte;
        sxt_buffer_append(out, &value, 1);
        pos += length;
    }
    return true;
}
