#include "text/unicode.h"

#include "base/memory.h"
#include "base/utf8.h"

#include <utf8proc.h>

/* A character decomposes canonically into at most four. */
#define MOST_PARTS 4

bool sxt_unicode_is_space(uint32_t code) {
    return (code >= 0x09 && code <= 0x0D) || code == 0x20 || code == 0x85 || code == 0xA0 || code == 0x1680 ||
           (code >= 0x2000 && code <= 0x200A) || code == 0x2028 || code == 0x2029 || code == 0x202F ||
           code == 0x205F || code == 0x3000;
}

bool sxt_unicode_is_word(uint32_t code) {
    switch (utf8proc_category((utf8proc_int32_t)code)) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_MC:
    case UTF8PROC_CATEGORY_ME:
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_NL:
    case UTF8PROC_CATEGORY_PC: return true;
    default: return false;
    }
}

static unsigned mark_class(int32_t code) { return (unsigned)utf8proc_get_property(code)->combining_class; }

/* Stable counting sort of a run of marks by combining class. utf8proc's own ordering is quadratic, and a
 * text may be a million marks long. spare: (n). */
static void order_marks(int32_t *codes, size_t n, int32_t *spare) {
    size_t first[257] = {0};
    for (size_t i = 0; i < n; i++) first[mark_class(codes[i]) + 1]++;
    for (size_t c = 1; c < 257; c++) first[c] += first[c - 1];
    for (size_t i = 0; i < n; i++) spare[first[mark_class(codes[i])]++] = codes[i];
    for (size_t i = 0; i < n; i++) codes[i] = spare[i];
}

static void order_all_marks(int32_t *codes, size_t n, int32_t *spare) {
    for (size_t i = 0; i < n;) {
        size_t first = i;
        while (i < n && mark_class(codes[i]) != 0) i++;
        if (i - first > 1) order_marks(codes + first, i - first, spare);
        if (i == first) i++;
    }
}

/* Decomposes valid UTF-8 (n) into codes (room for MOST_PARTS * n); gives how many. */
static size_t decompose(const char *text, size_t n, int32_t *codes) {
    size_t n_codes = 0;
    for (size_t pos = 0; pos < n;) {
        size_t length = sxt_utf8_length(text + pos, n - pos);
        int boundary = 0;
        utf8proc_ssize_t parts =
            utf8proc_decompose_char((utf8proc_int32_t)sxt_utf8_decode(text + pos, length), codes + n_codes,
                                    MOST_PARTS, UTF8PROC_STABLE | UTF8PROC_COMPOSE, &boundary);
        if (parts > 0) n_codes += (size_t)parts;
        pos += length;
    }
    return n_codes;
}

static sxt_status compose_run(const char *text, size_t n, sxt_buffer *out, sxt_error *error) {
    sxt_status status = SXT_OK;
    int32_t *codes = sxt_alloc(n, MOST_PARTS * sizeof *codes);
    int32_t *spare = sxt_alloc(n, MOST_PARTS * sizeof *spare);
    if (!codes || !spare) {
        status = sxt_fail_memory(error, "Unicode normalization", (uint64_t)n * 2 * MOST_PARTS * sizeof *codes);
        goto done;
    }
    size_t n_codes = decompose(text, n, codes);
    order_all_marks(codes, n_codes, spare);
    utf8proc_ssize_t left =
        utf8proc_normalize_utf32(codes, (utf8proc_ssize_t)n_codes, UTF8PROC_STABLE | UTF8PROC_COMPOSE);
    for (utf8proc_ssize_t i = 0; i < left; i++) {
        char bytes[4];
        sxt_buffer_append(out, bytes, sxt_utf8_encode((uint32_t)codes[i], bytes));
    }
done:
    sxt_free(codes);
    sxt_free(spare);
    return status;
}

/* Characters up to the last ASCII one before a change: they are in NFC whatever follows. */
static size_t ascii_run(const char *text, size_t n) {
    size_t pos = 0;
    while (pos < n && (unsigned char)text[pos] < 0x80) pos++;
    return pos == n || pos == 0 ? pos : pos - 1; /* the last may take a mark */
}

sxt_status sxt_unicode_nfc(const char *text, size_t n, sxt_buffer *out, sxt_error *error) {
    for (size_t pos = 0; pos < n;) {
        size_t plain = ascii_run(text + pos, n - pos);
        sxt_buffer_append(out, text + pos, plain);
        pos += plain;
        size_t run = sxt_utf8_valid_run(text + pos, n - pos);
        if (run) SXT_TRY(compose_run(text + pos, run, out, error));
        pos += run;
        size_t broken = sxt_utf8_invalid_run(text + pos, n - pos);
        sxt_buffer_append(out, text + pos, broken);
        pos += broken;
    }
    return out->failed ? sxt_fail_memory(error, "Unicode normalization", n) : SXT_OK;
}
