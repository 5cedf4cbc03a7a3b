/* GGUF files, and the hyper-parameters read from them. */
#include "one_line.h"

#include "model/hparams.h"

static void walk(const sxt_gguf *gguf) {
    for (uint64_t i = 0; i < sxt_gguf_n_values(gguf); i++) {
        const sxt_gguf_value *v = sxt_gguf_value_at(gguf, i);
        int64_t integer = 0;
        double number = 0;
        if (sxt_gguf_find(gguf, v->key) != v) abort();
        touch(v->data, v->n_bytes);
        sxt_error error = {0};
        one_line(sxt_gguf_get_integer(gguf, v->key, &integer, NULL, &error), &error);
        one_line(sxt_gguf_get_number(gguf, v->key, &number, NULL, &error), &error);
        sxt_reader r = sxt_gguf_strings(v);
        for (uint64_t k = 0; v->type == SXT_GGUF_STRING && k < v->n; k++) {
            size_t n;
            const char *text = sxt_gguf_next_string(&r, &n);
            touch(text, n);
        }
        if (r.failed) abort();
    }
    for (int64_t i = 0; i < sxt_gguf_n_tensors(gguf); i++) {
        const sxt_tensor *t = sxt_gguf_tensor_at(gguf, i);
        if (sxt_gguf_find_tensor(gguf, t->name) != t) abort();
        touch(t->data, t->n_bytes);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    for (int vocab_only = 0; vocab_only < 2; vocab_only++) {
        sxt_source source = {0};
        sxt_error error = {0};
        sxt_hparams hparams;
        sxt_status status = sxt_gguf_parse(data, size, vocab_only, &source.gguf, &error);
        one_line(status, &error);
        if (status != SXT_OK) continue;
        walk(source.gguf);
        one_line(sxt_hparams_read(&source, 512, &hparams, &error), &error);
        sxt_source_close(&source);
    }
    return 0;
}
