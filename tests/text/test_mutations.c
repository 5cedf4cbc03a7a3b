/* Ten thousand repeatable mutants of tokenizer.json: each is loaded or refused with one line. What is loaded
 * encodes and decodes a text, and gives its GGUF fields. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/memory.h"
#include "mutate.h"
#include "text/json_tokenizer.h"

enum { N_MUTANTS = 5000 }; /* of each of two seeds */

/* Small, so that most changes hit something that matters. */
static const char *const seeds[] = {
    "{\"added_tokens\":[{\"id\":9,\"content\":\"<s>\",\"special\":true,\"normalized\":false,\"lstrip\":false,"
    "\"rstrip\":true,\"single_word\":false},{\"id\":10,\"content\":\"<t>\",\"special\":false,\"normalized\":"
    "true}],"
    "\"normalizer\":{\"type\":\"Sequence\",\"normalizers\":[{\"type\":\"Prepend\",\"prepend\":\"\u2581\"},"
    "{\"type\":\"Replace\",\"pattern\":{\"String\":\" \"},\"content\":\"\u2581\"},{\"type\":\"NFC\"}]},"
    "\"pre_tokenizer\":null,\"model\":{\"type\":\"BPE\",\"dropout\":null,\"unk_token\":\"<unk>\",\"fuse_unk\":"
    "true,"
    "\"byte_fallback\":true,\"ignore_merges\":false,\"vocab\":{\"<unk>\":0,\"<0x0A>\":1,\"\u2581\":2,\"a\":3,"
    "\"b\":4,"
    "\"ab\":5,\"\u2581ab\":6,\"<0xFF>\":7},\"merges\":[\"a b\",[\"\u2581\",\"ab\"]]}}",
    "{\"added_tokens\":[{\"id\":8,\"content\":\"<s>\",\"special\":true}],\"normalizer\":null,"
    "\"pre_tokenizer\":{\"type\":\"Sequence\",\"pretokenizers\":[{\"type\":\"Split\",\"pattern\":{\"Regex\":"
    "\"\\\\p{L}+|\\\\s+(?!\\\\S)\"},\"behavior\":\"Isolated\",\"invert\":false},{\"type\":\"Digits\","
    "\"individual_digits\":true},{\"type\":\"Metaspace\",\"replacement\":\"\u2581\",\"prepend_scheme\":"
    "\"first\"},"
    "{\"type\":\"ByteLevel\",\"add_prefix_space\":false,\"use_regex\":true},{\"type\":\"Punctuation\"}]},"
    "\"post_processor\":{\"type\":\"TemplateProcessing\",\"single\":[{\"SpecialToken\":{\"id\":\"<s>\"}},{"
    "\"Sequence\":"
    "{\"id\":\"A\"}}],\"special_tokens\":{\"<s>\":{\"id\":\"<s>\",\"ids\":[8],\"tokens\":[\"<s>\"]}}},"
    "\"model\":{\"type\":\"BPE\",\"unk_token\":\"!\",\"vocab\":{\"a\":0,\"b\":1,\"\u0120\":2,\"ab\":3,"
    "\"\u0120ab\":4,\"1\":5,"
    "\"!\":6,\"\u00E2\":7},\"merges\":[\"a b\",\"\u0120 ab\"]}}",
};

/* Allocations of one mutant together may not exceed this. */
static bool allow_some(void *user, size_t bytes) {
    size_t *left = user;
    if (bytes > *left) return false;
    *left -= bytes;
    return true;
}

static void use(const sxt_tokenizer *t) {
    static const char text[] = "ab  a1\n b!\xFF<s> <t>\u00E9\u2581 ab";
    int32_t *ids = NULL;
    int64_t n = 0;
    char *back = NULL;
    size_t n_back;
    sxt_vocab vocab;
    sxt_error error = {0};
    sxt_status status = sxt_tokenizer_encode(t, text, strlen(text), 3, &ids, &n, &error);
    if (status != SXT_OK) assert_true(mutate_error_is_one_line(error.text));
    if (status == SXT_OK) {
        assert_int_equal(sxt_tokenizer_decode(t, ids, n, SXT_DETOKENIZE_SPECIAL, &back, &n_back, &error),
                         SXT_OK);
        sxt_free(back);
    }
    sxt_free(ids);
    if (sxt_tokenizer_vocab(t, &vocab, &error) == SXT_OK)
        for (int32_t id = 0; id < vocab.n_tokens; id++)
            assert_int_equal(vocab.tokens[id][vocab.token_sizes[id]], 0);
}

static void run(const char *seed, int *n_loaded, int *n_refused) {
    sxt_rng rng = sxt_rng_make(7);
    for (int i = 0; i < N_MUTANTS; i++) {
        size_t n, left = (size_t)96 << 20;
        sxt_tokenizer *t = NULL;
        sxt_error error = {0};
        uint8_t *json = mutate_json(&rng, seed, strlen(seed), &n);
        sxt_set_alloc_hook(allow_some, &left);
        sxt_status status = tokenizer_from_json((const char *)json, n, NULL, &t, &error);
        sxt_set_alloc_hook(NULL, NULL);
        if (status == SXT_OK) {
            use(t);
            ++*n_loaded;
        } else if (status == SXT_E_MEMORY || !mutate_error_is_one_line(error.text)) {
            fail_msg("mutant %d: %s: %s", i, sxt_status_name(status), error.text);
        } else {
            ++*n_refused;
        }
        sxt_tokenizer_free(t);
        free(json);
    }
}

static void test_tokenizer_json(void **state) {
    int n_loaded = 0, n_refused = 0;
    (void)state;
    for (size_t i = 0; i < sizeof seeds / sizeof seeds[0]; i++) run(seeds[i], &n_loaded, &n_refused);
    print_message("tokenizer.json: %d loaded, %d refused\n", n_loaded, n_refused);
    assert_true(n_loaded > N_MUTANTS / 20 && n_refused > N_MUTANTS / 5);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_tokenizer_json)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
