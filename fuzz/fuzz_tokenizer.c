/* tokenizer.json, and behind its first NUL byte a text to encode with it. What encodes must
 * decode, and the GGUF fields must be there or be refused. */
#include "one_line.h"

#include "base/memory.h"
#include "text/vocab_hf.h"

static void use(const sxt_tokenizer *t, const char *text, size_t n) {
    int32_t *ids = NULL;
    int64_t n_ids = 0;
    char *back = NULL;
    size_t n_back = 0;
    sxt_vocab vocab;
    sxt_error error = {0};
    sxt_status status = sxt_tokenizer_encode(t, text, n, SXT_TOKENIZE_PARSE_SPECIAL, &ids, &n_ids, &error);
    one_line(status, &error);
    if (status == SXT_OK) {
        for (int64_t i = 0; i < n_ids; i++)
            if (ids[i] < 0 || ids[i] >= sxt_tokenizer_n_vocab(t)) abort();
        if (sxt_tokenizer_decode(t, ids, n_ids, SXT_DETOKENIZE_SPECIAL, &back, &n_back, &error) != SXT_OK)
            abort();
        touch(back, n_back);
    }
    sxt_free(ids);
    sxt_free(back);
    one_line(sxt_tokenizer_vocab(t, &vocab, &error), &error);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const uint8_t *end = size ? memchr(data, 0, size) : NULL;
    size_t n = end ? (size_t)(end - data) : size;
    sxt_json *root = NULL;
    sxt_error error = {0};
    sxt_status status = sxt_json_parse(data, n, &root, &error);
    one_line(status, &error);
    if (status != SXT_OK) return 0;
    sxt_tokenizer *t = sxt_tokenizer_make();
    sxt_hf_vocab_files files = {.tokenizer = root, .tokenizer_config = root};
    if (t) {
        status = sxt_vocab_from_hf(&files, t, &error);
        if (status == SXT_OK) status = sxt_tokenizer_finish(t, &error);
        one_line(status, &error);
        if (status == SXT_OK) use(t, end ? (const char *)end + 1 : "", end ? size - n - 1 : 0);
    }
    sxt_tokenizer_free(t);
    sxt_json_free(root);
    return 0;
}
