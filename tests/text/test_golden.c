/* The golden tokenisations of llama.cpp's test vocabularies, for which the original tokenizers were run. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/memory.h"
#include "shared_path.h"
#include "text/tokenizer.h"

#include <string.h>

static const char separator[] = "\n__ggml_vocab_test__\n";

static sxt_tokenizer *open_shared(const char *name) {
    char path[512];
    sxt_source source = {0};
    sxt_tokenizer *t = NULL;
    sxt_error error;
    if (!shared_path(path, sizeof path, name)) return NULL;
    if (sxt_source_open(path, true, &source, &error) != SXT_OK) fail_msg("%s", error.text);
    if (sxt_tokenizer_new(&source, &t, &error) != SXT_OK) fail_msg("%s", error.text);
    sxt_source_close(&source);
    return t;
}

static void read_shared(const char *folder, const char *name, const char *suffix, sxt_map *map) {
    char relative[128], path[512];
    snprintf(relative, sizeof relative, "%s/%s%s", folder, name, suffix);
    assert_true(shared_path(path, sizeof path, relative));
    assert_int_equal(sxt_map_open(path, map, NULL), SXT_OK);
}

static void check_text(const sxt_tokenizer *t, const char *text, size_t n, const char *line, size_t n_line) {
    int32_t *ids = NULL;
    int64_t n_ids = 0;
    char *back = NULL;
    size_t n_back = 0;
    const char *at = line;
    assert_int_equal(sxt_tokenizer_encode(t, text, n, 0, &ids, &n_ids, NULL), SXT_OK);
    for (int64_t i = 0; i < n_ids; i++) {
        char *end;
        while (at < line + n_line && *at == ' ') at++;
        assert_true(at < line + n_line);
        assert_int_equal(ids[i], strtol(at, &end, 10));
        at = end;
    }
    while (at < line + n_line && *at == ' ') at++;
    assert_ptr_equal(at, line + n_line);
    assert_int_equal(sxt_tokenizer_decode(t, ids, n_ids, 0, &back, &n_back, NULL), SXT_OK);
    assert_int_equal(n_back, n);
    if (n) assert_memory_equal(back, text, n);
    sxt_free(ids);
    sxt_free(back);
}

static void check_vocabulary(const char *name) {
    char relative[128];
    sxt_map inputs, outputs;
    int n_texts = 0;
    snprintf(relative, sizeof relative, "data/vocab/%s.gguf", name);
    sxt_tokenizer *t = open_shared(relative);
    if (!t) skip();
    read_shared("data/vocab", name, ".inp", &inputs);
    read_shared("data/vocab", name, ".out", &outputs);
    const char *text = (const char *)inputs.data, *text_end = text + inputs.size;
    const char *line = (const char *)outputs.data, *lines_end = line + outputs.size;
    for (bool more = true; more; n_texts++) {
        const char *next = memmem(text, (size_t)(text_end - text), separator, strlen(separator));
        const char *line_end = line < lines_end ? memchr(line, '\n', (size_t)(lines_end - line)) : NULL;
        if (!line_end) line_end = lines_end;
        check_text(t, text, (size_t)((next ? next : text_end) - text), line, (size_t)(line_end - line));
        more = next != NULL;
        if (more) text = next + strlen(separator);
        line = line_end < lines_end ? line_end + 1 : lines_end;
    }
    assert_int_equal(n_texts, 47);
    sxt_map_close(&inputs);
    sxt_map_close(&outputs);
    sxt_tokenizer_free(t);
}

static void test_llama_spm(void **state) { (void)state, check_vocabulary("llama-spm"); }
static void test_phi_3(void **state) { (void)state, check_vocabulary("phi-3"); }
static void test_gpt_2(void **state) { (void)state, check_vocabulary("gpt-2"); }
static void test_llama_bpe(void **state) { (void)state, check_vocabulary("llama-bpe"); }
static void test_qwen2(void **state) { (void)state, check_vocabulary("qwen2"); }
static void test_deepseek_llm(void **state) { (void)state, check_vocabulary("deepseek-llm"); }
static void test_deepseek_coder(void **state) { (void)state, check_vocabulary("deepseek-coder"); }

static void check_ids(const sxt_tokenizer *t, const char *text, uint32_t flags, const int32_t *want,
                      int64_t n_want) {
    int32_t *ids = NULL;
    int64_t n = 0;
    assert_int_equal(sxt_tokenizer_encode(t, text, strlen(text), flags, &ids, &n, NULL), SXT_OK);
    assert_int_equal(n, n_want);
    assert_memory_equal(ids, want, (size_t)n * sizeof *ids);
    sxt_free(ids);
}

/* gpt-neox names no pre-tokenizer: the default. The ids are llama-tokenize's. */
static void test_gpt_neox(void **state) {
    static const int32_t want[] = {1147, 8,  84, 209, 10683, 25133, 24,    209, 5,     89, 12,
                                   65,   90, 65, 209, 9,     536,   41605, 535, 50274, 423};
    (void)state;
    sxt_tokenizer *t = open_shared("data/vocab/gpt-neox.gguf");
    if (!t) skip();
    assert_string_equal(sxt_tokenizer_pre(t), "default");
    assert_false(sxt_tokenizer_add_bos(t));
    check_ids(t, "It's 1234567 $x+`y` (ok)...\n\n    end", 0, want, (int64_t)(sizeof want / sizeof want[0]));
    sxt_tokenizer_free(t);
}

/* Phi-3's special tokens take the white space behind them; the ids are llama-tokenize's. */
static void test_phi_3_chat(void **state) {
    static const int32_t want[] = {1, 32010, 6324, 727, 32007, 32001};
    (void)state;
    sxt_tokenizer *t = open_shared("data/vocab/phi-3.gguf");
    if (!t) skip();
    assert_true(sxt_tokenizer_add_bos(t) && sxt_tokenizer_ends(t, sxt_tokenizer_special_id(t, "<|end|>")));
    check_ids(t, "<|user|>\nHi there<|end|>\n<|assistant|>\n",
              SXT_TOKENIZE_ADD_SPECIAL | SXT_TOKENIZE_PARSE_SPECIAL, want,
              (int64_t)(sizeof want / sizeof want[0]));
    sxt_tokenizer_free(t);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_llama_spm),      cmocka_unit_test(test_phi_3),
        cmocka_unit_test(test_gpt_2),          cmocka_unit_test(test_llama_bpe),
        cmocka_unit_test(test_qwen2),          cmocka_unit_test(test_deepseek_llm),
        cmocka_unit_test(test_deepseek_coder), cmocka_unit_test(test_gpt_neox),
        cmocka_unit_test(test_phi_3_chat),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
