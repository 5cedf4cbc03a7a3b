#include "format/gguf_split.h"

#include "base/memory.h"

#include <stdio.h>
#include <string.h>

/* Five digits, as gguf-split writes them; -1 when they are not there. */
static int64_t five_digits(const char *text) {
    int64_t value = 0;
    for (int i = 0; i < 5; i++) {
        if (text[i] < '0' || text[i] > '9') return -1;
        value = value * 10 + (text[i] - '0');
    }
    return value;
}

bool sxt_split_name_parse(const char *path, sxt_split_name *name) {
    size_t n = strlen(path), n_end = strlen("-00001-of-00002.gguf");
    if (n < n_end) return false;
    const char *end = path + n - n_end;
    if (end[0] != '-' || strncmp(end + 6, "-of-", 4) != 0 || strcmp(end + 15, ".gguf") != 0) return false;
    int64_t no = five_digits(end + 1), count = five_digits(end + 10);
    if (no < 1 || count < 1 || no > count) return false;
    *name = (sxt_split_name){n - n_end, no, count};
    return true;
}

char *sxt_split_name_of(const char *path, const sxt_split_name *name, int64_t no) {
    size_t n = strlen(path) + 1;
    char *part = sxt_copy_text(path, n - 1);
    if (part)
        snprintf(part + name->n_prefix, n - name->n_prefix, "-%05d-of-%05d.gguf", (int)no, (int)name->count);
    return part;
}
