#include "base/utf8.h"

static size_t length_by_lead(unsigned char lead) {
    if (lead < 0x80) return 1;
    if (lead < 0xC2) return 0; /* a continuation, or an overlong form */
    if (lead < 0xE0) return 2;
    if (lead < 0xF0) return 3;
    return lead < 0xF5 ? 4 : 0;
}

size_t sxt_utf8_length(const char *s, size_t n) {
    const unsigned char *u = (const unsigned char *)s;
    if (n == 0) return 0;
    size_t length = length_by_lead(u[0]);
    if (length > n) return 0;
    for (size_t i = 1; i < length; i++)
        if ((u[i] & 0xC0) != 0x80) return 0;
    if (length == 3 && ((u[0] == 0xE0 && u[1] < 0xA0) || (u[0] == 0xED && u[1] > 0x9F))) return 0;
    if (length == 4 && ((u[0] == 0xF0 && u[1] < 0x90) || (u[0] == 0xF4 && u[1] > 0x8F))) return 0;
    return length;
}

uint32_t sxt_utf8_decode(const char *s, size_t length) {
    static const unsigned char lead_mask[] = {0, 0x7F, 0x1F, 0x0F, 0x07};
    uint32_t code = (unsigned char)s[0] & lead_mask[length];
    for (size_t i = 1; i < length; i++) code = code << 6 | ((unsigned char)s[i] & 0x3Fu);
    return code;
}

size_t sxt_utf8_encode(uint32_t code, char out[4]) {
    static const unsigned char lead[] = {0, 0x00, 0xC0, 0xE0, 0xF0};
    size_t length = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    for (size_t i = length - 1; i > 0; i--) {
        out[i] = (char)(0x80 | (code & 0x3F));
        code >>= 6;
    }
    out[0] = (char)(lead[length] | code);
    return length;
}

size_t sxt_utf8_valid_run(const char *s, size_t n) {
    size_t pos = 0, length;
    while (pos < n && (length = sxt_utf8_length(s + pos, n - pos)) > 0) pos += length;
    return pos;
}

size_t sxt_utf8_invalid_run(const char *s, size_t n) {
    size_t pos = 0;
    while (pos < n && sxt_utf8_length(s + pos, n - pos) == 0) pos++;
    return pos;
}
