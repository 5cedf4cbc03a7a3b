/* A million equal letters, where recursive or quadratic tokenizers die, and back to the same bytes. No clock: a
 * recursion runs out of stack, and 2^40 steps for each of these runs outlast the time that any test is given.
 * What is asked of memory is counted, and must be in proportion to the text. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/memory.h"
#include "shared_path.h"
#include "text/json_tokenizer.h"

enum { N = 1 << 20, MOST_BYTES_PER_LETTER = 128 };

static bool count_bytes(void *user, size_t bytes) {
    *(uint64_t *)user += bytes;
    return true;
}

static void check_run(const sxt_tokenizer *t, const char *what, char letter) {
    char *text = malloc(N), *back = NULL;
    int32_t *ids = NULL;
    int64_t n_ids = 0;
    size_t n_back = 0;
    uint64_t asked = 0;
    assert_non_null(text);
    memset(text, letter, N);
    sxt_set_alloc_hook(count_bytes, &asked);
    assert_int_equal(sxt_tokenizer_encode(t, text, N, 0, &ids, &n_ids, NULL), SXT_OK);
    sxt_set_alloc_hook(NULL, NULL);
    assert_int_equal(sxt_tokenizer_decode(t, ids, n_ids, 0, &back, &n_back, NULL), SXT_OK);
    assert_int_equal(n_back, N);
    assert_memory_equal(back, text, N);
    if (asked > (uint64_t)MOST_BYTES_PER_LETTER * N)
        fail_msg("%s: a run of '%c' asked for %llu MiB", what, letter, (unsigned long long)asked >> 20);
    free(text);
    sxt_free(ids);
    sxt_free(back);
}

static void check_runs(const sxt_tokenizer *t, const char *what) {
    static const char letters[] = {'a', 'A', ' ', '\n', '<', '7', '\xE9'};
    for (size_t i = 0; i < sizeof letters; i++) check_run(t, what, letters[i]);
}

/* Merges that double: a, aa, aaaa, ... keep the heap busy. */
static char *doubling(bool alphabet, const char *root) {
    return json_tokenizer(alphabet,
                          alphabet ? "\"aa\":256,\"aaaa\":257,\"aaaaaaaa\":258,\"\u0120\u0120\":259"
                                   : "\"a\":260,\"\u2581\":261,\"aa\":256,\"aaaa\":257,\"aaaaaaaa\":258,"
                                     "\"\u2581\u2581\":259",
                          alphabet ? "\"a a\",\"aa aa\",\"aaaa aaaa\",\"\u0120 \u0120\""
                                   : "\"a a\",\"aa aa\",\"aaaa aaaa\",\"\u2581 \u2581\"",
                          alphabet ? "" : "\"byte_fallback\":true,", root);
}

static void check_json(bool alphabet, const char *what, const char *root) {
    sxt_tokenizer *t = NULL;
    sxt_error error;
    char *json = doubling(alphabet, root);
    if (tokenizer_from_json(json, strlen(json), NULL, &t, &error) != SXT_OK) fail_msg("%s", error.text);
    check_runs(t, what);
    sxt_tokenizer_free(t);
    free(json);
}

static void test_byte_level(void **state) {
    (void)state;
    check_json(true, "byte-level", "\"pre_tokenizer\":{\"type\":\"ByteLevel\",\"add_prefix_space\":false},");
}

static void test_sentencepiece(void **state) {
    (void)state;
    check_json(
        false, "sentencepiece",
        "\"normalizer\":{\"type\":\"Sequence\",\"normalizers\":[{\"type\":\"Prepend\",\"prepend\":\"\u2581\"},"
        "{\"type\":\"Replace\",\"pattern\":{\"String\":\" \"},\"content\":\"\u2581\"}]},");
}

static void test_published_vocabularies(void **state) {
    static const char *const names[] = {"gpt-2", "llama-bpe", "qwen2", "deepseek-llm", "llama-spm"};
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char relative[64], path[512];
        sxt_source source = {0};
        sxt_tokenizer *t = NULL;
        snprintf(relative, sizeof relative, "data/vocab/%s.gguf", names[i]);
        if (!shared_path(path, sizeof path, relative)) skip();
        assert_int_equal(sxt_source_open(path, true, &source, NULL), SXT_OK);
        assert_int_equal(sxt_tokenizer_new(&source, &t, NULL), SXT_OK);
        check_runs(t, names[i]);
        sxt_tokenizer_free(t);
        sxt_source_close(&source);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_byte_level),
        cmocka_unit_test(test_sentencepiece),
        cmocka_unit_test(test_published_vocabularies),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
